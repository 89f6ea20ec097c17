"""Assigns messages to threads (RFC 8621 §3), and the methods Thread/get and Thread/changes."""

import re

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.mail.change_log import ChangeLog, Commit
from postroom_sandbox.stalwart.mail.data_type import DataType, MailCall
from postroom_sandbox.stalwart.standard_methods import MAX_OBJECTS
from postroom_sandbox.stalwart.store import Store

_PREFIX = re.compile(
    r"""\s*(?:(?:re|fwd?|aw|wg|sv|vs|antw|tr|rif|res|enc|odp)\s*(?:\[[^\]]*\])?\s*:|\[[^\]]*\](?=\s*\S))""",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"\s*\(fwd\)\s*$", re.IGNORECASE)


def base_subject(subject: str) -> str:
    """The subject without the prefixes of replies and forwards (RFC 5256 §2.1). It is case-sensitive."""
    text = " ".join(subject.split())
    while True:
        shorter = _SUFFIX.sub("", text)
        if match := _PREFIX.match(shorter):
            shorter = shorter[match.end() :].lstrip()
        if shorter == text:
            return text
        text = shorter


class Threads:
    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, account: int, message_ids: frozenset[str], subject: str) -> int | None:
        """The oldest thread with this base subject and a message that has, or refers to, one of these Message-IDs."""
        if not message_ids:
            return None
        placeholders = ", ".join("?" * len(message_ids))
        sql = f"""
            SELECT min(e.thread_id) FROM email_references r JOIN emails e ON e.row = r.row
            WHERE r.account_id = ? AND r.message_id IN ({placeholders}) AND e.subject = ?"""  # noqa: S608 - placeholders only
        row = self._store.row(sql, account, *message_ids, subject)
        return row[0] if row else None

    def note_joined(self, commit: Commit, account: int, thread: int) -> None:
        """Note that a message was added: the thread is created or updated."""
        commit.note("Thread", thread, "created" if len(self.emails(account, thread)) == 1 else "updated")

    def note_left(self, commit: Commit, account: int, thread: int) -> None:
        commit.note("Thread", thread, "updated" if self.emails(account, thread) else "destroyed")

    def emails(self, account: int, thread: int) -> list[int]:
        """The ids of its emails, oldest first."""
        sql = """
            SELECT thread_id << 32 | document_id FROM emails
            WHERE account_id = ? AND thread_id = ? ORDER BY received_at, document_id"""
        return [number for (number,) in self._store.rows(sql, account, thread)]


class ThreadType(DataType):
    name = "Thread"

    def __init__(self, store: Store, log: ChangeLog) -> None:
        super().__init__(store, log)
        self._threads = Threads(store)

    def all_ids(self, call: MailCall) -> list[int]:
        sql = "SELECT DISTINCT thread_id FROM emails WHERE account_id = ? ORDER BY thread_id LIMIT ?"
        return [number for (number,) in self._store.rows(sql, call.account, MAX_OBJECTS)]

    def shown(self, call: MailCall, numbers: list[int], arguments: JSON) -> dict[int, JSON]:
        found: dict[int, JSON] = {}
        for number in numbers:
            if emails := self._threads.emails(call.account, number):
                found[number] = {"emailIds": [ids.encode(email) for email in emails]}
        return found
