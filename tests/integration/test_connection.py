"""The pool: a dead connection is not given out, and a living one is not asked whether it lives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest.mock import AsyncMock, patch

import psycopg
import pytest
from psycopg import errors
from psycopg.sql import SQL
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from postroom.errors import Unavailable
from postroom.postgres import connection as connection_module
from postroom.postgres.connection import POOL_TIMEOUT, Lost, Pool, connection, is_away, make_pool, rows
from records import Records
from relay import relay_to
from servers import Database

PREPARED_AT = 6
"""Executions after which psycopg has prepared a statement: its threshold is 5."""


async def end_all(database: Database) -> None:
    async with await psycopg.AsyncConnection.connect(database.service_url, autocommit=True) as other:
        ended = await other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'postroom'"
        )
        assert {done for (done,) in await ended.fetchall()} == {True}


async def test_a_connection_that_the_server_ended_is_not_given_out(pool: Pool, database: Database) -> None:
    await asyncio.gather(*(rows(pool, "breaker_read") for _ in range(8)))
    await end_all(database)
    async with asyncio.timeout(POOL_TIMEOUT / 2):
        assert len(await rows(pool, "breaker_read")) == 1


async def test_who_gives_up_while_a_connection_is_looked_at_takes_none_along(database: Database) -> None:
    asked = asyncio.Event()

    async def hang(_: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with make_pool(database.service_url, size=1) as pool:
        await rows(pool, "breaker_read")
        await end_all(database)
        with patch.object(AsyncConnectionPool, "check_connection", staticmethod(hang)):
            asking = asyncio.create_task(rows(pool, "breaker_read"))
            await asyncio.wait_for(asked.wait(), timeout=5)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        assert len(await rows(pool, "breaker_read")) == 1


@asynccontextmanager
async def looked_at_in_vain(pool: Pool) -> AsyncIterator[None]:
    """The server has said something, and does not answer what it is asked then; yet the connections live."""
    refused = AsyncMock(side_effect=psycopg.errors.QueryCanceled)
    with (
        patch.object(connection_module, "is_silent", return_value=False),
        patch.object(pool, "check_connection", refused),
    ):
        yield


async def test_a_connection_that_did_not_answer_is_not_the_next_one_again_and_the_search_ends(
    database: Database,
) -> None:
    async with make_pool(database.service_url, size=1) as pool:
        async with connection(pool) as first:
            pass
        async with looked_at_in_vain(pool), asyncio.timeout(POOL_TIMEOUT):
            with pytest.raises(PoolTimeout):
                await pool.getconn(timeout=0.2)
        assert first.closed


async def test_a_living_connection_is_not_asked_whether_it_lives(pool: Pool) -> None:
    await rows(pool, "breaker_read")
    with patch.object(AsyncConnectionPool, "check_connection") as asked:
        for _ in range(10):
            await rows(pool, "breaker_read")
    asked.assert_not_called()


@pytest.mark.parametrize(
    ("sqlstate", "again"),
    [
        ("40P01", True),  # of a deadlock's two statements one is refused: it changed nothing, and works now
        ("40001", True),  # serialization failure, the same
        ("53300", True),
        ("57P01", True),
        ("25006", True),
        ("40003", False),  # whether it was committed is unknown
        ("40002", False),
        ("23505", False),
        ("42601", False),
    ],
)
async def test_what_passes_by_itself_is_tried_again_and_what_does_not_is_a_defect(
    pool: Pool, sqlstate: str, again: bool
) -> None:
    with pytest.raises(Unavailable if again else psycopg.Error) as raised:
        async with connection(pool) as conn:
            await conn.execute(SQL("DO $$ BEGIN RAISE SQLSTATE {}; END $$").format(sqlstate))
    assert not isinstance(raised.value, Lost), "the server said itself that nothing was committed"


async def test_a_server_that_takes_a_statement_and_never_answers_is_away(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does a proxy before a dead one. Nothing else would ever end the wait: what is sent is acknowledged."""
    monkeypatch.setattr(connection_module, "ANSWERED_WITHIN", 0.2)
    port = int(database.service_url.rpartition("/")[0].rpartition(":")[2])
    async with (
        relay_to(port) as relay,
        make_pool(database.service_url.replace(f":{port}/", f":{relay.port}/"), size=1) as pool,
    ):
        await rows(pool, "breaker_read")
        relay.speaks.clear()
        async with asyncio.timeout(POOL_TIMEOUT):
            with pytest.raises(Lost):
                await rows(pool, "breaker_read")
        relay.speaks.set()
        assert len(await rows(pool, "breaker_read")) == 1, "the connection that was cut off is not missing"


@pytest.mark.parametrize(
    "error",
    [
        errors.SystemError,
        errors.InternalError_,
        errors.IoError,
        errors.LockNotAvailable,
        errors.FeatureNotSupported,
        errors.DiskFull,
        errors.ReadOnlySqlTransaction,
        errors.DeadlockDetected,
        errors.AdminShutdown,
    ],
)
def test_what_is_no_fault_of_the_statement_counts_as_away(error: type[psycopg.Error]) -> None:
    assert is_away(error("as PostgreSQL says it"))


@pytest.mark.parametrize("error", [errors.UndefinedColumn, errors.UniqueViolation, errors.InsufficientPrivilege])
def test_what_trying_again_cannot_mend_does_not_count_as_away(error: type[psycopg.Error]) -> None:
    assert not is_away(error("as PostgreSQL says it"))


async def test_a_prepared_statement_whose_table_was_changed_costs_a_connection_one_failure(
    database: Database, records: Records
) -> None:
    async with make_pool(database.service_url, size=1) as pool:
        for _ in range(PREPARED_AT):
            await rows(pool, "breaker_read")
        await records.rows("ALTER TABLE mail_server_breaker ALTER error TYPE varchar(300)")
        with pytest.raises(Unavailable):
            await rows(pool, "breaker_read")
        assert len(await rows(pool, "breaker_read")) == 1
