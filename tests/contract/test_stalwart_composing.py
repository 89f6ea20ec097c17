"""The rules of Stalwart's mail: the message that an Email/set makes of a draft, and its files. On the stand-in, or on a
real server (conftest.py)."""

import email
import os
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

import pytest

from eventually import eventually
from mail_person import Person, message, person
from stalwart_client import StalwartClient
from stalwart_settings import UPLOADS, changed

LONGEST_LINE = 998  # RFC 5322 §2.1.1
LIMIT = 50_000_000
TEXT: dict[str, Any] = {"bodyValues": {"t": {"value": "Hello"}}, "textBody": [{"partId": "t", "type": "text/plain"}]}

pytestmark = pytest.mark.stand_in


@pytest.fixture
def ann(straight: Person) -> Person:
    return straight


async def raw(ann: Person, email_id: str) -> bytes:
    blob = (await ann.get("Email", email_id, properties=["blobId"]))["blobId"]
    return (await ann.http.get(f"/jmap/download/{ann.account}/{blob}/a")).content


async def made(ann: Person, **value: Any) -> EmailMessage:
    """The message of a draft, as Python reads it. All of its lines are short, and it is ASCII."""
    head = {"mailboxIds": {"d": True}, "from": [{"email": ann.address}], "subject": "A word"}
    draft = await ann.create("Email", **(head | TEXT | value))
    content = await raw(ann, draft["id"])
    assert max(map(len, content.split(b"\r\n"))) <= LONGEST_LINE
    assert content.isascii()
    return cast(EmailMessage, email.message_from_bytes(content, policy=default))


def text_of(found: EmailMessage, kind: str) -> str:
    body = found.get_body((kind,))
    assert body
    return body.get_content().replace("\r\n", "\n").rstrip("\n")


@pytest.mark.parametrize(
    "text",
    [
        "x" * 5000,
        "ü" * 3000,
        "From me\n.\n..\n--\n-- \nHello \t\n",
        "€😀\u2028 ﷽ \u202e",
        "\n".join(["a " * 600] * 3),
    ],
    ids=["long", "long umlauts", "lines that look like others", "beyond ASCII", "many words"],
)
async def test_text_of_any_kind_is_read_as_it_was_written(ann: Person, text: str) -> None:
    parts = {"t": {"value": text}, "h": {"value": f"<p>{text}</p>"}}
    bodies = {"textBody": [{"partId": "t", "type": "text/plain"}], "htmlBody": [{"partId": "h", "type": "text/html"}]}
    found = await made(ann, bodyValues=parts, **bodies)
    assert text_of(found, "plain") == text.rstrip("\n")
    assert text_of(found, "html") == f"<p>{text}</p>"


async def test_long_fields_are_folded(ann: Person) -> None:
    references = [f"{'r' * 60}{number}@example.org" for number in range(60)]
    people = [{"name": f"Nämé, {number}", "email": f"person{number}@example.org"} for number in range(200)]
    found = await made(ann, subject="Wörter " * 200 + "Ende", references=references, to=people)
    assert str(found["References"]).split() == [f"<{each}>" for each in references]
    assert [each.addr_spec for each in found["To"].addresses] == [each["email"] for each in people]
    assert found["To"].addresses[7].display_name == "Nämé, 7"
    assert str(found["Subject"]) == "Wörter " * 200 + "Ende"


async def test_line_ends_in_names_are_no_line_ends_of_the_message(ann: Person) -> None:
    blob = (await ann.upload(b"abc", "text/plain"))["blobId"]
    file = {"blobId": blob, "type": "text/plain", "name": "a\r\nX-Evil: 1.txt", "disposition": "attachment"}
    found = await made(ann, to=[{"name": "a\r\nX-Evil: 1", "email": "ben@example.org"}], attachments=[file])
    assert [part["X-Evil"] for part in found.walk() if part["X-Evil"]] == []


@pytest.mark.xfail(
    "STALWART_URL" in os.environ, reason="Stalwart 0.16.19 writes such values as they are: programs must not send them"
)
@pytest.mark.parametrize(
    "value",
    [
        {"subject": "a\r\nX-Evil: 1"},
        {"to": [{"name": None, "email": "ben@example.org>\r\nX-Evil: 1"}]},
        {"messageId": ["a@b>\r\nX-Evil: 1"]},
        {"references": ["a@b>\r\nX-Evil: 1"]},
        {"header:X-Word": " a\r\nX-Evil: 1"},
        {"file": {"type": "text/plain\r\nX-Evil: 1"}},
        {"file": {"type": "text/plain", "cid": "a>\r\nX-Evil: 1"}},
    ],
    ids=str,
)
async def test_value_of_a_field_cannot_add_another_field(ann: Person, value: dict[str, Any]) -> None:
    if file := value.pop("file", None):
        value["attachments"] = [file | {"blobId": (await ann.upload(b"abc", "text/plain"))["blobId"]}]
    draft = await ann.create("Email", mailboxIds={"d": True}, **(TEXT | value))
    if "id" in draft:
        parts = email.message_from_bytes(await raw(ann, draft["id"]), policy=default).walk()
        assert [part["X-Evil"] for part in parts if part["X-Evil"]] == []


async def test_line_ends_that_a_stranger_has_encoded_are_read_as_such(ann: Person) -> None:
    """Who answers with this subject must remove them, or would send the stranger's header fields. In names, too: the
    stand-in has a blank there."""
    word = "=?utf-8?Q?a=0D=0ABcc=3A_eve=40example.org?="
    content = message(word).replace(b"From: Sender", f"From: {word}".encode())
    found = await ann.get("Email", (await ann.add(content))["id"], properties=["subject", "from"])
    assert found["subject"] == "a\r\nBcc: eve@example.org"
    assert found["from"][0]["name"].split() == ["a", "Bcc:", "eve@example.org"]


# Files


async def test_next_version_of_a_draft_takes_the_files_of_the_version_that_it_replaces(ann: Person) -> None:
    blob = (await ann.upload(content := os.urandom(100_000), "image/png"))["blobId"]
    file = {"type": "image/png", "name": "a.png", "disposition": "attachment"}
    first = await ann.create("Email", mailboxIds={"d": True}, attachments=[file | {"blobId": blob}], **TEXT)
    kept = await ann.get("Email", first["id"], properties=["attachments"])
    again = {"mailboxIds": {"d": True}, "attachments": [file | {"blobId": kept["attachments"][0]["blobId"]}]} | TEXT
    answer = await ann.call("Email/set", create={"m": again}, destroy=[first["id"]])
    assert answer["destroyed"] == [first["id"]]
    shown = await ann.get("Email", answer["created"]["m"]["id"], properties=["attachments"])
    path = f"/jmap/download/{ann.account}/{shown['attachments'][0]['blobId']}/a"
    assert (await ann.http.get(path)).content == content


async def test_version_is_destroyed_though_the_one_that_replaces_it_is_refused(ann: Person) -> None:
    """RFC 8620 §5.3: a program that destroys the version before in the same request may be left without any."""
    first = await ann.create("Email", mailboxIds={"d": True}, **TEXT)
    file = {"blobId": (await ann.upload(b"x", "image/png"))["blobId"][:-1] + "a", "type": "image/png"}
    answer = await ann.call(
        "Email/set", create={"m": {"mailboxIds": {"d": True}, "attachments": [file]} | TEXT}, destroy=[first["id"]]
    )
    assert (list(answer["notCreated"]), answer["destroyed"]) == (["m"], [first["id"]])
    assert (await ann.call("Email/get", ids=[first["id"]]))["list"] == []


async def test_version_that_is_gone_is_no_reason_not_to_make_the_next_one(ann: Person) -> None:
    """The two parts of an Email/set are independent: both versions may stay, and a program must look at `destroyed`."""
    answer = await ann.call("Email/set", create={"m": {"mailboxIds": {"d": True}} | TEXT}, destroy=["zzzz"])
    assert (list(answer["created"]), answer["notDestroyed"]["zzzz"]["type"]) == (["m"], "notFound")


async def test_files_of_a_mail_are_refused_if_together_they_are_too_large(admin: StalwartClient) -> None:
    async with person(admin) as ann:
        blob = (await ann.upload(b"x" * (LIMIT // 2 + 1), "application/zip"))["blobId"]
        files = [{"blobId": blob, "type": "application/zip", "name": name} for name in ("a.zip", "b.zip")]
        assert "id" in await ann.create("Email", mailboxIds={"d": True}, attachments=files[:1], **TEXT)
        refusal = await ann.create("Email", mailboxIds={"d": True}, attachments=files, **TEXT)
        assert (refusal["type"], refusal["properties"]) == ("invalidProperties", ["attachments"])
        assert str(LIMIT) in refusal["description"]


async def test_file_larger_than_the_limit_of_the_session_is_refused(ann: Person) -> None:
    answer = await ann.http.post(f"/jmap/upload/{ann.account}/", content=b"x" * (LIMIT + 1))
    assert (answer.status_code, answer.json()["limit"]) == (400, "maxSizeUpload")


async def test_upload_that_no_mail_has_expires(admin: StalwartClient, ann: Person) -> None:
    """After an hour by default. A mail keeps what it has."""
    file = {"type": "image/png", "name": "a.png"}
    async with changed(admin, UPLOADS, {"uploadTtl": 2000}):
        blob = (await ann.upload(b"abc" * 1000, "image/png"))["blobId"]
    draft = await ann.create("Email", mailboxIds={"d": True}, attachments=[file | {"blobId": blob}], **TEXT)

    async def refusal() -> str:
        answer = await ann.create("Email", mailboxIds={"e": True}, attachments=[file | {"blobId": blob}], **TEXT)
        return answer.get("type", "")

    await eventually(refusal, "the upload has expired")
    assert await refusal() == "blobNotFound"
    (kept,) = (await ann.get("Email", draft["id"], properties=["attachments"]))["attachments"]
    again = await ann.create("Email", mailboxIds={"d": True}, attachments=[file | {"blobId": kept["blobId"]}], **TEXT)
    assert "id" in again
