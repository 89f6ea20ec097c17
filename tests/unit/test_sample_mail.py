"""The mail that fills a mailbox of the trial: as much as is asked for, of every kind, and all of it invented."""

import email
import email.policy
import re
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from random import Random
from typing import Any, cast

import pytest

from postroom_sandbox.sample_mail import documents, header_field, pictures
from postroom_sandbox.sample_mail.correspondent import Correspondent
from postroom_sandbox.sample_mail.plan import SampleMail, Wish, sample_mails
from postroom_sandbox.sample_mail.template import templates
from postroom_sandbox.stalwart.mail.email_document import parsed
from postroom_sandbox.stalwart.mail.mime_message import Message

pytestmark = pytest.mark.stand_in

NOW = datetime(2026, 11, 26, 14, 40, tzinfo=UTC)
NORA = Correspondent("Nora Brandt", "nora@example.org")
AUTHORITY = "mail.example.org"
OTHER_SCRIPTS = {"Arabic": r"[\u0600-\u06ff]", "Japanese": r"[\u3040-\u30ff]", "Cyrillic": r"[\u0400-\u04ff]"}


def mails(number: int, *, seed: int = 1, thread: int = 0) -> list[SampleMail]:
    return list(sample_mails(Wish(NORA, number, seed, thread, AUTHORITY), NOW))


def message(mail: SampleMail) -> EmailMessage:
    return cast(EmailMessage, email.message_from_bytes(mail.content, policy=email.policy.default))


@pytest.fixture(scope="module")
def two_hundred() -> list[SampleMail]:
    return mails(200)


@pytest.fixture(scope="module")
def documents_of_all(two_hundred: list[SampleMail]) -> list[dict[str, Any]]:
    return [parsed(mail.content).document for mail in two_hundred]


@pytest.mark.parametrize("number", [1, 2, 17, 60, 200, 1500])
def test_a_mailbox_gets_exactly_as_many_mails_as_asked_for_oldest_first(number: int) -> None:
    moments = [mail.received_at for mail in mails(number)]
    assert len(moments) == number
    assert moments == sorted(moments)
    assert NOW - timedelta(days=760) < moments[0] <= moments[-1] <= NOW


@pytest.mark.parametrize("number", [200, 2000])
def test_the_last_weeks_have_more_mail_than_the_weeks_before(number: int) -> None:
    ages = [(NOW - mail.received_at) / timedelta(weeks=6) for mail in mails(number)]
    newest = sum(age < 1 for age in ages)
    assert newest > max(sum(weeks <= age < weeks + 1 for age in ages) for weeks in range(1, 17))


def test_the_same_seed_gives_the_same_mail_and_another_seed_other_mail() -> None:
    first, again, other = (mails(40, seed=seed) for seed in (5, 5, 6))
    assert [mail.content for mail in first] == [mail.content for mail in again]
    assert {mail.content for mail in first}.isdisjoint(mail.content for mail in other)


def test_every_template_is_filled_in_and_reads_without_a_problem() -> None:
    number = sum(len(template.letters) for template in templates())  # each is used once before any is used again
    seen: set[str] = set()
    for mail in mails(number):
        read = message(mail)
        seen.add(mail.conversation.template.subject)
        assert read["from"].addresses
        assert read["date"].datetime == mail.received_at
        assert b"${" not in mail.content
        assert b"\n" not in mail.content.replace(b"\r\n", b"")
        assert max(map(len, mail.content.split(b"\r\n"))) < 998  # RFC 5322 §2.1.1
        for part in cast(Iterator[EmailMessage], read.walk()):
            assert not part.defects
            if part.get_content_maintype() == "text":
                text = part.get_content()
                assert "\ufffd" not in text
                assert not re.search(r"\$\w", text)
    assert seen == {template.subject for template in templates()}


def test_all_people_and_firms_have_addresses_that_belong_to_nobody(two_hundred: list[SampleMail]) -> None:
    """RFC 2606 §3."""
    found: set[str] = set()
    for mail in two_hundred:
        texts = [part.text()[0] for part in Message(mail.content).parts if part.type.startswith("text/")]
        texts.append(mail.content.partition(b"\r\n\r\n")[0].decode())
        found |= {name for text in texts for name in re.findall(r"(?:@|https?://)([\w.-]+\w)", text)}
    assert len(found) > 40
    assert [name for name in found if not re.search(r"(^|\.)example\.(org|net|com)$", name)] == []


def test_a_reply_names_the_messages_before_it(two_hundred: list[SampleMail]) -> None:
    known: dict[str, str] = {}
    replies = 0
    for mail in two_hundred:
        read = message(mail)
        known[read["message-id"]] = re.sub(r"^(Re|AW): ", "", str(read["subject"]))
        for named in str(read["references"] or "").split():
            replies += 1
            assert known.get(named, known[read["message-id"]]) == known[read["message-id"]]
        if read["in-reply-to"]:
            assert str(read["references"]).split()[-1] == read["in-reply-to"]
    assert len(known) == 200
    assert replies > 50


def test_a_small_mailbox_has_mail_in_each_place_some_of_it_unread_and_starred(two_hundred: list[SampleMail]) -> None:
    for seed in range(5):
        places = {mail.mailbox for mail in mails(200, seed=seed)}
        assert {"inbox", "sent", "archive", "drafts", "junk", "trash", "Receipts", "Packing/Paper & print"} <= places
    inbox = [mail for mail in two_hundred if mail.mailbox == "inbox"]
    assert 60 <= len(inbox) <= 160
    assert 4 <= sum("$seen" not in mail.keywords for mail in inbox) <= 30
    assert 2 <= sum("$flagged" in mail.keywords for mail in inbox) <= 20
    assert any("$answered" in mail.keywords for mail in inbox)
    for mail in two_hundred:
        mine = message(mail)["from"].addresses[0].addr_spec == NORA.email
        assert mine == (mail.mailbox in ("sent", "drafts"))
        assert ("$draft" in mail.keywords) == (mail.mailbox == "drafts")
        assert not mine or "$seen" in mail.keywords


def test_a_small_mailbox_has_every_charset_encoding_and_kind_of_file(
    two_hundred: list[SampleMail], documents_of_all: list[dict[str, Any]]
) -> None:
    parts = [part for mail in two_hundred for part in cast(Iterator[EmailMessage], message(mail).walk())]
    charsets = {part.get_content_charset() for part in parts}
    assert {"utf-8", "iso-8859-1", "iso-2022-jp", "windows-1251"} <= charsets
    assert {"quoted-printable", "base64", "7bit"} <= {str(part["content-transfer-encoding"]) for part in parts}
    files = {part.get_content_type() for part in parts if part.get_content_disposition() == "attachment"}
    assert {"image/png", "image/jpeg", "application/pdf", "text/csv", "text/plain", "text/calendar"} <= files
    assert any(part["content-id"] and part.get_content_disposition() == "inline" for part in parts)
    octets = b"".join(mail.content for mail in two_hundred)
    assert re.search(rb"=\?iso-8859-1\?q\?", octets)
    assert re.search(rb"=\?utf-8\?b\?", octets)
    assert b"filename*=utf-8''" in octets
    assert b"filename*1*=" in octets
    assert re.search(rb'filename="=\?', octets)
    names = {part["name"] for document in documents_of_all for part in document["parts"]}
    assert "Beleg 204 (Größe geändert).pdf" in names
    assert "Drachen über dem See, großes Format für die Küchenwand, bitte nicht knicken.jpg" in names


def test_a_small_mailbox_has_newsletters_with_remote_pictures_that_one_click_ends(
    two_hundred: list[SampleMail],
) -> None:
    letters = [message(mail) for mail in two_hundred if mail.conversation.template.mailing]
    assert len(letters) >= 10
    for letter in letters:
        assert letter["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"  # RFC 8058 §3.1
        assert re.match(r"<https://[^>]+>, *<mailto:[^>]+>$", str(letter["list-unsubscribe"]))
        body = cast(EmailMessage, letter.get_body(("html",)))
        assert re.search(r'<img src="https://', body.get_content())
        assert letter.get_body(("plain",))


def test_a_small_mailbox_has_subjects_in_several_scripts_long_ones_and_emoji(
    documents_of_all: list[dict[str, Any]],
) -> None:
    subjects = [document["subject"] or "" for document in documents_of_all]
    for script, letters in OTHER_SCRIPTS.items():
        assert any(re.search(letters, subject) for subject in subjects), script
    assert max(map(len, subjects)) > 150
    assert any("📷" in subject for subject in subjects)
    assert "" in subjects


def test_what_comes_from_outside_has_the_results_of_our_own_server_on_top(two_hundred: list[SampleMail]) -> None:
    for mail in two_hundred:
        name, _, value = mail.content.partition(b"\r\n")[0].decode().partition(": ")
        outside = mail.mailbox not in ("sent", "drafts")
        assert ((name, value) == ("Authentication-Results", f"{AUTHORITY};")) == outside


def test_one_mail_fails_authentication_and_one_imitates_a_sender_in_a_real_conversation(
    two_hundred: list[SampleMail],
) -> None:
    inbox = [message(mail) for mail in two_hundred if mail.mailbox == "inbox"]
    (forged,) = [read for read in inbox if "dmarc=fail" in str(read["authentication-results"])]
    assert forged["reply-to"]
    (alike,) = [read for read in inbox if "papierwerck" in str(read["from"])]
    assert "dmarc=none" in str(alike["authentication-results"])
    real = [read for read in inbox if "mara@papierwerk.example.org" in str(read["from"])]
    assert {str(read["message-id"]) for read in real} & set(str(alike["references"]).split())
    assert real[0]["from"].addresses[0].display_name == alike["from"].addresses[0].display_name


def test_a_long_conversation_has_as_many_messages_as_asked_for_and_counts_as_mail() -> None:
    found = mails(300, thread=200)
    long = [mail for mail in found if len(mail.conversation.template.letters) == 200]
    assert (len(found), len(long)) == (300, 200)
    heads = [parsed(mail.content).document for mail in long]
    assert len({head["messageId"][0] for head in heads}) == 200
    assert max(len(head["references"] or ()) for head in heads) == 10


def test_a_person_without_a_name_is_addressed_by_the_local_part() -> None:
    wish = Wish(Correspondent("", "erin@example.net"), 60, 1, 0, AUTHORITY)
    texts = b"".join(mail.content for mail in sample_mails(wish, NOW))
    assert b"Hallo Erin," in texts
    assert b"To: erin@example.net\r\n" in texts


# Files


def test_pictures_are_whole() -> None:
    picture = pictures.png(Random(1), 64, 32)
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(picture):
        (length,) = struct.unpack_from(">I", picture, at)
        kind, data = picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", picture, at + 8 + length) == (zlib.crc32(kind + data),)
        chunks[kind], at = data, at + 12 + length
    assert len(zlib.decompress(chunks[b"IDAT"])) == 32 * (1 + 64)
    photo = pictures.jpeg(Random(1), 64, 32)
    assert (photo[:4], photo[-2:]) == (b"\xff\xd8\xff\xe0", b"\xff\xd9")


def test_the_table_of_a_pdf_points_to_its_objects() -> None:
    file = documents.pdf("Lieferschein (Größe)", ["one", "two"])
    (start,) = map(int, re.findall(rb"startxref\n(\d+)", file))
    assert file[start:].startswith(b"xref")
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n", file)]
    assert [file[place:].split(b" ", 1)[0] for place in places] == [b"1", b"2", b"3", b"4", b"5"]


@pytest.mark.parametrize(
    "name",
    ["plain.pdf", "Größe.pdf", "ü" * 61 + ".pdf", "会議資料.pdf", "a 100 % sure, very long and quite plain name.txt"],
)
def test_a_file_name_is_read_as_it_was_written(name: str) -> None:
    head = f"Content-Type: application/pdf\r\nContent-Disposition: attachment{header_field.parameter('filename', name)}"
    assert email.message_from_string(f"{head}\r\n\r\nx", policy=email.policy.default).get_filename() == name
    assert all(len(line) <= 78 for line in head.split("\r\n"))
