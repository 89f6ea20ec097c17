"""Mail into the stand-in for Stalwart: its faults, its limits, its welcome, its queue, and the command that sends."""

import asyncio
import json
import smtplib
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from eventually import eventually
from incoming_mail import all_told, hook, hooked, letter, listening, refusal, reload, send, send_all
from mail_person import Person, person
from postroom.cli.app import app as command_line
from postroom.errors import Refused
from postroom.sandbox.data_folder import DataFolder
from scripted_upstream import ScriptedUpstream, http_answer, scripted_upstream
from stalwart_client import StalwartClient
from stalwart_stand_in import StalwartStandIn, stalwart_stand_in


@asynccontextmanager
async def admin_of(server: StalwartStandIn) -> AsyncIterator[StalwartClient]:
    admin = StalwartClient(server.url, server.admin)
    async with admin.http:
        admin.domain = await admin.ensure_domain("example.org")
        yield admin


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stand_in(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StalwartStandIn]:
    async with stalwart_stand_in(tmp_path_factory.mktemp("intake"), welcome=True) as server:
        yield server


@pytest.fixture
async def server(stand_in: StalwartStandIn) -> AsyncIterator[StalwartStandIn]:
    yield stand_in
    await stand_in.clear_faults()


@pytest.fixture
async def admin(server: StalwartStandIn) -> AsyncIterator[StalwartClient]:
    async with admin_of(server) as admin:
        yield admin


@pytest.fixture
async def ann(admin: StalwartClient) -> AsyncIterator[Person]:
    async with person(admin) as ann:
        yield ann


@pytest.fixture
async def receiver() -> AsyncIterator[ScriptedUpstream]:
    async with scripted_upstream() as receiver:
        receiver.will(http_answer(200))
        yield receiver


async def told(receiver: ScriptedUpstream, number: int) -> list[dict[str, Any]]:
    await eventually(lambda: len(list(all_told(receiver))) >= number, f"{number} events")
    return list(all_told(receiver))


# LMTP


class Dialogue:
    """A session line by line."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address

    async def __aenter__(self) -> "Dialogue":
        self._reader, self._writer = await asyncio.open_connection(*self._address)
        assert await self.answer() == "220"
        assert await self.says("LHLO tests", 5)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    async def answer(self) -> str:
        return (await asyncio.wait_for(self._reader.readline(), 10)).decode()[:3]

    async def says(self, line: str, answers: int = 1) -> list[str]:
        self._writer.write(f"{line}\r\n".encode())
        return [await self.answer() for _ in range(answers)]


async def test_each_recipient_has_an_answer_of_his_own(server: StalwartStandIn, admin: StalwartClient) -> None:
    await admin.create("good")
    await admin.create("bad")
    await server.set_fault(kind="fail", word="bad")
    async with Dialogue(server.lmtp) as session:
        assert await session.says("MAIL FROM:<>") == ["250"]
        for name, code in (("good", "250"), ("ghost", "550"), ("bad", "250"), ("GOOD+tag", "250")):
            assert await session.says(f"RCPT TO:<{name}@example.org>") == [code]
        assert await session.says("RCPT TO:<good@elsewhere.org>") == ["550"]
        assert await session.says("DATA") == ["354"]
        assert await session.says("Subject: one\r\n\r\nHi\r\n.", 3) == ["250", "451", "250"]


async def test_a_message_beyond_the_limit_is_refused_by_its_size(server: StalwartStandIn, ann: Person) -> None:
    async with Dialogue(server.lmtp) as session:
        assert await session.says(f"MAIL FROM:<a@example.com> SIZE={10**9}") == ["552"]
        assert await session.says("MAIL FROM:<a@example.com> SIZE=1000 BODY=8BITMIME SMTPUTF8") == ["250"]


async def test_an_address_with_an_umlaut_gets_mail_of_eight_bits(
    server: StalwartStandIn, admin: StalwartClient
) -> None:
    await admin.create("ünïcode")
    async with Dialogue(server.lmtp) as session:
        assert await session.says("MAIL FROM:<a@example.com> BODY=8BITMIME SMTPUTF8") == ["250"]
        assert await session.says("RCPT TO:<ünïcode@example.org>") == ["250"]
        assert await session.says("DATA") == ["354"]
        assert await session.says("Subject: Grüße\r\n\r\nÄ\r\n.") == ["250"]


async def test_a_full_mailbox_takes_no_more(server: StalwartStandIn, admin: StalwartClient) -> None:
    async with person(admin, quotas={"maxDiskQuota": 1000}) as full:
        await send(server.lmtp, full.address)
        assert await refusal(server.lmtp, full.address, content=letter() + b"x" * 900) == (452, "4.2.2 Mailbox full.")


async def test_spam_goes_into_the_junk_and_is_told_as_spam(
    server: StalwartStandIn, admin: StalwartClient, ann: Person, receiver: ScriptedUpstream
) -> None:
    async with hooked(admin, receiver, events={}, eventsPolicy="exclude"):
        await send(server.lmtp, ann.address, content=letter("X-Spam-Status: Yes, score=9"))
        (event,) = await told(receiver, 1)
    assert event["type"] == "message-ingest.spam"
    assert event["data"]["mailboxId"] == [2]
    assert not await ann.query(filter={"inMailbox": "a"})


# Faults


async def test_mail_that_hangs_is_served_when_the_fault_is_lifted(server: StalwartStandIn, ann: Person) -> None:
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


async def test_mail_of_a_cut_session_has_come_all_the_same(server: StalwartStandIn, ann: Person) -> None:
    await server.set_fault(kind="reset-after", word=ann.address, count=1)
    with pytest.raises(OSError, match=r"(?i)connection"):
        await send(server.lmtp, ann.address)
    assert len(await ann.query()) == 1


async def test_a_slow_address_is_slow_and_no_other(server: StalwartStandIn, admin: StalwartClient, ann: Person) -> None:
    await server.set_fault(kind="slow", word=ann.address, delay_ms=500)
    async with person(admin) as other:
        begun = time.monotonic()
        await send(server.lmtp, other.address)
        assert time.monotonic() - begun < 0.5
        await send(server.lmtp, ann.address)
        assert time.monotonic() - begun >= 0.5


async def test_a_fault_without_a_word_strikes_no_mail(server: StalwartStandIn, ann: Person) -> None:
    await server.set_fault(kind="unavailable")
    await send(server.lmtp, ann.address)
    await server.clear_faults()
    assert len(await ann.query()) == 1


async def test_a_full_store_puts_all_mail_off(server: StalwartStandIn, ann: Person) -> None:
    await server.set_fault(kind="full")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        await send(server.lmtp, ann.address)
    assert refused.value.smtp_code == 451
    await server.clear_faults()
    assert await ann.query() == []


async def test_a_lost_web_hook_never_comes_and_the_next_does(
    server: StalwartStandIn, admin: StalwartClient, ann: Person, receiver: ScriptedUpstream
) -> None:
    await server.set_fault(kind="lose-hooks", count=1)
    async with hooked(admin, receiver):
        await send(server.lmtp, ann.address)

        async def struck() -> bool:
            return (await server.state())["faults"][0]["struck"] == 1

        await eventually(struck, "a web hook is lost")
        await send(server.lmtp, ann.address)
        (event,) = await told(receiver, 1)
    assert event["data"]["documentId"] == 2


async def test_a_fault_of_notices_strikes_no_request(server: StalwartStandIn, ann: Person) -> None:
    await server.set_fault(kind="lose-hooks")
    await server.set_fault(kind="cut-events")
    assert await ann.query() == []
    assert [fault["seen"] for fault in (await server.state())["faults"]] == [0, 0]


async def test_a_stream_that_is_cut_ends_without_the_event(server: StalwartStandIn, ann: Person) -> None:
    await server.set_fault(kind="cut-events", count=1)
    async with listening(ann.http) as stream:
        await send(server.lmtp, ann.address)
        assert await stream.next() is None
    async with listening(ann.http) as stream:
        await send(server.lmtp, ann.address)
        assert "EmailDelivery" in (await stream.state())[ann.account]


# The event source


async def test_one_hears_of_ones_own_account_alone(server: StalwartStandIn, admin: StalwartClient, ann: Person) -> None:
    """Also who may impersonate, and so read everything (as the recovery administrator may)."""
    async with listening(admin.http) as over_all, listening(ann.http) as own:
        await send(server.lmtp, ann.address)
        assert (await own.state()).keys() == {ann.account}
        assert over_all.events.empty()


async def test_whoever_leaves_a_stream_is_forgotten(server: StalwartStandIn, ann: Person) -> None:
    async def none() -> bool:
        return (await server.state())["event streams"] == 0

    async with listening(ann.http), listening(ann.http):
        assert (await server.state())["event streams"] == 2
    await eventually(none, "no stream is open")


async def test_streams_and_sessions_do_not_hold_up_the_end(tmp_path: Path) -> None:
    async with (
        stalwart_stand_in(tmp_path) as server,
        admin_of(server) as admin,
        person(admin) as ann,
        listening(ann.http) as stream,
        Dialogue(server.lmtp),
    ):
        assert await server.stop() == 0
        assert await stream.next() is None


# Web hooks


async def test_the_first_event_is_told_at_once_and_the_rest_in_one_request_of_each_throttle(
    server: StalwartStandIn, admin: StalwartClient, ann: Person, receiver: ScriptedUpstream
) -> None:
    async with hooked(admin, receiver, throttle=1000):
        begun = time.monotonic()
        await send(server.lmtp, ann.address)
        await told(receiver, 1)
        assert time.monotonic() - begun < 0.9
        await send_all(server.lmtp, [letter() for _ in range(10)], ann.address)
        events = await told(receiver, 11)
        assert time.monotonic() - begun > 1
    assert len(receiver.asked) == 2
    assert [event["data"]["documentId"] for event in events] == list(range(1, 12))


async def test_what_a_person_puts_in_himself_is_told_as_appended(
    admin: StalwartClient, ann: Person, receiver: ScriptedUpstream
) -> None:
    async with hooked(admin, receiver, events={"message-ingest.jmap-append": True}):
        await ann.add(letter())
        (event,) = await told(receiver, 1)
    assert event["type"] == "message-ingest.jmap-append"
    assert "queueId" not in event["data"]


async def test_what_cannot_be_told_in_time_is_told_no_more(
    server: StalwartStandIn, admin: StalwartClient, ann: Person, receiver: ScriptedUpstream
) -> None:
    receiver.will(http_answer(500))
    async with hooked(admin, receiver, discardAfter=300):
        await send(server.lmtp, ann.address)
        taken = time.monotonic()
        await told(receiver, 2)
        await eventually(lambda: time.monotonic() > taken + 0.5, "it is older than it may grow")
        receiver.asked.clear()
        receiver.will(http_answer(200))
        await send(server.lmtp, ann.address)
        events = await told(receiver, 1)
    assert [event["data"]["documentId"] for event in events] == [2]


async def test_what_waited_is_lost_with_the_process(tmp_path: Path, receiver: ScriptedUpstream) -> None:
    receiver.will(http_answer(500))
    async with stalwart_stand_in(tmp_path) as server, admin_of(server) as admin, person(admin) as ann:
        await admin.try_create("WebHook", **hook(receiver))
        await reload(admin)
        await send(server.lmtp, ann.address)
        await told(receiver, 1)
        await server.kill()
        receiver.asked.clear()
        receiver.will(http_answer(200))
        await server.start()
        await send(server.lmtp, ann.address)
        events = await told(receiver, 1)
        assert [event["data"]["documentId"] for event in events] == [2]
        assert len(await ann.query()) == 2


async def test_a_hook_that_is_gone_tells_nothing_after_the_reload(
    server: StalwartStandIn, admin: StalwartClient, ann: Person, receiver: ScriptedUpstream
) -> None:
    async with scripted_upstream() as other:
        other.will(http_answer(200))
        async with hooked(admin, other):
            async with hooked(admin, receiver):
                pass
            await send(server.lmtp, ann.address)
            await told(other, 1)
    assert not receiver.asked


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"url": "http://192.0.2.1/hook"}, "forbidden"),
        ({"url": "http://stalwart.example.org/hook"}, "forbidden"),
        ({"url": "ftp://127.0.0.1/hook"}, "invalidPatch"),
        ({"url": "http:///hook"}, "invalidPatch"),
        ({"url": "http://127.0.0.1:port/hook"}, "invalidPatch"),
        ({"url": 7}, "invalidPatch"),
        ({"events": {"message-ingest.*": True}}, "invalidPatch"),
        ({"events": ["message-ingest.ham"]}, "invalidPatch"),
        ({"throttle": 0}, "invalidPatch"),
        ({"timeout": "30s"}, "invalidPatch"),
        ({"signatureKey": {}}, "invalidPatch"),
        ({"signatureKey": {"@type": "File", "filePath": "/etc/passwd"}}, "forbidden"),
        ({"httpAuth": {"@type": "Bearer"}}, "forbidden"),
        ({"secret": "k"}, "invalidPatch"),
    ],
)
async def test_a_hook_that_cannot_be_is_refused(
    admin: StalwartClient, receiver: ScriptedUpstream, change: dict[str, Any], kind: str
) -> None:
    answer = await admin.try_create("WebHook", **hook(receiver, **change))
    assert answer["notCreated"]["type"] == kind, answer


async def test_a_hook_is_changed_and_keeps_the_key_that_is_not_named(
    server: StalwartStandIn, admin: StalwartClient, ann: Person, receiver: ScriptedUpstream
) -> None:
    number = (await admin.try_create("WebHook", **hook(receiver)))["created"]["id"]
    answer = await admin.call("x:WebHook/set", update={number: {"throttle": 200, "events/message-ingest.spam": True}})
    assert answer["updated"] == {number: None}
    await reload(admin)
    await send(server.lmtp, ann.address)
    await told(receiver, 1)  # the signature is looked at there
    shown = await admin.get(number, "WebHook")
    assert (shown["throttle"], len(shown["events"])) == (200, 2)
    await admin.call("x:WebHook/set", destroy=[number])
    await reload(admin)


async def test_an_action_that_is_not_there_is_refused(admin: StalwartClient) -> None:
    assert (await admin.try_create("Action", **{"@type": "PauseMtaQueue"}))["notCreated"]["type"] == "forbidden"
    assert (await admin.call("x:Action/query"))["ids"] == []
    assert (await admin.call("x:Action/get", ids=["b"]))["notFound"] == ["b"]


# Welcome, and the queue


async def test_a_person_of_postroom_is_welcomed_and_nobody_else(
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


async def test_what_is_to_be_sent_later_leaves_without_another_request(admin: StalwartClient, ann: Person) -> None:
    async with person(admin) as bob, listening(bob.http, "types=EmailDelivery") as stream:
        email = await ann.draft(bob.address)
        identity = (await ann.call("Identity/get"))["list"][0]["id"]
        sender = {"email": ann.address, "parameters": {"HOLDFOR": "1"}}
        envelope = {"mailFrom": sender, "rcptTo": [{"email": bob.address}]}
        made = await ann.create("EmailSubmission", identityId=identity, emailId=email, envelope=envelope)
        assert made["undoStatus"] == "pending"
        assert (await stream.state()).keys() == {bob.account}


# The command


def run(server: StalwartStandIn, folder: Path, *arguments: str) -> Any:
    with DataFolder(folder) as data:
        data.write_trial({"environment": {"POSTROOM_STALWART_URL": server.url}})
        result = CliRunner().invoke(command_line, ["sandbox", "deliver", *arguments, "--data", str(folder)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


async def test_the_command_sends_many_and_says_so(server: StalwartStandIn, ann: Person, tmp_path: Path) -> None:
    options = ("--count", "23", "--subject", "Grüße", "--from", "Bob@example.com", "--json")
    output = await asyncio.to_thread(run, server, tmp_path, ann.address, *options)
    assert json.loads(output)["delivered"] == 23
    emails = await ann.get("Email", *await ann.query(), properties=["subject", "from"])
    assert {email["subject"] for email in emails} == {f"Grüße {n}" for n in range(1, 24)}
    assert emails[0]["from"][0]["email"] == "Bob@example.com"


async def test_the_command_sends_a_file_as_it_is(server: StalwartStandIn, ann: Person, tmp_path: Path) -> None:
    file = tmp_path / "message.eml"
    file.write_bytes(b"Subject: from a file\n\n.a line with a dot\n")
    output = await asyncio.to_thread(run, server, tmp_path / "data", ann.address, "--file", str(file))
    assert output.startswith(f"delivered to {ann.address}: 1 message in ")
    (email,) = await ann.query()
    blob = (await ann.get("Email", email))["blobId"]
    content = (await ann.http.get(f"/jmap/download/{ann.account}/{blob}/m.eml")).content
    assert (
        content == f"Delivered-To: {ann.address}\r\n".encode() + b"Subject: from a file\r\n\r\n.a line with a dot\r\n"
    )


async def test_the_command_says_who_has_no_mailbox(server: StalwartStandIn, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"refused ghost@example.org: 550 5.1.2 Mailbox does not exist"):
        await asyncio.to_thread(run, server, tmp_path, "ghost@example.org")


async def test_a_port_that_is_taken_is_named_with_its_option(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "postroom.sandbox.stalwart", "--state", str(tmp_path), "--domain", "x.test"),
            *("--lmtp-port", str(taken.getsockname()[1])),
            stderr=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )
        _, said = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert b"--lmtp-port" in said


async def test_the_state_tells_where_mail_comes_in(server: StalwartStandIn) -> None:
    async with httpx2.AsyncClient(base_url=server.url) as http:
        host, port = server.lmtp
        assert (await server.state())["lmtp"] == f"{host}:{port}"
        assert f"{host}:{port}" in (await http.get("/_sandbox/")).text
