"""What an active Sieve script does with mail that comes by LMTP, on the stand-in, or on a real server (conftest.py)."""

import asyncio

import pytest

from eventually import eventually
from incoming_mail import Lmtp, send
from mail_person import Person

TESTS = [
    ('header :contains "subject" "übersicht"', True),
    ('header :is "subject" "DIE ÜBERSICHT C:/new"', True),
    ('address :domain :is "from" "papierwerk.EXAMPLE.com"', True),
    ('header :contains "from" "\\"Lindqvist, Mara\\" <mara"', True),
    ('header :contains "from" "Mara Lindqvist"', False),
    ('header :matches "x-path" "C:?new?"', True),
    # Between quotation marks, this is "C:", a line end and "ew".
    (r'header :contains "x-path" "C:\\new"', False),
    ('header :mime :anychild :contains "Content-Disposition" "attachment"', False),
    ('header :mime :anychild :type :is "Content-Type" ["application", "message"]', True),
    ('header :mime :anychild :contenttype :is "Content-Type" "text/calendar"', False),
    ('body :text :contains "GRÜSSE"', False),
    ('body :text :contains "hello THERE"', True),
]
PDF = """\
From: "Lindqvist, Mara" <mara@papierwerk.example.com>
To: ann@example.org
Subject: =?utf-8?q?Die_=C3=9Cbersicht_C:/new?=
X-Path: C:\\new\\
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

Hello there
--b
Content-Type: application/pdf; name="a.pdf"
Content-Disposition: inline; filename="a.pdf"

x
--b--
""".replace("\n", "\r\n").encode()

pytestmark = pytest.mark.stand_in


@pytest.fixture
def ann(straight: Person) -> Person:
    return straight


async def activate(ann: Person, text: str) -> None:
    blob_id = (await ann.upload(text.encode(), "application/sieve"))["blobId"]
    made = await ann.call(
        "SieveScript/set", create={"a": {"name": "filters", "blobId": blob_id}}, onSuccessActivateScript="#a"
    )
    assert "created" in made, made


async def arrived(ann: Person, subject: str) -> tuple[set[str], set[str]]:
    """Names of the mailboxes, and keywords."""
    found: list[dict[str, dict[str, bool]]] = []

    async def is_there() -> bool:
        ids = await ann.query("Email", limit=20)
        emails = (await ann.call("Email/get", ids=ids, properties=["subject", "mailboxIds", "keywords"]))["list"]
        found[:] = [each for each in emails if each["subject"] == subject]
        return bool(found)

    await eventually(is_there, f"the mail {subject}", 20)
    mailboxes = (await ann.call("Mailbox/get", ids=list(found[0]["mailboxIds"])))["list"]
    return {each["name"] for each in mailboxes}, set(found[0]["keywords"])


async def test_sieve_tests_of_delivered_mail(ann: Person, lmtp: Lmtp) -> None:
    lines = [f'if {test} {{ addflag "t{number}"; }}' for number, (test, _) in enumerate(TESTS)]
    await activate(ann, "\r\n".join(['require ["imap4flags", "mime", "body"];', *lines]))
    await send(lmtp, ann.address, content=PDF)
    _, keywords = await arrived(ann, "Die Übersicht C:/new")
    assert keywords == {f"t{number}" for number, (_, hit) in enumerate(TESTS) if hit}


@pytest.mark.parametrize(
    ("commands", "mailboxes"),
    [
        # RFC 5228 §2.10.2 would keep it, too.
        ('keep; fileinto "Projects";', {"Projects"}),
        ('fileinto "Projects"; keep;', {"Inbox", "Projects"}),
        ('fileinto "INBOX"; fileinto "Projects";', {"Inbox", "Projects"}),
        ('fileinto "INBOX";', {"Inbox"}),
        ('fileinto "Nowhere";', {"Inbox"}),
    ],
)
async def test_sieve_files_delivered_mail(ann: Person, lmtp: Lmtp, commands: str, mailboxes: set[str]) -> None:
    await ann.create("Mailbox", name="Projects")
    await activate(ann, f'require "fileinto"; {commands}')
    await send(lmtp, ann.address, content=b"From: a@example.com\r\nSubject: One\r\n\r\nHi\r\n")
    assert (await arrived(ann, "One"))[0] == mailboxes


async def test_sieve_string_that_ends_with_a_backslash_is_refused(ann: Person) -> None:
    for text in (r"\\", r"a\\", r"\\\\"):
        script = f'if header :is "subject" "{text}" {{ discard; }}'
        blob_id = (await ann.upload(script.encode(), "application/sieve"))["blobId"]
        error = (await ann.call("SieveScript/validate", blobId=blob_id))["error"]
        assert error["description"].startswith("Unterminated string at line 1"), (text, error)


async def test_sieve_reply_is_sent_once_with_the_text_as_it_stands(ann: Person, ben: Person, lmtp: Lmtp) -> None:
    text = 'text:\r\n\\\\server\\new\r\n..\r\n"Bye"\r\n.\r\n'
    condition = 'not header :contains "auto-submitted" "auto-"'
    await activate(ann, f'require "vacation"; if allof ({condition}) {{ vacation :days 7 :subject "Away" {text}; }}')
    head = f"From: {ben.address}\r\nTo: {ann.address}\r\n"
    for subject in ("Auto-Submitted: auto-generated\r\nSubject: 1", "Subject: 2", "Subject: 3"):
        await send(lmtp, ann.address, content=f"{head}{subject}\r\n\r\nHi\r\n".encode(), sender=ben.address)
        await arrived(ann, subject[-1])
    await arrived(ben, "Away")
    await asyncio.sleep(0.5)
    (reply,) = (await ben.call("Email/get", ids=await ben.query(), properties=["bodyValues"], fetchAllBodyValues=True))[
        "list"
    ]
    (value,) = reply["bodyValues"].values()
    assert value["value"].replace("\r\n", "\n").strip() == '\\\\server\\new\n.\n"Bye"'
