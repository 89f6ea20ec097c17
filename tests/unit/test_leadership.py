"""What a process says that cannot open the connection of its leaderships."""

import psycopg
import pytest
from psycopg.rows import DictRow
from structlog.testing import capture_logs

from fakes import FakeClock
from postroom.errors import DatabaseUnavailable
from postroom.postgres.leadership import PostgresLeadership

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
