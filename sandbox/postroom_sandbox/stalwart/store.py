"""The state in one SQLite file. Every statement runs in the event loop's thread; all except searches take less than a
millisecond."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

_FILE_NAME = "stalwart.sqlite3"
# Each one upgrades the version that equals its index in this list.
_SCHEMAS = (
    *("schema.sql", "mail/schema.sql", "intake/schema.sql", "security.sql", "mail/sieve.sql", "settings.sql"),
    *("mail/large_mailboxes.sql", "mail/sending.sql", "mail/contacts.sql", "lifecycle.sql"),
)


class StateOfLaterVersion(Exception):
    """The file has a schema that this code does not know."""


class Store:
    """Opens the state in `folder`, and creates it at the first start.

    A commit survives `kill -9` of this process, because the kernel already has the write-ahead log. A power failure may
    lose the last commits, which a trial tolerates.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _FILE_NAME
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            self._db.execute(f"PRAGMA {pragma}")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > len(_SCHEMAS):
            raise StateOfLaterVersion(f"{path} was written by a later version of Postroom")
        for name in _SCHEMAS[version:]:
            schema = files("postroom_sandbox.stalwart").joinpath(name).read_text("utf-8")
            self._db.executescript(f"BEGIN; {schema} COMMIT;")

    def now(self) -> str:
        """The current time in the format of `createdAt` (UTCDate of RFC 8620 §1.4)."""
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """One transaction, which any exception in the block rolls back. Within another one, it is a part of that."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def run(self, sql: str, *parameters: object) -> int:
        """Execute one statement and return the id of the inserted row."""
        return self._db.execute(sql, parameters).lastrowid or 0

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self._db.execute(sql, parameters).fetchall()

    def row(self, sql: str, *parameters: object) -> tuple[Any, ...] | None:
        return self._db.execute(sql, parameters).fetchone()

    def each(self, sql: str, *parameters: object) -> Generator[tuple[Any, ...]]:
        """The rows one by one. Close it if not all are read: an unfinished statement holds on to the file's log."""
        cursor = self._db.execute(sql, parameters)
        try:
            yield from cursor
        finally:
            cursor.close()

    def next_number(
        self, account: int, kind: Literal["email", "thread", "mailbox", "identity", "submission", "script", "contact"]
    ) -> int:
        """The next number for an object of this type in the account, within a transaction."""
        column = f"last_{kind}"
        sql = f"UPDATE mail_accounts SET {column} = {column} + 1 WHERE account_id = ? RETURNING {column}"  # noqa: S608 - a constant
        ((number,),) = self.rows(sql, account)
        return number
