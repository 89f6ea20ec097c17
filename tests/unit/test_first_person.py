"""The person whose mailbox `up` fills: what stands in the way is told, and never stops the trial."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from postroom_sandbox import first_person
from postroom_sandbox.data_folder import DataFolder
from postroom_sandbox.first_person import NotFilled

ENVIRONMENT = {"POSTROOM_STALWART_URL": "http://stalwart", "POSTROOM_KRATOS_PUBLIC_URL": "http://kratos"}
NORA = {"name": "Nora Brandt", "addresses": ["nora@example.org"]}


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataFolder]:
    with DataFolder(tmp_path / "data") as data:
        yield data


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were filled."""
    addresses: list[str] = []
    monkeypatch.setattr(first_person, "_fill", lambda url, state, address: addresses.append(address))
    monkeypatch.setattr(first_person, "_MAILBOX_WITHIN", 0.05)
    return addresses


def servers(
    *,
    registers: bool = True,
    logs_in: bool = True,
    accounts: list[Any] | None = None,
    ended: list[str] | None = None,
) -> Callable[[httpx2.Request], httpx2.Response]:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "stalwart":
            return httpx2.Response(200, json={"accounts": [NORA] if accounts is None else accounts})
        kind = request.url.path.split("/")[2]
        if request.method == "DELETE":
            assert request.url.path == "/self-service/logout/api"
            if ended is not None:
                ended.append(json.loads(request.content)["session_token"])
            return httpx2.Response(204)
        if request.method == "GET":
            return httpx2.Response(200, json={"id": f"flow-of-{kind}"})
        assert request.url.params["flow"] == f"flow-of-{kind}"
        assert len(json.loads(request.content)["password"]) == 12
        return httpx2.Response(
            200 if {"registration": registers, "login": logs_in}[kind] else 400, json={"session_token": f"ory_{kind}"}
        )

    return answer


async def made(data: DataFolder, answer: Callable[[httpx2.Request], httpx2.Response]) -> first_person.FirstPerson:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
        return await first_person.make(data, ENVIRONMENT, "example.org", http)


async def test_the_person_is_known_after_the_mailbox_is_filled(data: DataFolder, filled: list[str]) -> None:
    assert first_person.known(data) is None
    person = await made(data, servers())
    assert filled == [person.address] == ["nora@example.org"]
    assert first_person.known(data) == person


@pytest.mark.parametrize(("registers", "session"), [(True, "ory_registration"), (False, "ory_login")])
async def test_no_session_of_the_trial_is_left_among_those_of_the_person(
    registers: bool, session: str, data: DataFolder, filled: list[str]
) -> None:
    ended: list[str] = []
    await made(data, servers(registers=registers, ended=ended))
    assert ended == [session]


async def test_a_person_registered_by_an_interrupted_start_is_filled_by_the_next(
    data: DataFolder, filled: list[str]
) -> None:
    assert (await made(data, servers(registers=False))).address in filled


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (servers(accounts=[]), "no mailbox within 0.05 s: is a fault on?"),
        (servers(registers=False, logs_in=False), "nora@example.org is registered with another password"),
        (lambda request: httpx2.Response(503), "503"),
    ],
)
async def test_a_mailbox_that_cannot_be_filled_is_tried_again_at_the_next_start(
    answer: Callable[[httpx2.Request], httpx2.Response], said: str, data: DataFolder, filled: list[str]
) -> None:
    with pytest.raises(NotFilled, match=said):
        await made(data, answer)
    assert filled == []
    assert first_person.known(data) is None
