"""What the interface writes is what others read: a letter, made at a mail server of the interface's own description,
and read by Python, by Go, by Cyrus and by that server. On Debian's Cyrus, and on Stalwart or its stand-in."""

import json
import random
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx2
import pytest

from eventually import eventually
from jmap_server import JmapServer, MailPerson
from parsed_mail import RECEIPT, Leaf, Parsed, Tree, by_go, by_python, differences, leaf
from tests.missing import Missing, skip_without
from web.npm import find_npm
from written_mail import LETTERS, LONGEST, File, Letter

JSON = dict[str, Any]
WEB = Path(__file__).parents[2] / "web"
USING = [f"urn:ietf:params:jmap:{name}" for name in ("core", "mail")]
SENDER = ('Ann, "Postroom" Ü', "ann@example.org")
MESSAGE_ID, SENT_AT = "own.1@example.org", 1_795_778_000
KEPT_REFERENCES = 20
DOMAINS = {"buero@bücher.example": "buero@xn--bcher-kva.example"}
PROPERTIES = [
    *("from", "to", "cc", "bcc", "subject", "messageId", "inReplyTo", "references", "sentAt", "bodyStructure"),
    *("bodyValues", "header:Disposition-Notification-To:asAddresses"),
]
PART = ["partId", "blobId", "type", "name", "cid", "disposition", "charset", "subParts"]


class Mailbox:
    """A person's mailbox, by JMAP alone."""

    def __init__(self, http: httpx2.AsyncClient, person: MailPerson) -> None:
        self._http = http
        self._account = person.account_id
        self.drafts = ""

    async def call(self, method: str, **arguments: Any) -> JSON:
        call = [method, {"accountId": self._account} | arguments, "0"]
        answer = await self._http.post("/jmap/", json={"using": USING, "methodCalls": [call]})
        (name, found, _) = answer.raise_for_status().json()["methodResponses"][0]
        assert name == method, found
        return found

    async def prepare(self) -> None:
        boxes = (await self.call("Mailbox/get", ids=None))["list"]
        roles = {box["role"]: box["id"] for box in boxes}
        self.drafts = roles.get("drafts") or roles["inbox"]

    async def upload(self, content: bytes, kind: str) -> JSON:
        headers = {"Content-Type": kind}
        answer = await self._http.post(f"/jmap/upload/{self._account}/", content=content, headers=headers)
        return answer.raise_for_status().json()

    async def download(self, blob: str, kind: str = "application/octet-stream") -> bytes:
        # Cyrus and Stalwart both have this path (RFC 8620 §6.2).
        path = f"/jmap/download/{quote(self._account)}/{quote(blob)}/x?accept={quote(kind)}"
        return (await self._http.get(path)).raise_for_status().content

    async def create(self, email: JSON) -> JSON:
        made = await self.call("Email/set", create={"c": email})
        assert made.get("created"), made
        return made["created"]["c"]

    async def keep(self, message: bytes) -> str:
        """The id of an email that another server wrote."""
        blob = await self.upload(message, "message/rfc822")
        email = {"blobId": blob["blobId"], "mailboxIds": {self.drafts: True}}
        made = await self.call("Email/import", emails={"c": email})
        known = (made.get("notCreated") or {}).get("c", {}).get("existingId")  # Cyrus keeps a message once
        assert known or made.get("created"), made
        return known or made["created"]["c"]["id"]

    async def found(self, subject: str) -> str:
        """The email with this subject, as soon as it is there."""
        came: list[str] = []

        async def is_there() -> bool:
            came[:] = (await self.call("Email/query", filter={"subject": subject}))["ids"]
            return bool(came)

        await eventually(is_there, "the mail is delivered")
        return came[0]

    async def parsed(self, email: str) -> Parsed:
        """What the server itself reads in it."""
        wanted = {"properties": PROPERTIES, "bodyProperties": PART, "fetchAllBodyValues": True}
        answer = await self.call("Email/get", ids=[email], **wanted)
        return await self._form(answer["list"][0])

    async def _form(self, email: JSON) -> Parsed:
        fields = {"from": "from", "to": "to", "cc": "cc", "bcc": "bcc", RECEIPT: PROPERTIES[-1]}
        people = {
            name: [(each["name"] or "", each["email"]) for each in email[key]]
            for name, key in fields.items()
            if email.get(key)
        }
        ids = {"message-id": "messageId", "in-reply-to": "inReplyTo", "references": "references"}
        return Parsed(
            people,
            email["subject"] or "",
            {name: email[key] for name, key in ids.items() if email.get(key)},
            datetime.fromisoformat(email["sentAt"]).timestamp(),
            await self._part(email["bodyStructure"], email["bodyValues"]),
        )

    async def _part(self, part: JSON, values: JSON) -> Tree:
        kind, name = part["type"], part["name"] or ""
        if part.get("subParts"):
            return (kind, *[await self._part(each, values) for each in part["subParts"]])
        if not part["disposition"] and kind.startswith("text/"):
            value = values[part["partId"]]
            assert not value.get("isEncodingProblem"), value
            return leaf(kind, name, part["cid"] or "", "", value["value"].encode(), "utf-8")
        content = await self.download(part["blobId"], kind)
        return Leaf(kind, name, part["cid"] or "", part["disposition"] or "", content)


def written(*drafts: JSON, purpose: str = "send", mailbox: str) -> list[JSON]:
    """The Emails that the interface's own code describes."""
    name, email = SENDER
    envelope = {"from": {"name": name, "email": email}, "messageId": MESSAGE_ID, "mailboxIds": [mailbox]}
    envelope |= {"keywords": ["$draft", "$seen"], "sentAt": SENT_AT * 1000, "purpose": purpose}
    return _run("tests/written-emails.ts", json.dumps([{"draft": draft, "envelope": envelope} for draft in drafts]))


def _run(script: str, given: str) -> Any:
    command = [_node(), script]
    ran = subprocess.run(command, input=given, capture_output=True, text=True, cwd=WEB, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def _node() -> str:
    npm = find_npm()
    node = shutil.which("node", path=npm.env["PATH"]) if npm else None
    if node is None:
        skip_without("Interface", Missing("there is no Node: run make web"))
    return node


def expected(letter: Letter, email: JSON) -> Parsed:
    """What the letter says. Its text beside the HTML is that of the interface, whose own tests hold it."""

    def person(each: JSON) -> tuple[str, str]:
        address = str(each["address"])
        return str(each["name"]), DOMAINS.get(address, address)

    draft = letter.draft([{"size": 0, "blobId": ""} for _ in letter.files])
    people = {name: [person(each) for each in draft[name]] for name in ("to", "cc", "bcc") if draft[name]}
    people["from"] = [SENDER]
    if draft["receipt"]:
        people[RECEIPT] = [("", SENDER[1])]
    ids = {"message-id": [MESSAGE_ID]}
    if parent := draft["parent"]:
        references = [*parent["references"], *parent["messageId"]]
        ids |= {"in-reply-to": parent["messageId"]}
        ids |= {"references": [references[0], *references[1 - KEPT_REFERENCES :]]}
    return Parsed(people, _one_line(letter.subject), ids, SENT_AT, _body(letter, email))


def _body(letter: Letter, email: JSON) -> Tree:
    def text(kind: str, name: str) -> Leaf:
        return leaf(kind, "", "", "", email["bodyValues"][name]["value"].encode(), "utf-8")

    body: Tree = text("text/plain", "text")
    if letter.html is None:
        plain = letter.text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
        assert isinstance(body, Leaf)
        assert body.content.decode() == plain
    else:
        shown: Tree = text("text/html", "html")
        assert isinstance(shown, Leaf)
        assert letter.html in shown.content.decode()
        used = [each for each in letter.files if each.cid and each.cid in letter.html]
        if used:
            pictures = [Leaf(each.type, each.name, each.cid or "", "inline", each.content) for each in used]
            shown = ("multipart/related", shown, *pictures)
        body = ("multipart/alternative", body, shown)
    attached = [
        Leaf(_sent_type(each), each.name, "", "attachment", each.content) for each in letter.files if not each.cid
    ]
    return ("multipart/mixed", body, *attached) if attached else body


def _sent_type(file: File) -> str:
    """Stalwart encodes a message in base64, which RFC 2046 §5.2.1 forbids and most programs do not decode."""
    return "application/octet-stream" if file.type == "message/rfc822" else file.type


@pytest.fixture(params=["cyrus", "stalwart_mail"])
def server(request: pytest.FixtureRequest) -> JmapServer:
    return request.getfixturevalue(request.param)


@pytest.fixture
async def mailbox(server: JmapServer) -> AsyncIterator[Mailbox]:
    async for opened in _opened(server):
        yield opened


@pytest.fixture
async def reader(cyrus: JmapServer) -> AsyncIterator[Mailbox]:
    """A person at Cyrus, which reads what another server wrote."""
    async for opened in _opened(cyrus):
        yield opened


async def _opened(server: JmapServer) -> AsyncIterator[Mailbox]:
    person = server.people[0]
    headers = {"Authorization": person.authorization}
    async with httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=60, trust_env=False) as http:
        opened = Mailbox(http, person)
        await opened.prepare()
        yield opened


async def _made(mailbox: Mailbox, letter: Letter) -> tuple[JSON, JSON]:
    """The letter at the server: how it was described, and what the server said."""
    blobs = [await mailbox.upload(each.content, each.type) for each in letter.files]
    (email,) = written(letter.draft(blobs), mailbox=mailbox.drafts)
    return email, await mailbox.create(email)


@pytest.mark.parametrize("name", LETTERS)
async def test_letter_is_read_by_all_as_it_was_written(name: str, mailbox: Mailbox, reader: Mailbox) -> None:
    letter = LETTERS[name]
    email, made = await _made(mailbox, letter)
    raw = await mailbox.download(made["blobId"], "message/rfc822")
    readings = {
        "Python": by_python(raw),
        "Go": by_go(raw),
        "its server": await mailbox.parsed(made["id"]),
        "Cyrus": await reader.parsed(await reader.keep(raw)),
    }
    wanted = expected(letter, email)
    differing = [f"{who}: {each}" for who, found in readings.items() for each in differences(found, wanted)]
    assert differing == [], "\n".join(differing)
    assert max(map(len, raw.split(b"\r\n"))) <= LONGEST


async def test_attachment_of_25_megabytes_goes_out_and_comes_in_unchanged(server: JmapServer, mailbox: Mailbox) -> None:
    content = random.Random(18).randbytes(25_000_000)
    letter = Letter("Large", files=(File("large.bin", "application/octet-stream", content),))
    email, made = await _made(mailbox, letter)
    raw = await mailbox.download(made["blobId"], "message/rfc822")
    wanted = expected(letter, email)
    readings = {"Python": by_python(raw), "Go": by_go(raw), "its server": await mailbox.parsed(made["id"])}
    assert [who for who, found in readings.items() if found != wanted] == []
    subject = uuid4().hex
    await server.deliver(raw.replace(b"Subject: Pallet 3", f"Subject: {subject}".encode()), server.people[0].email)
    came = await mailbox.found(subject)
    assert (await mailbox.parsed(came)).body == wanted.body


async def test_stored_draft_is_opened_as_it_was(mailbox: Mailbox) -> None:
    wanted = _run("tests/opened-drafts.ts", "")
    unfinished = [{"name": "", "address": "Mara <x"}, {"name": "Ü, x", "address": "unfinished " * 60}]
    parent = {"kind": "forward", "emailId": "e1", "messageId": ["own@x.example"], "references": ["r@x.example"]}
    letters = [
        LETTERS[name] for name in ("names", "international domain", "pictures and files", "lone carriage returns")
    ]
    drafts: list[JSON] = []
    for letter in letters:
        blobs = [await mailbox.upload(each.content, each.type) for each in letter.files]
        drafts.append(letter.draft(blobs) | {"bcc": unfinished, "parent": parent})
    emails = written(*drafts, mailbox=mailbox.drafts, purpose="draft")
    stored = [(await mailbox.create(email))["id"] for email in emails]
    answer = await mailbox.call("Email/get", ids=stored, fetchAllBodyValues=True, **wanted)
    found = {each["id"]: each for each in answer["list"]}
    opened = _run("tests/opened-drafts.ts", json.dumps([found[each] for each in stored]))
    assert list(map(_comparable, opened)) == list(map(_comparable, drafts))


def _comparable(draft: JSON) -> JSON:
    """Without what each version has anew, and without pictures that were taken out of the text. A subject is one line,
    and a line of text ends in a line feed."""
    files = [
        [each["name"], each["type"].replace("message/rfc822", "application/octet-stream"), each.get("cid")]
        for each in draft["files"]
        if each["cid"] is None or each["cid"] in draft["html"]
    ]
    text = draft["text"].replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    return draft | {"files": files, "subject": _one_line(draft["subject"]), "text": text}


def _one_line(text: str) -> str:
    return " ".join(re.sub(r"[\r\n\t\u2028]+", " ", text).split())
