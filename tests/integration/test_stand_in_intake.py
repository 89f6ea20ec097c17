"""Mail to the stand-in for Stalwart: its faults, and the mail that each new mailbox gets."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from eventually import eventually
from incoming_mail import all_reported, hooked, listening, send
from mail_person import Person, person
from scripted_upstream import ScriptedUpstream, http_answer, scripted_upstream
from stalwart_client import StalwartClient
from stalwart_stand_in import StalwartStandIn, admin_of, stalwart_stand_in

pytestmark = pytest.mark.stand_in


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stand_in(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StalwartStandIn]:
    async with stalwart_stand_in(tmp_path_factory.mktemp("intake"), welcome=True) as server:
        yield server


@pytest.fixture
async def server(stand_in: StalwartStandIn) -> AsyncIterator[StalwartStandIn]:
    yield stand_in
    await stand_in.clear_faults()


@pytest.fixture
async def receiver() -> AsyncIterator[ScriptedUpstream]:
    async with scripted_upstream() as receiver:
        receiver.will(http_answer(200))
        yield receiver


async def reported(receiver: ScriptedUpstream, number: int) -> list[dict[str, Any]]:
    await eventually(lambda: len(list(all_reported(receiver))) >= number, f"{number} events")
    return list(all_reported(receiver))


# LMTP


async def session(address: tuple[str, int], *lines: str) -> list[str]:
    """The codes of all responses."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write("".join(f"{line}\r\n" for line in lines).encode())
    answers = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return [answer[:3] for answer in answers.decode().splitlines()]


async def test_lmtp_answers_each_recipient_separately(server: StalwartStandIn, admin: StalwartClient) -> None:
    await admin.create("good")
    await admin.create("bad")
    await server.set_fault(kind="fail", word="bad")
    addresses = [f"{name}@example.org" for name in ("good", "ghost", "bad", "GOOD+tag")] + ["good@elsewhere.org"]
    to = [f"RCPT TO:<{address}>" for address in addresses]
    codes = await session(server.lmtp, "LHLO x", "MAIL FROM:<>", *to, "DATA", "Subject: one", "", "Hi", ".", "QUIT")
    greeting, sender = ["220", *["250"] * 5], ["250"]
    assert codes == [*greeting, *sender, "250", "550", "250", "250", "550", "354", "250", "451", "250", "221"]


# Faults


async def test_hanging_mail_is_delivered_when_the_fault_is_lifted(server: StalwartStandIn, ann: Person) -> None:
    await server.set_fault(kind="hang", word=ann.address)
    sending = asyncio.create_task(send(server.lmtp, ann.address))

    async def struck() -> bool:
        return (await server.state())["faults"][0]["struck"] == 1

    await eventually(struck, "the fault strikes")
    assert not sending.done()
    assert await ann.query() == []
    await server.clear_faults()
    await asyncio.wait_for(sending, 10)
    assert len(await ann.query()) == 1


async def test_mail_is_delivered_although_the_session_is_reset_afterwards(server: StalwartStandIn, ann: Person) -> None:
    await server.set_fault(kind="reset-after", word=ann.address, count=1)
    with pytest.raises(OSError, match=r"(?i)connection"):
        await send(server.lmtp, ann.address)
    assert len(await ann.query()) == 1


async def test_lose_hooks_fault_drops_one_webhook_and_sends_the_next(
    server: StalwartStandIn, admin: StalwartClient, ann: Person, receiver: ScriptedUpstream
) -> None:
    await server.set_fault(kind="lose-hooks", count=1)
    async with hooked(admin, receiver):
        await send(server.lmtp, ann.address)

        async def struck() -> bool:
            return (await server.state())["faults"][0]["struck"] == 1

        await eventually(struck, "a webhook is lost")
        await send(server.lmtp, ann.address)
        (event,) = await reported(receiver, 1)
    assert event["data"]["documentId"] == 2


async def test_cut_event_stream_ends_without_the_event(server: StalwartStandIn, ann: Person) -> None:
    await server.set_fault(kind="cut-events", count=1)
    async with listening(ann.http) as stream:
        await send(server.lmtp, ann.address)
        assert await stream.next() is None
    async with listening(ann.http) as stream:
        await send(server.lmtp, ann.address)
        assert "EmailDelivery" in (await stream.state())[ann.account]


# The event source


async def test_open_streams_and_lmtp_sessions_do_not_delay_the_stop(tmp_path: Path) -> None:
    async with (
        stalwart_stand_in(tmp_path) as server,
        admin_of(server) as admin,
        person(admin) as ann,
        listening(ann.http) as stream,
    ):
        reader, writer = await asyncio.open_connection(*server.lmtp)
        assert await reader.readline()
        assert await server.stop() == 0
        assert await stream.next() is None
        writer.close()


# Welcome


async def test_only_accounts_made_by_postroom_get_a_welcome_message(
    server: StalwartStandIn, admin: StalwartClient, ann: Person
) -> None:
    mark = {"0": {"name": f"postroom-{ann.account}", "domainId": admin.domain, "enabled": False}}
    async with person(admin, aliases=mark, description="Bea <b> Müller") as bea:
        (email,) = await bea.query(filter={"inMailbox": "a"})
        found = await bea.get("Email", email, fetchAllBodyValues=True)
        assert found["from"] == [{"name": "Postroom", "email": "postmaster@example.org"}]
        assert found["to"][0]["email"] == bea.address
        text, shown = (found["bodyValues"][found[kind][0]["partId"]]["value"] for kind in ("textBody", "htmlBody"))
        assert "Welcome, Bea <b> Müller!" in text
        assert "Bea &lt;b&gt; Müller" in shown
        assert "stand-in" in text
    assert await ann.query() == []
