"""The mail of the stand-in for Stalwart: it responds like a real server, quickly, and can be made to fail."""

import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_person import PASSWORD, Person, message
from postroom_sandbox.stalwart.app import create_app
from postroom_sandbox.stalwart.mail import Mail, email_document, header_forms
from postroom_sandbox.stalwart.mail.blobs import Blobs
from recorded_exchanges import Player, recorded
from stalwart_client import StalwartClient

# Members whose values each server chooses: times, secrets, and values that depend on how it writes a message.
FREE = {"sessionState", "createdAt", "sendAt", "receivedAt", "blobId", "size", "detail"}

pytestmark = pytest.mark.stand_in


class InProcess:
    """The stand-in within this process, so that a test can deliver mail without LMTP."""

    def __init__(self, folder: Path) -> None:
        domains = ["example.org", "example.net"]
        self.app = create_app(
            folder,
            domains=domains,
            admin_password="pw",
            public_url="http://127.0.0.1:18381",
            lmtp_listener=socket.create_server(("127.0.0.1", 0)),
        )
        self.mail: Mail = self.app.state.mail
        transport = httpx2.ASGITransport(app=self.app)
        self.http = httpx2.AsyncClient(transport=transport, base_url="http://stand-in")

    def deliver(self, address: str, content: bytes, **more: Any) -> Any:
        account = self.mail.store.account_of(address)
        assert account is not None
        return self.mail.store.deliver(account, content, recipient=address, **more)

    async def person(self, name: str, **account: Any) -> Person:
        admin = StalwartClient("http://stand-in", ("admin", "pw"))
        await admin.http.aclose()
        admin.http = httpx2.AsyncClient(transport=self.http._transport, base_url=admin.url, auth=("admin", "pw"))
        admin.domain = "b"
        credentials = {"0": {"@type": "Password", "secret": PASSWORD}}
        number = await admin.create(name, credentials=credentials, **account)
        address = f"{name}@example.org"
        auth = (address, PASSWORD)
        http = httpx2.AsyncClient(transport=self.http._transport, base_url=admin.url, auth=auth)
        return Person(http, number, address)


@pytest_asyncio.fixture(loop_scope="session")
async def inside(tmp_path: Path) -> AsyncIterator[InProcess]:
    inside = InProcess(tmp_path)
    async with inside.http, inside.app.router.lifespan_context(inside.app):
        yield inside


# The recorded exchanges


async def test_stand_in_answers_recorded_mail_requests_like_stalwart(inside: InProcess) -> None:
    """Including states and ids: each change gets the same number as in the recording."""
    player, unlike = Player(inside.http, FREE), list[str]()
    for line in recorded("stalwart-0.16.19-mail.jsonl"):
        if "deliver" in line and "ghost" not in line["deliver"]["to"]:
            to, subject = line["deliver"]["to"], line["deliver"]["subject"]
            for n in range(line["deliver"]["n"]):
                date, kind = "Date: Tue, 24 Nov 2026 22:00:00 +0000", "Content-Type: text/plain"
                own = f"Message-ID: <{subject}.{n}.{to}>"
                content = message(f"{subject} {n}", own, date, "MIME-Version: 1.0", kind, body=f"Hi {n}\r\n")
                inside.deliver(to, content.replace(b"To: ann@example.org", f"To: {to}".encode()))
        elif line["replay"] != "rule":
            unlike += await player.play(line)
    assert (player.played, unlike) == (47, [])


async def test_a_delivery_is_reported_with_the_values_of_the_recorded_webhook(inside: InProcess) -> None:
    ann = await inside.person("ann", description="Ann Example")
    await ann.call("Mailbox/get")
    await ann.call("Identity/get")
    fields = ["Message-ID: <Hello.0.ann@example.org>", "Date: Tue, 24 Nov 2026 22:00:00 +0000", "MIME-Version: 1.0"]
    content = message("Hello 0", *fields, "Content-Type: text/plain", body="Hi 0\r\n")
    reported: list[Any] = []
    inside.mail.store.delivered.append(reported.append)
    came = inside.deliver(ann.address, content)
    assert reported == [came]
    assert (came.account, came.document_id, came.mailbox_ids, came.change_id, came.size) == (1, 1, (0,), 3, 205)
    assert (came.message_id, came.via) == ("Hello.0.ann@example.org", "lmtp")
    assert (await ann.get("Email", came.email_id, properties=["size"]))["size"] == 236  # with Delivered-To


# Listeners


async def test_each_commit_sends_listeners_of_the_account_only_the_changed_states(inside: InProcess) -> None:
    ann, ben = await inside.person("ann"), await inside.person("ben")
    await ann.call("Identity/get")
    with inside.mail.state_changes.subscribe(1) as hers, inside.mail.state_changes.subscribe(2) as his:
        came = inside.deliver(ann.address, message())
        states = hers.get_nowait()
        assert states == dict.fromkeys(["Email", "EmailDelivery", "Mailbox", "Thread"], states["Email"])
        assert (await ann.get("Email", came.email_id)) is not None
        assert (await ann.call("Email/get", ids=[]))["state"] == states["Email"]
        await ann.update("Email", came.email_id, **{"keywords/$flagged": True})
        assert hers.get_nowait().keys() == {"Email"}  # no count changed
        await ann.update("Email", came.email_id, **{"keywords/$seen": True})
        assert hers.get_nowait().keys() == {"Email", "Mailbox"}
        await ann.update("Email", came.email_id, **{"keywords/$seen": True})
        await ann.update("Email", "zzz", **{"keywords/$seen": True})
        assert hers.empty()
        assert his.empty()
        inside.mail.submissions.queued.clear()
        await ann.calls(
            ("Email/set", {"create": {"c": {"mailboxIds": {"d": True}, "to": [{"email": ben.address}]}}}),
            ("EmailSubmission/set", {"create": {"s": {"identityId": "b", "emailId": "#c"}}}),
        )
        assert inside.mail.submissions.queued.is_set(), "it leaves though nobody asks for mail"
        assert "EmailDelivery" in his.get_nowait()
    inside.deliver(ann.address, message())
    assert not inside.mail.state_changes._queues


async def test_destroyed_account_loses_its_mail_at_once_and_its_blobs_at_the_next_upload(inside: InProcess) -> None:
    ann, ben = await inside.person("ann"), await inside.person("ben")
    came = inside.deliver(ann.address, message())
    admin = {"using": ["urn:stalwart:jmap"], "methodCalls": [["x:Account/set", {"destroy": ["b"]}, "0"]]}
    await inside.http.post("/jmap/", json=admin, auth=("admin", "pw"))
    await ben.upload(b"x")
    store = inside.mail.store._store
    tables = ("emails", "email_text", "email_references", "email_keywords", "mailboxes WHERE account_id = 1")
    counts = [store.rows(f"SELECT count(*) FROM {table}") for table in tables]  # noqa: S608 - the tables above
    assert counts == [[(0,)]] * 5
    assert store.rows("SELECT 1 FROM blobs WHERE digest = ?", came.blob_digest) == []


@pytest.mark.parametrize(
    "value",
    [
        {"header:X-A:asRaw": "a\r\nBcc: b@example.org"},
        {"to": [{"email": "a@b>\r\nX: y"}]},
        {"header:Content-Type": "text/html"},
    ],
)
async def test_header_value_that_would_add_another_header_is_rejected(inside: InProcess, value: dict[str, Any]) -> None:
    ann = await inside.person("ann")
    assert (await ann.create("Email", mailboxIds={"d": True}, **value))["properties"] == [*value]


FRAGMENTS = [
    *(b"From: ", b"To: ", b"Subject: ", b"Date: ", b"Message-ID: ", b"References: ", b"Content-Type: "),
    *(b"Content-Transfer-Encoding: ", b"Content-Disposition: attachment; "),
    *(b"filename*=utf-7''+2AA-", b" filename*0*=x''a;", b"base64", b"quoted-printable"),
    *(b"\r\n", b"\n", b"\r\n\r\n", b"\0", b"\xff", b"\xc3\xbc", b"+2AA-", b"\\ud800", b" "),
    *(b",", b";", b":", b"(c", b"<a@b>", b'"q', b"\r\n--b\r\n", b"--b--"),
    *(b"multipart/mixed; boundary=b", b"multipart/alternative", b"message/rfc822", b"text/html"),
    *(b"; charset=utf-7", b"; charset=idna", b"; charset=unicode_escape", b"; charset=none"),
    *(b"=?utf-7?q?+2AA-?=", b"=?idna?q?=ff?=", b"=?x?b?!!?=", b"Tue, 24 Nov 2026 22:00:00 +9999"),
]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40).map(b"".join))
@settings(max_examples=500, deadline=None)
def test_any_malformed_message_can_be_stored_and_shown(content: bytes) -> None:
    parsed = email_document.parsed(content)
    wanted = {"fetchAllBodyValues": True, "bodyProperties": ["headers", "blobId", "name"]}
    wanted["properties"] = ["bodyValues", "bodyStructure", "headers"]
    wanted["properties"] += [f"header:{name}:{form}" for name in ("From", "Subject") for form in header_forms.FORMS]
    shown = email_document.EmailDocument(parsed.document, "00" * 32, content, Blobs(None))  # type: ignore[arg-type]
    json.dumps(shown.shown(email_document.Wanted.of(wanted), {}), ensure_ascii=False).encode()
    email_document.kept(parsed.document).encode()
    "".join(parsed.text).encode()
