"""One SQLite file. Every statement runs on the event loop's thread: none takes a millisecond."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

_FILE_NAME = "stalwart.sqlite3"
_SCHEMA_VERSION = 1


class Store:
    """Opens, and at the first start creates, the state in `folder`.

    A commit survives `kill -9` of this process, for by then the write-ahead log is with the kernel; a power
    cut may take the last ones, which a trial can bear.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _FILE_NAME
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            self._db.execute(f"PRAGMA {pragma}")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            schema = files("postroom.sandbox.stalwart").joinpath("schema.sql").read_text("utf-8")
            self._db.executescript(f"BEGIN; {schema} COMMIT;")
        elif version != _SCHEMA_VERSION:
            raise RuntimeError(f"{path} is of another version of Postroom: move it away and start anew")

    def now(self) -> str:
        """The time as `createdAt` has it (UTCDate of RFC 8620 §1.4)."""
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All or nothing; whatever escapes the block undoes it."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def run(self, sql: str, *parameters: object) -> int:
        """Executes one statement and answers the id of the row it inserted."""
        return self._db.execute(sql, parameters).lastrowid or 0

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self._db.execute(sql, parameters).fetchall()

    def row(self, sql: str, *parameters: object) -> tuple[Any, ...] | None:
        return self._db.execute(sql, parameters).fetchone()
