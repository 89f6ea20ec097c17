"""The running processes, as each of them last recorded itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from postroom.errors import DatabaseUnavailable
from postroom.postgres.connection import Row, Statements, row, rows

SEEN_WITHIN = 60.0
"""Seconds. A process that runs and reaches PostgreSQL writes its row every 10 s."""


@dataclass(frozen=True, slots=True)
class ThisProcess:
    """`revision` is the newest migration of its code."""

    id: UUID
    host: str
    pid: int
    kind: Literal["serve", "work"]
    version: str
    revision: str


class PostgresProcesses(Statements):
    """All methods raise `DatabaseUnavailable`."""

    async def record(self, process: ThisProcess, loops: Mapping[str, Mapping[str, float]]) -> None:
        """Record that it is alive; `loops` as in postgres/migrations/versions/0005_processes.sql."""
        values = {name: getattr(process, name) for name in process.__slots__}
        await self._write("process_record", values | {"loops": Jsonb(loops)})

    async def forget(self, process: ThisProcess) -> None:
        await self._write("process_forget", {"id": process.id})

    async def all(self) -> list[Row]:
        return await rows(self._pool, "processes")

    async def _write(self, statement: str, values: Mapping[str, object]) -> None:
        try:
            await row(self._pool, statement, values)
        except psycopg.Error as error:
            # A missing right, for example: no mailbox depends on this row, so that must not end the process.
            raise DatabaseUnavailable(
                f"PostgreSQL refuses the row of this process (SQLSTATE {error.sqlstate})"
            ) from error
