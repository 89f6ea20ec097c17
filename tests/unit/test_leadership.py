"""What a process says that cannot open the connection of its leaderships."""

import asyncio
from contextlib import suppress
from typing import Any, cast

import psycopg
import pytest
from psycopg.rows import DictRow
from structlog.testing import capture_logs

from fakes import FakeClock
from postroom.errors import DatabaseUnavailable
from postroom.postgres.leadership import PostgresLeadership


class SilentAtTheEnd:
    """A connection that grants every lock, and does not answer when one is released."""

    def __init__(self) -> None:
        self.closed = False

    def fileno(self) -> int:
        return 0

    async def execute(self, statement: str, _: list[str]) -> "SilentAtTheEnd":
        if "unlock" in statement:
            await asyncio.Event().wait()
        return self

    async def fetchone(self) -> dict[str, bool]:
        return {"ours": True}

    async def close(self) -> None:
        self.closed = True


async def test_cancelled_end_of_a_leadership_closes_its_connection() -> None:
    """Else this process would keep the lock without leading, and no other one could lead."""
    conn = SilentAtTheEnd()

    async def connect() -> psycopg.AsyncConnection[DictRow]:
        return cast(Any, conn)

    async def lead() -> None:
        async with PostgresLeadership(connect).lead("sweep") as leads:
            assert leads

    leading = asyncio.create_task(lead())
    with suppress(TimeoutError):
        await asyncio.wait_for(leading, 0.05)
    assert leading.cancelled()
    assert conn.closed


FULL = 'connection failed: FATAL:  too many connections for role "postroom"'


async def test_process_that_cannot_lead_says_so_once_a_minute() -> None:
    async def refused() -> psycopg.AsyncConnection[DictRow]:
        raise psycopg.OperationalError(FULL)

    clock = FakeClock()
    leadership = PostgresLeadership(refused, monotonic=clock.monotonic)

    async def tries(seconds: int) -> None:
        for _ in range(seconds):
            for name in ("release", "sweep"):
                with pytest.raises(DatabaseUnavailable):
                    async with leadership.lead(name):
                        pass
            clock.seconds += 1

    with capture_logs() as lines:
        await tries(59)
        assert len(lines) == 1
        await tries(2)
    assert len(lines) == 2
    assert lines[1]["log_level"] == "warning"
    assert "too many connections" in lines[1]["error"]
    assert "POSTROOM_POOL_SIZE" in lines[1]["fix"]
