"""The faults of the stand-in on the way from a draft to the sent mail, for each moment at which a request can fail."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from eventually import eventually
from mail_person import Person, person
from stalwart_client import StalwartClient
from stalwart_stand_in import StalwartStandIn, stalwart_stand_in

SET = "EmailSubmission/set"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StalwartStandIn]:
    folder: Path = tmp_path_factory.mktemp("stand-in")
    async with stalwart_stand_in(folder) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def ann(server: StalwartStandIn) -> AsyncIterator[Person]:
    admin = StalwartClient(server.url, server.admin)
    async with admin.http:
        admin.domain = await admin.ensure_domain("example.org")
        async with person(admin) as ann:
            yield ann
    await server.clear_faults()


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
