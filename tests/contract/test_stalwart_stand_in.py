"""The stand-in for Stalwart: it responds like a real server, keeps its state, and fails on demand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from eventually import eventually
from mail_person import Person, message, person
from recorded_exchanges import Player, recorded
from stalwart_client import USING, StalwartClient, unique
from stalwart_stand_in import StalwartStandIn, stalwart_stand_in

# Members whose values each server chooses: times, states, secrets, and descriptions.
FREE = {"sessionState", "state", "queryState", "createdAt", "secret", "description", "detail", "title"}

pytestmark = pytest.mark.stand_in


@pytest_asyncio.fixture(loop_scope="session")
async def server(tmp_path: Path) -> AsyncIterator[StalwartStandIn]:
    async with stalwart_stand_in(tmp_path, domains=["example.org", "example.net"]) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def client(server: StalwartStandIn) -> AsyncIterator[StalwartClient]:
    """A client with the key that Postroom gets."""
    assert server.api_key
    client = StalwartClient(server.url, server.api_key)
    async with client.http:
        client.domain = await client.ensure_domain("example.org")
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def ann(server: StalwartStandIn) -> AsyncIterator[Person]:
    admin = StalwartClient(server.url, server.admin)
    async with admin.http:
        admin.domain = "b"
        async with person(admin) as ann:
            yield ann


# The recorded exchanges


async def test_stand_in_answers_recorded_management_requests_like_stalwart(tmp_path: Path) -> None:
    fresh = stalwart_stand_in(tmp_path, domains=["example.org", "example.net"], api_key=None)
    async with fresh as server, httpx2.AsyncClient(base_url=server.url, timeout=30) as http:
        player, unlike = Player(http, FREE), list[str]()
        for line in recorded("stalwart-0.16.19-management.jsonl"):
            unlike += await player.play(line) if line["replay"] != "rule" else []
    assert (player.played, unlike) == (118, [])


# The process


async def until(server: StalwartStandIn, condition: Callable[[dict[str, Any]], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition(await server.state()):  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.01)


async def test_acknowledged_writes_survive_sigkill(server: StalwartStandIn) -> None:
    async def create_until_cut(worker: int) -> list[tuple[str, str]]:
        client = StalwartClient(server.url, server.admin)
        client.domain = "b"
        made: list[tuple[str, str]] = []
        async with client.http:
            for n in range(10_000):
                try:
                    made.append((await client.create(f"w{worker}-{n}"), f"w{worker}-{n}@example.org"))
                except httpx2.TransportError:
                    return made
        raise AssertionError("the server was never cut off")

    workers = [asyncio.create_task(create_until_cut(worker)) for worker in range(3)]
    await until(server, lambda state: len(state["accounts"]) > 60)
    await server.set_fault(kind="throttle", word="nobody", retry_after=77)
    await server.kill()
    answered = [pair for made in await asyncio.gather(*workers) for pair in made]
    await server.start()
    kept = [(account["id"], account["addresses"][0]) for account in await server.accounts()]
    assert len(answered) >= 50
    assert set(answered) <= set(kept)
    assert len({number for number, _ in kept}) == len({name for _, name in kept}) == len(kept)
    assert [(fault["kind"], fault["retry_after"]) for fault in (await server.state())["faults"]] == [("throttle", 77)]


async def test_stalwart_stand_in_mail_and_states_survive_kill_9(server: StalwartStandIn, ann: Person) -> None:
    kept = await ann.add(message("kept"))
    before = await ann.call("Email/get", ids=[kept["id"]])
    await server.kill()
    await server.start()
    assert await ann.call("Email/get", ids=[kept["id"]]) == before


async def test_stalwart_stand_in_stops_at_the_end_of_its_standard_input(server: StalwartStandIn) -> None:
    await server.set_fault(kind="hang")
    async with httpx2.AsyncClient(base_url=server.url, timeout=30) as http:
        hanging = asyncio.create_task(http.get("/jmap/session"))
        await until(server, lambda state: "fault: hang" in state["requests"])
        assert await server.stop() == 0
        with pytest.raises(httpx2.TransportError):
            await hanging


async def test_trial_api_key_has_the_documented_permissions(client: StalwartClient) -> None:
    held = set((await client.http.get("/api/account")).json()["permissions"])
    seven = {"authenticate", "sysDomainGet", "sysDomainQuery"}
    seven |= {f"sysAccount{verb}" for verb in ("Get", "Query", "Create", "Update")}
    assert seven <= held
    assert not held & {"sysAccountDestroy", "impersonate", "unlimitedRequests", "sysDomainCreate"}
    assert await client.create("alice")
    assert (await client.call("x:Account/set", destroy=["b"]))["type"] == "forbidden"


async def test_a_new_key_replaces_the_former_one_at_the_next_start(server: StalwartStandIn) -> None:
    former, server.api_key = server.api_key, "API_another-key-of-the-tests"
    assert former
    await server.kill()
    await server.start()
    for key, status in ((former, 401), (server.api_key, 200)):
        async with StalwartClient(server.url, key).http as http:
            assert (await http.get("/jmap/session")).status_code == status


# Faults


async def status(client: StalwartClient, name: str, timeout: float = 30) -> int | None:  # noqa: ASYNC109 - handed to the HTTP client
    """The status of the response to a create; None without a response."""
    user = {"@type": "User", "name": name, "domainId": client.domain}
    calls = [["x:Account/set", {"create": {"c": user}}, "0"]]
    try:
        request = {"using": USING, "methodCalls": calls}
        # The server closes a connection after some refusals. On a separate connection, this request is not affected.
        single = {"Connection": "close"}
        return (await client.http.post("/jmap/", json=request, headers=single, timeout=timeout)).status_code
    except httpx2.TransportError:
        return None


@pytest.mark.parametrize(
    ("kind", "answer", "happened"),
    [
        ("refuse", None, False),
        ("reset-before", None, False),
        ("reset-after", None, True),
        ("unavailable", 503, False),
        ("limit", 400, False),
        ("throttle", 429, False),
    ],
)
async def test_fault_strikes_exactly_as_often_as_requested(
    server: StalwartStandIn, client: StalwartClient, kind: str, answer: int | None, happened: bool
) -> None:
    await server.set_fault(kind=kind, count=2)
    assert [await status(client, name) for name in ("one", "two", "three")] == [answer, answer, 200]
    made = [account["addresses"][0].partition("@")[0] for account in await server.accounts()]
    assert made == (["one", "two", "three"] if happened else ["three"])
    assert (await server.request_counts())[f"fault: {kind}"] == 2


async def test_fail_fault_answers_500_to_creates_whose_address_contains_the_word(
    server: StalwartStandIn, client: StalwartClient
) -> None:
    await server.set_fault(kind="fail")
    assert await status(client, "Should-Fail-1") == 500
    assert await status(client, "alice") == 200
    assert (await client.call("Core/echo", hello=1)) == {"hello": 1}
    await server.set_fault(kind="fail", word="ob@example.org")
    assert [await status(client, name) for name in ("bob", "should-fail-2")] == [500, 200]
    await server.clear_faults()
    assert await status(client, "bob") == 200


async def test_hang_fault_answers_when_lifted_but_not_for_a_client_that_left(
    server: StalwartStandIn, client: StalwartClient
) -> None:
    await server.set_fault(kind="hang")
    waiting = asyncio.create_task(status(client, "patient"))
    assert await status(client, "impatient", timeout=0.3) is None
    assert not waiting.done()
    await until(server, lambda state: "client gone" in state["requests"])
    await server.clear_faults()
    assert await waiting == 200
    assert [account["addresses"] for account in await server.accounts()] == [["patient@example.org"]]


async def test_full_stalwart_store_answers_and_reads_but_rejects_writes(
    server: StalwartStandIn, client: StalwartClient
) -> None:
    """As 0.16.19 does if its disk is full."""
    number = await client.create("alice")
    await server.set_fault(kind="full")
    assert (await client.http.get("/jmap/session")).status_code == 200
    update = {"update": {number: {"description": "new"}}}
    echo, found, refused, account = await client.calls(
        ("Core/echo", {"hello": 1}),
        ("x:Account/query", {"filter": {"name": "alice"}}),
        ("x:Account/set", update),
        ("x:Account/get", {"ids": [number]}),
    )
    assert (echo, found["ids"], refused["type"]) == ({"hello": 1}, [number], "serverUnavailable")
    assert account["list"][0]["description"] is None
    answer = await client.request(
        ("x:ApiKey/set", {"create": {"c": {"description": "one more"}}}),
        ("Mailbox/set", {"accountId": number, "create": {"c": {"name": "New"}}}),
        ("Blob/upload", {"accountId": number, "create": {"c": {"data": [{"data:asText": "Hi"}]}}}),
        using=[*USING, "urn:ietf:params:jmap:mail", "urn:ietf:params:jmap:blob"],
    )
    assert [error["type"] for _, error, _ in answer["methodResponses"]] == ["serverUnavailable"] * 3
    assert (await client.http.post(f"/jmap/upload/{number}/", content=b"Hi")).status_code == 500
    await server.clear_faults()
    assert await client.update(number, description="new") == {}


async def test_throttle_fault_sends_its_retry_after(server: StalwartStandIn, client: StalwartClient) -> None:
    await server.set_fault(kind="throttle", retry_after=17)
    answer = await client.http.get("/jmap/session")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "17")


async def test_fault_with_the_same_seed_hits_the_same_requests(server: StalwartStandIn, client: StalwartClient) -> None:
    runs: list[list[int | None]] = []
    for seed in (5, 5, 6):
        await server.set_fault(kind="unavailable", probability=0.5, seed=seed)
        runs.append([await status(client, unique()) for _ in range(20)])
    assert runs[0] == runs[1] != runs[2]
    assert {*runs[0]} == {200, 503}


# Faults on the way from a draft to the sent mail, for each moment at which a request can fail

SET = "EmailSubmission/set"


async def send(ann: Person, subject: str) -> tuple[str, dict[str, Any] | None]:
    """Send a mail to oneself. The id of the draft, and what the call returned, if it returned."""
    draft = await ann.draft(ann.address, subject=subject)
    identity = (await ann.call("Identity/get"))["list"][0]["id"]
    try:
        return draft, await ann.call(SET, create={"s": {"identityId": identity, "emailId": draft}})
    except httpx2.TransportError:
        return draft, None


@pytest.mark.parametrize(("kind", "sent"), [("reset-before", False), ("reset-after", True)])
async def test_response_to_a_submission_is_lost_before_or_after_it_was_carried_out(
    server: StalwartStandIn, ann: Person, kind: str, sent: bool
) -> None:
    await server.set_fault(kind=kind, method=SET, count=1)
    draft, answer = await send(ann, kind)
    assert answer is None
    assert bool(await ann.query("EmailSubmission", filter={"emailIds": [draft]})) is sent
    assert "created" in ((await send(ann, kind))[1] or {})  # the fault is off


async def test_submission_is_carried_out_after_its_client_has_given_up(server: StalwartStandIn, ann: Person) -> None:
    await server.set_fault(kind="late", method=SET, count=1, delay_ms=300)
    draft, answer = await send(ann, "late")
    assert answer is None
    assert await ann.query("EmailSubmission", filter={"emailIds": [draft]}) == []

    async def found() -> list[str]:
        return await ann.query("EmailSubmission", filter={"emailIds": [draft]})

    await eventually(found, "the submission was carried out")


async def test_submission_that_comes_late_finds_no_email_that_was_destroyed(
    server: StalwartStandIn, ann: Person
) -> None:
    await server.set_fault(kind="late", method=SET, count=1, delay_ms=200)
    draft, _ = await send(ann, "too late")
    await ann.call("Email/set", destroy=[draft])
    await server.set_fault(kind="slow", method="Core/echo", delay_ms=400)
    await ann.call("Core/echo")
    assert await ann.query("EmailSubmission") == []


async def test_submission_is_refused_and_nothing_else_is(server: StalwartStandIn, ann: Person) -> None:
    await server.set_fault(kind="reject", count=1)
    draft, answer = await send(ann, "refused")
    assert answer
    assert answer["notCreated"]["s"]["type"] == "forbiddenToSend"
    assert await ann.query("EmailSubmission", filter={"emailIds": [draft]}) == []
    assert "created" in ((await send(ann, "not refused"))[1] or {})


CREATE_FAULTS: dict[str, tuple[dict[str, str], str]] = {
    "refuse-creates": ({"error": "forbidden"}, "notCreated"),
    "break-creates": ({"error": "forbidden"}, "type"),
    "odd-creates": ({}, ""),
}


@pytest.mark.parametrize("kind", CREATE_FAULTS)
async def test_fault_of_creates_makes_no_account_and_strikes_nothing_else(
    server: StalwartStandIn, client: StalwartClient, kind: str
) -> None:
    more, answered_by = CREATE_FAULTS[kind]
    await server.set_fault(kind=kind, **more)
    account = {"@type": "User", "name": "nobody", "domainId": client.domain}
    found = await client.call("x:Account/set", create={"c": account})
    assert found.keys() - {"accountId", "description"} == {answered_by} - {""}
    assert "forbidden" in str(found) or not answered_by
    assert await server.accounts() == []
    assert "type" not in await client.call("x:Account/set", update={})


async def test_fault_of_a_method_strikes_no_other_requests(server: StalwartStandIn, ann: Person) -> None:
    await server.set_fault(kind="reset-after", method="Email/set")
    assert (await ann.call("Mailbox/get", ids=[]))["list"] == []
    with pytest.raises(httpx2.TransportError):
        await ann.draft(ann.address, subject="stored, but the response is lost")
    await server.clear_faults()
    assert len(await ann.query(filter={"subject": "stored"})) == 1


async def test_upload_is_cut_within_its_body(server: StalwartStandIn, ann: Person) -> None:
    await server.set_fault(kind="cut-upload", octets=200_000, count=1)
    with pytest.raises(httpx2.TransportError):
        await ann.upload(b"x" * 3_000_000, "application/octet-stream")
    assert (await ann.upload(b"x" * 3_000_000, "application/octet-stream"))["size"] == 3_000_000
