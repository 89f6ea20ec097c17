"""The stand-in for Stalwart answers about a large mailbox with as much work as about a small one.

The work is counted in steps of SQLite's virtual machine, about ten for each row that a statement reads.
"""

import itertools
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from postroom_sandbox.stalwart import ids, permissions
from postroom_sandbox.stalwart.app import create_app
from postroom_sandbox.stalwart.mail import Mail
from postroom_sandbox.stalwart.mail.email_query import EmailQuery, _Source
from postroom_sandbox.stalwart.object_type import Access
from postroom_sandbox.stalwart.store import Store

pytestmark = pytest.mark.stand_in

SMALL, LARGE = 200, 1500
START = datetime(2026, 1, 1, tzinfo=UTC)
NEWEST_FIRST = [{"property": "receivedAt", "isAscending": False}]
INBOX, ARCHIVE = 0, 1  # the second is the trash
PAGE: dict[str, Any] = {"filter": {"inMailbox": "a"}, "sort": NEWEST_FIRST, "limit": 20, "collapseThreads": True}


@dataclass
class Account:
    """The mailbox of one account, whose mail is spread alike however much it is."""

    mail: Mail
    number: int

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        access = Access(self.number, "ann@example.org", permissions.USER)
        ((_, response),) = self.mail.call(method, access, {"accountId": ids.encode(self.number)} | arguments, {})
        return response

    def keep(self, number: int, *, subject: str = "", thread: int | None = None, words: tuple[str, ...] = ()) -> str:
        """An email an hour younger than the one before, of a thread of three, with a rare word in every hundredth."""
        thread = number // 3 if thread is None else thread
        content = (
            f"From: sender{number % 7}@example.com\r\nSubject: {subject or f'Thread {thread}'}\r\n"
            f"Message-ID: <{number}@example.com>\r\nReferences: <thread-{thread}@example.com>\r\n\r\n"
            f"The words of all{' and whale' if number % 100 == 50 else ''}\r\n"
        ).encode()
        mailbox = ARCHIVE if number % 5 == 4 else INBOX
        at = START + timedelta(hours=number)
        return self.mail.store.keep(self.number, content, [mailbox], words, received_at=at, via="bulk").email_id

    def fill(self, emails: int) -> None:
        with self.mail.store._store.transaction():
            for number in range(emails):
                seen = ("$seen",) if number % 10 else ()
                self.keep(number, words=seen + (("$flagged",) if number % 20 == 3 else ()))

    def page(self, **more: Any) -> list[str]:
        return self.call("Email/query", **(PAGE | more))["ids"]


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Account, Account]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = create_app(tmp_path_factory.mktemp("large"), domains=["example.org"], lmtp_listener=listener)
        mail: Mail = app.state.mail
        small, large = Account(mail, 1000), Account(mail, 1001)
        for account, emails in ((small, SMALL), (large, LARGE)):
            mail.folders.ensure(account.number)
            account.fill(emails)
        store: Store = mail.store._store
        yield store, small, large
        store.close()


def steps(store: Store, account: Account, method: str, arguments: dict[str, Any]) -> int:
    count = itertools.count()
    store._db.set_progress_handler(lambda: bool(next(count) < 0), 1)
    try:
        account.call(method, **arguments)
    finally:
        store._db.set_progress_handler(None, 1)
    return next(count)


QUESTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "a page of the inbox": ("Email/query", PAGE),
    "a page with its total": ("Email/query", PAGE | {"calculateTotal": True}),
    "a page of single emails": ("Email/query", PAGE | {"collapseThreads": False, "calculateTotal": True}),
    "the third page": ("Email/query", PAGE | {"position": 40}),
    "the unread of the inbox": (
        "Email/query",
        PAGE | {"filter": {"inMailbox": "a", "notKeyword": "$seen"}, "limit": 5},
    ),
    "the starred": ("Email/query", PAGE | {"filter": {"hasKeyword": "$flagged"}, "limit": 5}),
    "the starred of the inbox": (
        "Email/query",
        PAGE
        | {"limit": 5, "filter": {"operator": "AND", "conditions": [{"inMailbox": "a"}, {"hasKeyword": "$flagged"}]}},
    ),
    "all but the trash": ("Email/query", PAGE | {"filter": {"inMailboxOtherThan": ["b"]}}),
    "everything": ("Email/query", {"sort": NEWEST_FIRST, "limit": 20}),
    "the mailboxes": ("Mailbox/get", {}),
    "the room": ("Quota/get", {"ids": None}),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_large_mailbox_costs_no_more_steps_than_a_small_one(
    question: str, mail: tuple[Store, Account, Account]
) -> None:
    store, small, large = mail
    few, many = (steps(store, account, *QUESTIONS[question]) for account in (small, large))
    assert 0 < many <= 1.3 * few + 20, (few, many)


def test_a_page_after_an_anchor_its_emails_and_its_threads_cost_no_more_steps_in_a_large_mailbox(
    mail: tuple[Store, Account, Account],
) -> None:
    store, *accounts = mail
    costs: list[list[int]] = []
    for account in accounts:
        page = account.page()
        threads = [each["threadId"] for each in account.call("Email/get", ids=page, properties=["threadId"])["list"]]
        state = account.call("Email/get", ids=[])["state"]
        account.keep(9000 + account.number, subject=f"New {account.number}", thread=account.number)
        asked = {"filter": {"inMailbox": "a"}, "sort": NEWEST_FIRST, "sinceQueryState": state, "calculateTotal": True}
        snippets = {"filter": {"text": "words"}, "emailIds": page}
        costs.append(
            [
                steps(store, account, "Email/query", PAGE | {"anchor": page[-1], "anchorOffset": 1}),
                steps(store, account, "Email/get", {"ids": page, "properties": ["subject", "mailboxIds", "keywords"]}),
                steps(store, account, "Thread/get", {"ids": threads}),
                steps(store, account, "Email/queryChanges", asked),
                steps(store, account, "Email/changes", {"sinceState": state}),
                steps(store, account, "SearchSnippet/get", snippets),
            ]
        )
    for few, many in zip(*costs, strict=True):
        assert 0 < many <= 1.3 * few + 20, costs


def test_a_search_reads_the_emails_with_its_words_and_no_others(mail: tuple[Store, Account, Account]) -> None:
    store, _, large = mail
    asked = PAGE | {"filter": {"text": "whale"}, "calculateTotal": True}
    assert large.call("Email/query", **asked)["total"] == LARGE // 100
    assert steps(store, large, "Email/query", asked) < 60 * LARGE // 100


# Results

FILTERS: list[dict[str, Any]] = [
    {},
    {"inMailbox": "a"},
    {"inMailbox": "b", "hasKeyword": "$seen"},
    {"inMailbox": "a", "notKeyword": "$seen"},
    {"notKeyword": "$seen"},
    {"hasKeyword": "$flagged"},
    {"hasKeyword": "$FLAGGED", "inMailbox": "a"},
    {"text": "whale"},
    {"text": "whale", "inMailbox": "a", "hasKeyword": "$seen"},
    {"from": "sender3@example.com", "inMailbox": "b"},
    {"operator": "AND", "conditions": [{"inMailbox": "a"}, {"operator": "NOT", "conditions": [{"text": "whale"}]}]},
    {"operator": "OR", "conditions": [{"inMailbox": "b"}, {"hasKeyword": "$flagged"}]},
    {"operator": "NOT", "conditions": [{"inMailbox": "a"}]},
    {"inMailbox": "a", "minSize": 170, "before": "2026-01-05T00:00:00Z"},
    {"someInThreadHaveKeyword": "$flagged", "inMailbox": "a"},
]
SORTS: list[list[dict[str, Any]]] = [[], NEWEST_FIRST, [{"property": "from"}, {"property": "receivedAt"}]]


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
@pytest.mark.parametrize("collapse", [False, True])
def test_result_and_total_do_not_depend_on_the_source_of_the_rows(
    wanted: dict[str, Any], collapse: bool, mail: tuple[Store, Account, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, small, _ = mail
    for sort in SORTS:
        query = EmailQuery(store, small.number, {"filter": wanted, "sort": sort, "collapseThreads": collapse})
        found, total = list(query.ids()), query.total()
        with monkeypatch.context() as patch:
            patch.setattr(query, "_source", lambda: _Source("emails e", "e.account_id = ?", (small.number,)))
            plain = list(query.ids())
        assert (found, total) == (plain, len(plain))
        assert query.matching(set(found[::7]) | {5 << 32 | 99_999}) == set(found[::7])


def test_pages_together_are_the_whole_result(mail: tuple[Store, Account, Account]) -> None:
    _, small, _ = mail
    whole = small.page(limit=5000)
    pages = [small.page(position=at) for at in range(0, len(whole), 20)]
    assert [text for page in pages for text in page] == whole
    assert small.page(position=-5) == whole[-5:]
    assert small.page(anchor=whole[30], anchorOffset=-3) == whole[27:47]
    assert "limit" not in small.call("Email/query", **(PAGE | {"limit": len(whole)}))
    assert small.call("Email/query", **(PAGE | {"limit": len(whole) - 1}))["limit"] == len(whole) - 1


RECOUNT = """
    SELECT m.mailbox_id, count(*), count(*) FILTER (WHERE unread), count(DISTINCT e.thread_id),
        count(DISTINCT iif(unread, e.thread_id, NULL))
    FROM email_mailboxes m JOIN (SELECT row, thread_id, NOT EXISTS (
        SELECT 1 FROM email_keywords k WHERE k.row = emails.row AND k.keyword IN ('$seen', '$draft')) AS unread
        FROM emails) e ON e.row = m.row
    WHERE m.account_id = ? GROUP BY m.mailbox_id"""


def test_counts_are_right_after_any_changes(mail: tuple[Store, Account, Account]) -> None:
    store, _, _ = mail
    account, random = Account(mail[1].mail, 1002), Random(3)
    account.mail.folders.ensure(account.number)
    account.fill(60)
    for number in range(150):
        email = random.choice(account.call("Email/query")["ids"])
        match random.randrange(5):
            case 0:
                account.call("Email/set", destroy=[email])
                account.keep(100 + number, thread=random.randrange(12))
            case 1:
                account.call("Email/set", update={email: {"mailboxIds": {random.choice("abce"): True, "d": True}}})
            case 2:
                account.call("Email/set", update={email: {"mailboxIds": {random.choice("ab"): True}}})
            case _:
                word = random.choice(["$seen", "$draft", "$flagged", "$seen"])
                account.call("Email/set", update={email: {f"keywords/{word}": random.choice([True, None])}})
        counted = {row[0]: list(row[1:]) for row in store.rows(RECOUNT, account.number)}
        names = ("totalEmails", "unreadEmails", "totalThreads", "unreadThreads")
        for box in account.call("Mailbox/get")["list"]:
            assert [box[name] for name in names] == counted.get(ids.decode(box["id"]), [0, 0, 0, 0]), number
    ((size,),) = store.rows("SELECT sum(size) FROM emails WHERE account_id = ?", account.number)
    assert store.row("SELECT used FROM mail_accounts WHERE account_id = ?", account.number) == (size,)
    store.run("DELETE FROM mail_accounts WHERE account_id = ?", account.number)
    for table in ("emails", "email_mailboxes", "email_keywords", "mailbox_threads", "mailboxes"):
        assert store.rows(f"SELECT 1 FROM {table} WHERE account_id = ?", account.number) == [], table  # noqa: S608


def test_a_blob_is_removed_once_its_last_reference_is_gone(mail: tuple[Store, Account, Account]) -> None:
    store, small, _ = mail
    emails = [small.keep(8000, subject="twice"), small.keep(8000, subject="twice")]
    blob = small.call("Email/get", ids=emails[:1], properties=["blobId"])["list"][0]["blobId"]
    for email, kept in zip(emails, (True, False), strict=True):
        small.call("Email/set", destroy=[email])
        small.mail.blobs.upload(small.number, b"something else")
        access = Access(small.number, "ann@example.org", permissions.USER | {"impersonate"})
        assert (small.mail.blobs.read(access, blob) is not None) is kept
    assert store.rows("SELECT 1 FROM released_blobs") == []


# The upgrade of an earlier state


def test_a_state_of_an_earlier_version_keeps_its_mail_and_gets_its_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from postroom_sandbox.stalwart import store as module

    monkeypatch.setattr(module, "_SCHEMAS", (all_of_them := module._SCHEMAS)[:6])
    early = Store(tmp_path)
    early.run("INSERT INTO mail_accounts (account_id, change_id) VALUES (5, 1)")
    early.run("INSERT INTO mailboxes (account_id, id, name) VALUES (5, 0, 'Inbox')")
    early.run("INSERT INTO blobs VALUES ('d', 'x')")
    for number, words in ((1, ["$seen"]), (2, []), (3, ["$draft"])):
        values = (number, 5, number, number // 2, "d", 10, f"2026-01-0{number}T00:00:00Z", "", "", "", "", 0, "{}")
        early.run("INSERT INTO emails VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *values)
        early.run("INSERT INTO email_mailboxes VALUES (?, 5, 0)", number)
        for word in words:
            early.run("INSERT INTO email_keywords VALUES (?, ?)", number, word)
    early.close()
    monkeypatch.setattr(module, "_SCHEMAS", all_of_them)
    later = Store(tmp_path)
    counts = "SELECT total_emails, unread_emails, total_threads, unread_threads FROM mailboxes"
    assert later.rows(counts) == [(3, 1, 2, 1)]
    assert later.rows("SELECT used FROM mail_accounts") == [(30,)]
    assert later.rows("SELECT row, document FROM email_documents") == [(1, "{}"), (2, "{}"), (3, "{}")]
    query = {"filter": {"inMailbox": "a", "notKeyword": "$seen"}, "sort": NEWEST_FIRST}
    assert list(EmailQuery(later, 5, query).ids()) == [1 << 32 | 3, 1 << 32 | 2]
    later.close()
