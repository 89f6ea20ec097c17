"""The rules of Stalwart's mail, with other values than the recorded ones: reading, searching and changes. On the
stand-in, or on a real server (conftest.py)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from eventually import eventually
from mail_person import Person, message, person
from stalwart_client import StalwartClient

BOTH = b"""From: "B, \xc3\x9c." <b@example.com>\r
To: undisclosed: ;, Staff: =?utf-8?q?J=C3=B6rg?= <j@example.org>, k@example.org;\r
Subject: =?utf-8?b?w5xiZXI=?= alles\r
Reply-To: "Ruth (Workbench)" <ruth@example.com>\r
Message-ID: <both@example.com>\r
Date: Tue, 24 Nov 2026 23:00:00 +0100\r
X-Word:  two  words \r
List-Post: <mailto:l@example.com>, <https://example.com/l>\r
List-Id: Staff <staff.example.com>\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=m\r
\r
--m\r
Content-Type: multipart/alternative; boundary=a\r
\r
--a\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
Gr=C3=BC=C3=9Fe, plain\r
--a\r
Content-Type: text/html; charset=iso-8859-1\r
\r
<p>Gr\xfc\xdfe, <b>rich</b></p>\r
--a--\r
--m\r
Content-Type: application/pdf; name="r.pdf"\r
Content-Disposition: attachment; filename*=utf-8''%C3%BC.pdf\r
Content-Transfer-Encoding: base64\r
\r
AAEC\r
--m--\r
"""

pytestmark = pytest.mark.stand_in


@pytest.fixture
def ann(straight: Person) -> Person:
    return straight


async def state(ann: Person, kind: str = "Email") -> str:
    return (await ann.call(f"{kind}/get", ids=[]))["state"]


async def ordered(ann: Person, order: list[str], **wanted: Any) -> None:
    """Wait for the index that Email/query uses: a real server updates it after its response."""

    async def settled() -> bool:
        return await ann.query(**wanted) == order

    await eventually(settled, f"{order} in the order of {wanted}")


# Reading


async def test_multipart_alternatives_are_text_and_html_body_and_attachments_are_separate(ann: Person) -> None:
    email = await ann.get("Email", (await ann.add(BOTH))["id"], fetchAllBodyValues=True)
    assert [part["type"] for part in email["textBody"]] == ["text/plain"]
    assert [part["type"] for part in email["htmlBody"]] == ["text/html"]
    values = {part["type"]: email["bodyValues"][part["partId"]] for part in email["textBody"] + email["htmlBody"]}
    assert values["text/plain"]["value"] == "Grüße, plain"
    assert values["text/html"]["value"] == "<p>Grüße, <b>rich</b></p>"
    (attached,) = email["attachments"]
    assert (attached["name"], attached["type"], attached["size"]) == ("ü.pdf", "application/pdf", 3)
    assert email["hasAttachment"] is True
    path = f"/jmap/download/{ann.account}/{attached['blobId']}/x.pdf"
    assert (await ann.http.get(path, params={"accept": "application/pdf"})).content == b"\0\1\2"


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        ("subject", "Über alles"),
        ("from", [{"name": "B, Ü.", "email": "b@example.com"}]),
        ("to", [{"name": "Jörg", "email": "j@example.org"}, {"name": None, "email": "k@example.org"}]),
        # Parentheses in a quoted name are no comment.
        ("replyTo", [{"name": "Ruth (Workbench)", "email": "ruth@example.com"}]),
        ("sentAt", "2026-11-24T23:00:00+01:00"),
        ("messageId", ["both@example.com"]),
        ("references", None),
        ("cc", None),
        ("header:X-Word:asText", "two  words"),
        ("header:x-word", "  two  words"),
        ("header:X-Word:asText:all", ["two  words"]),
        ("header:X-Word:asRaw:all", ["  two  words"]),
        ("header:X-None:asText", None),
        ("header:X-None:asText:all", []),
        ("header:List-Post:asURLs", ["mailto:l@example.com", "https://example.com/l"]),
        # Of fields that it reads as addresses it has no text.
        ("header:List-Id:asText", None),
        ("header:List-Id:asText:all", [None]),
        ("header:List-Id", " Staff <staff.example.com>"),
        ("header:From:asText", None),
        ("header:Date:asDate", "2026-11-24T23:00:00+01:00"),
        (
            "header:To:asGroupedAddresses",
            [
                {"name": "undisclosed", "addresses": []},
                {
                    "name": "Staff",
                    "addresses": [
                        {"name": "Jörg", "email": "j@example.org"},
                        {"name": None, "email": "k@example.org"},
                    ],
                },
            ],
        ),
    ],
)
async def test_header_field_is_returned_in_the_requested_form(ann: Person, wanted: str, value: Any) -> None:
    email = await ann.get("Email", (await ann.add(BOTH))["id"], properties=[wanted])
    assert email[wanted.replace(":asRaw", "")] == value


async def test_body_value_is_truncated_between_characters_and_marked_as_truncated(ann: Person) -> None:
    added = await ann.add(message("Cut", "Content-Type: text/plain; charset=utf-8", body="ééé\r\n"))
    for most, value in ((3, "é"), (4, "éé"), (0, "ééé\n"), (100, "ééé\n")):
        email = await ann.get("Email", added["id"], fetchTextBodyValues=True, maxBodyValueBytes=most)
        (shown,) = email["bodyValues"].values()
        assert (shown["value"], shown["isTruncated"]) == (value, value == "é" or value == "éé")


@pytest.mark.parametrize(
    ("text", "preview"),
    [("a" * 256, "a" * 256), ("a" * 257, "a" * 253 + "..."), ("é" * 129, "é" * 126 + "...")],
    ids=["256 octets", "257 octets", "characters of two octets"],
)
async def test_preview_of_more_than_256_octets_ends_with_three_dots(ann: Person, text: str, preview: str) -> None:
    added = await ann.add(message("Long", "Content-Type: text/plain; charset=utf-8", body=text))
    assert (await ann.get("Email", added["id"], properties=["preview"]))["preview"] == preview


async def test_empty_subject_counts_as_none(ann: Person) -> None:
    added = await ann.add(message(""))
    assert (await ann.get("Email", added["id"], properties=["subject"]))["subject"] is None


async def test_unknown_property_is_ignored(ann: Person) -> None:
    wanted = {"properties": ["colour", "textBody"], "bodyProperties": ["colour", "type"]}
    email = await ann.get("Email", (added := await ann.add(message()))["id"], **wanted)
    assert email == {"id": added["id"], "textBody": [{"type": "text/plain"}]}


async def test_a_wrong_type_refuses_only_that_call(ann: Person) -> None:
    assert (await ann.call("Email/get", ids=[], maxBodyValueBytes=-1))["type"] == "invalidArguments"


async def test_attached_message_can_be_parsed_by_its_blob_id(ann: Person) -> None:
    nested = b"Content-Type: message/rfc822\r\n\r\n" + BOTH
    outer = await ann.get("Email", (await ann.add(b"Subject: outer\r\n" + nested))["id"])
    (attached,) = outer["attachments"]
    asked = {"blobIds": [attached["blobId"], "nonsense"], "properties": ["subject", "attachments", "preview"]}
    answer = await ann.call("Email/parse", **asked)
    parsed = answer["parsed"][attached["blobId"]]
    assert (parsed["subject"], parsed["preview"], answer["notFound"]) == ("Über alles", "Grüße, plain", ["nonsense"])
    path = f"/jmap/download/{ann.account}/{parsed['attachments'][0]['blobId']}/x"
    assert (await ann.http.get(path)).content == b"\0\1\2"


# Threads


async def test_reply_joins_the_thread_it_references_if_the_subject_is_the_same(ann: Person) -> None:
    first = await ann.add(message("[list] Plan", "Message-ID: <1@x>"))
    reply = await ann.add(message("Re: [list] Plan", "Message-ID: <2@x>", "In-Reply-To: <1@x>"))
    late = await ann.add(message("AW: Fwd:  Plan (fwd)", "Message-ID: <3@x>", "References: <0@x> <2@x>"))
    other = await ann.add(message("Re: Another", "Message-ID: <4@x>", "In-Reply-To: <1@x>"))
    small = await ann.add(message("Re: plan", "Message-ID: <5@x>", "In-Reply-To: <1@x>"))
    single = await ann.add(message("Plan", "Message-ID: <6@x>"))
    assert first["threadId"] == reply["threadId"] == late["threadId"]
    assert len({each["threadId"] for each in (first, other, small, single)}) == 4
    thread = await ann.get("Thread", first["threadId"])
    assert thread["emailIds"] == [first["id"], reply["id"], late["id"]]


async def test_thread_is_created_updated_and_destroyed_with_its_emails(ann: Person) -> None:
    start = await state(ann, "Thread")
    first = await ann.add(message("Plan", "Message-ID: <1@x>"))
    made = await ann.call("Thread/changes", sinceState=start)
    second = await ann.add(message("Re: Plan", "Message-ID: <2@x>", "In-Reply-To: <1@x>"))
    grown = await ann.call("Thread/changes", sinceState=made["newState"])
    await ann.call("Email/set", destroy=[first["id"]])
    shrunk = await ann.call("Thread/changes", sinceState=grown["newState"])
    await ann.call("Email/set", destroy=[second["id"]])
    ended = await ann.call("Thread/changes", sinceState=shrunk["newState"])
    thread = [first["threadId"]]
    assert (made["created"], grown["updated"], shrunk["updated"], ended["destroyed"]) == (thread,) * 4
    assert (await ann.call("Thread/get", ids=thread))["notFound"] == thread


# Changes


async def test_mail_that_came_and_went_between_two_states_is_not_listed(ann: Person) -> None:
    start = await state(ann)
    kept, gone = await ann.add(message("kept")), await ann.add(message("gone"))
    middle = await state(ann)
    await ann.update("Email", kept["id"], **{"keywords/$seen": True})
    await ann.call("Email/set", destroy=[gone["id"]])
    changes = await ann.call("Email/changes", sinceState=start)
    assert (changes["created"], changes["updated"], changes["destroyed"]) == ([kept["id"]], [], [])
    later = await ann.call("Email/changes", sinceState=middle)
    assert (later["created"], later["updated"], later["destroyed"]) == ([], [kept["id"]], [gone["id"]])
    assert changes["newState"] == later["newState"] == await state(ann)


async def test_mailbox_changes_says_whether_only_counts_changed(ann: Person) -> None:
    await ann.call("Mailbox/get")  # This creates the default mailboxes, which a real server reports as a change, too.
    start = await state(ann, "Mailbox")
    added = await ann.add(message())
    counted = await ann.call("Mailbox/changes", sinceState=start)
    assert counted["updated"] == ["a"]
    assert set(counted["updatedProperties"]) == {"totalEmails", "unreadEmails", "totalThreads", "unreadThreads"}
    inbox = await ann.get("Mailbox", "a")
    counts = [inbox[name] for name in ("totalEmails", "unreadEmails", "totalThreads", "unreadThreads")]
    assert counts == [1, 1, 1, 1]
    await ann.update("Email", added["id"], **{"keywords/$seen": True})
    await ann.update("Mailbox", "a", sortOrder=5)
    both = await ann.call("Mailbox/changes", sinceState=counted["newState"])
    assert (both["updated"], "updatedProperties" in both) == (["a"], False)
    assert [(await ann.get("Mailbox", "a"))[name] for name in ("totalEmails", "unreadEmails")] == [1, 0]


@pytest.mark.parametrize("since", ["zzz", "", "s"])
async def test_unreadable_state_fails_the_whole_request_unless_it_is_the_last_argument(ann: Person, since: str) -> None:
    assert (await ann.call("Email/changes", sinceState=since))["type"] == "invalidArguments"
    call = ["Email/changes", {"accountId": ann.account, "sinceState": since, "maxChanges": 5}, "0"]
    body = {"using": ["urn:ietf:params:jmap:mail"], "methodCalls": [call]}
    answer = await ann.http.post("/jmap/", json=body, headers={"Connection": "close"})
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:ietf:params:jmap:error:notRequest")


async def test_unpaired_surrogate_makes_the_whole_request_invalid(ann: Person) -> None:
    body = b'{"using":[],"methodCalls":[["Mailbox/query",{"accountId":"b","filter":{"name":"\\ud800 x"}},"0"]]}'
    answer = await ann.http.post("/jmap/", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:ietf:params:jmap:error:notRequest")


# Searching


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def library(admin: StalwartClient) -> AsyncIterator[tuple[Person, dict[str, str]]]:
    """A person with different emails, and their ids by name."""
    async with person(admin) as ann:
        made: dict[str, str] = {}
        mails: list[tuple[str, bytes, dict[str, Any]]] = [
            ("first", message("Ships", "Cc: cook@example.com", body="a red whale\r\n"), {"keywords": {"$seen": True}}),
            ("second", message("Re: Ships", body="a blue whale " + "x" * 500), {"keywords": {"$flagged": True}}),
            ("third", BOTH, {"mailboxIds": {"b": True, "a": True}}),
        ]
        for name, content, more in mails:
            received = {"receivedAt": f"2026-01-0{len(made) + 1}T00:00:00Z"}
            made[name] = (await ann.add(content, **(received | more)))["id"]
        await ordered(ann, list(made.values()), sort=[{"property": "receivedAt"}])
        await ordered(ann, [made["third"]], filter={"body": "rich"})
        yield ann, made


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "third second first"),
        ({"inMailbox": "b"}, "third"),
        ({"inMailbox": "e"}, ""),
        ({"inMailboxOtherThan": ["a"]}, "third"),
        ({"operator": "NOT", "conditions": [{"inMailboxOtherThan": ["a", "b"]}]}, "third second first"),
        ({"operator": "NOT", "conditions": [{"inMailboxOtherThan": ["b"]}]}, ""),
        ({"text": "whale"}, "second first"),
        ({"text": '"red whale"'}, "first"),
        ({"subject": '"über alles"'}, "third"),
        ({"from": "b@example.com"}, "third"),
        ({"to": "Jörg org"}, "third"),
        ({"text": "red whale"}, "first"),
        ({"body": "ships"}, ""),
        ({"subject": "ships"}, "second first"),
        ({"from": "sender"}, "second first"),
        ({"to": "jörg"}, "third"),
        ({"cc": "cook@example.com"}, "first"),
        ({"hasKeyword": "$seen"}, "first"),
        ({"notKeyword": "$seen"}, "third second"),
        ({"before": "2026-01-02T00:00:00Z"}, "first"),
        ({"after": "2026-01-01T23:59:59Z"}, "third second"),
        ({"after": "2026-01-02T00:00:00Z"}, "third"),
        ({"minSize": 500, "maxSize": 700}, "second"),
        ({"hasAttachment": True}, "third"),
        ({"hasAttachment": False, "body": "whale"}, "second first"),
        ({"operator": "OR", "conditions": [{"body": "red"}, {"inMailbox": "b"}]}, "third first"),
        ({"operator": "NOT", "conditions": [{"body": "red"}, {"inMailbox": "b"}]}, "second"),
        ({"operator": "AND", "conditions": [{"body": "whale"}, {"notKeyword": "$seen"}]}, "second"),
        (
            {
                "operator": "AND",
                "conditions": [
                    {
                        "operator": "OR",
                        "conditions": [{"text": "red"}, {"operator": "NOT", "conditions": [{"text": "whale"}]}],
                    },
                    {"inMailboxOtherThan": ["e", "d"]},
                ],
            },
            "third first",
        ),
    ],
)
async def test_email_query_filter_finds_the_matching_emails(
    library: tuple[Person, dict[str, str]], wanted: dict[str, Any], found: str
) -> None:
    """Without `header`: a real server finds nothing by it unless its operator has enabled the index of header
    fields. With its own index, a phrase finds what has its words in any order."""
    ann, made = library
    sort = [{"property": "receivedAt", "isAscending": False}]
    assert await ann.query(filter=wanted, sort=sort) == [made[name] for name in found.split()]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ([{"property": "receivedAt"}], "first second third"),
        ([{"property": "size", "isAscending": False}], "third second first"),
        ([{"property": "subject"}, {"property": "receivedAt", "isAscending": False}], "second first third"),
        ([{"property": "from"}, {"property": "receivedAt"}], "third first second"),
        ([{"property": "hasKeyword", "keyword": "$seen", "isAscending": False}, {"property": "receivedAt"}],
         "first second third"),
    ],
)  # fmt: skip
async def test_email_query_sorts_by_the_named_property(
    library: tuple[Person, dict[str, str]], sort: list[dict[str, Any]], order: str
) -> None:
    ann, made = library
    assert await ann.query(sort=sort) == [made[name] for name in order.split()]


async def test_email_query_page_starts_at_a_position_or_an_anchor(library: tuple[Person, dict[str, str]]) -> None:
    ann, made = library
    sort = [{"property": "receivedAt"}]
    first, second, third = made.values()
    pages: list[tuple[dict[str, Any], list[str]]] = [
        ({"position": 1, "limit": 1}, [second]),
        ({"position": -1}, [third]),
        ({"anchor": second}, [second, third]),
        ({"anchor": second, "anchorOffset": -1, "limit": 2}, [first, second]),
        ({"position": 9}, []),
    ]
    for arguments, found in pages:
        assert await ann.query(sort=sort, **arguments) == found
    assert (await ann.call("Email/query", sort=sort, anchor="zzzz"))["type"] == "anchorNotFound"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"filter": {"colour": "red"}}, "unsupportedFilter"),
        ({"filter": {"conditions": [], "operator": "XOR"}}, "invalidArguments"),
        ({"filter": {"before": "yesterday"}}, "invalidArguments"),
        ({"sort": [{"property": "colour"}]}, "unsupportedSort"),
    ],
)
async def test_invalid_email_query_is_rejected(ann: Person, arguments: dict[str, Any], error: str) -> None:
    assert (await ann.call("Email/query", **arguments))["type"] == error


async def test_collapsed_thread_shows_its_first_email_in_sort_order(ann: Person) -> None:
    old = await ann.add(message("Plan", "Message-ID: <1@x>"), receivedAt="2026-01-01T00:00:00Z")
    other = await ann.add(message("Else"), receivedAt="2026-01-02T00:00:00Z")
    new = await ann.add(message("Re: Plan", "References: <1@x>"), receivedAt="2026-01-03T00:00:00Z")
    sort = [{"property": "receivedAt", "isAscending": False}]
    await ordered(ann, [new["id"], other["id"], old["id"]], sort=sort)
    answer = await ann.call("Email/query", sort=sort, collapseThreads=True, calculateTotal=True)
    assert (answer["ids"], answer["total"]) == ([new["id"], other["id"]], 2)
    assert await ann.query(sort=[{"property": "receivedAt"}], collapseThreads=True) == [old["id"], other["id"]]


async def test_query_changes_applied_to_the_old_result_give_the_new_one(ann: Person) -> None:
    wanted = {"filter": {"notKeyword": "$seen"}, "sort": [{"property": "subject"}]}
    made = {word: (await ann.add(message(word)))["id"] for word in ("b", "d", "f")}
    await ordered(ann, list(made.values()), **wanted)
    before = await ann.call("Email/query", **wanted)
    added = await ann.add(message("c"))
    await ann.update("Email", made["d"], **{"keywords/$seen": True})
    await ann.call("Email/set", destroy=[made["f"]])
    await ordered(ann, [made["b"], added["id"]], **wanted)
    answer = await ann.call("Email/queryChanges", **wanted, sinceQueryState=before["queryState"], calculateTotal=True)
    result = [text for text in before["ids"] if text not in answer["removed"]]
    for entry in answer["added"]:
        result.insert(entry["index"], entry["id"])
    assert result == await ann.query(**wanted) == [made["b"], added["id"]]
    assert answer["total"] == 2


async def test_search_snippet_marks_the_words_and_escapes_the_rest(ann: Person) -> None:
    added = await ann.add(message("Fish & <chips>", body="fish <b> everywhere\r\n"))
    asked = {"filter": {"text": "fish"}, "emailIds": [added["id"], "zzzz"]}
    answer = await ann.call("SearchSnippet/get", **asked)
    (snippet,) = answer["list"]
    assert snippet["subject"] == "<mark>Fish</mark> &amp; &lt;chips&gt;"
    assert snippet["preview"].startswith("<mark>fish</mark> &lt;b&gt; everywhere")
    assert answer["notFound"] == ["zzzz"]


@pytest.mark.parametrize(
    ("wanted", "marked"),
    [
        ({"text": '"fish everywhere"'}, "<mark>fish everywhere</mark>"),
        (
            {
                "operator": "AND",
                "conditions": [
                    {"operator": "OR", "conditions": [{"text": "fish"}, {"text": "cat"}]},
                    {"operator": "NOT", "conditions": [{"text": "everywhere"}]},
                    {"inMailboxOtherThan": ["e"]},
                ],
            },
            "<mark>fish</mark> everywhere",
        ),
        ({"from": "sender"}, None),
    ],
)
async def test_search_snippet_marks_what_is_looked_for_and_not_what_is_excluded(
    ann: Person, wanted: dict[str, Any], marked: str | None
) -> None:
    added = await ann.add(message("Dinner", body="fish everywhere\r\n"))
    answer = await ann.call("SearchSnippet/get", filter=wanted, emailIds=[added["id"]])
    (snippet,) = answer["list"]
    assert snippet["subject"] is None
    # A phrase is marked as a whole or word by word.
    assert marked == (snippet["preview"] and snippet["preview"].strip().replace("</mark> <mark>", " "))
