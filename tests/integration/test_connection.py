"""The pool never returns a dead connection, and checks a healthy one without a query."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest.mock import AsyncMock, patch
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors
from psycopg.sql import SQL, Identifier
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from parts import READ_ONLY
from postroom.errors import DatabaseUnavailable
from postroom.postgres import connection as connection_module
from postroom.postgres import migrate
from postroom.postgres.connection import (
    POOL_TIMEOUT,
    Lost,
    Pool,
    Row,
    connection,
    make_pool,
    means_unavailable,
    open_leader_connection,
    require_reachable,
    rows,
)
from records import Records
from relay import relay_before
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


async def test_pool_does_not_hand_out_connections_closed_by_the_server(pool: Pool, database: Database) -> None:
    await asyncio.gather(*(rows(pool, "breaker_read") for _ in range(8)))
    await end_all(database)
    async with asyncio.timeout(POOL_TIMEOUT / 2):
        assert len(await rows(pool, "breaker_read")) == 1


async def test_cancellation_during_a_connection_check_leaks_no_connection(database: Database) -> None:
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
async def failing_check(pool: Pool) -> AsyncIterator[None]:
    """The connections have unread data, and a check of them fails, although they are alive."""
    refused = AsyncMock(side_effect=psycopg.errors.QueryCanceled)
    with (
        patch.object(connection_module, "is_silent", return_value=False),
        patch.object(pool, "check_connection", refused),
    ):
        yield


async def test_pool_drops_a_connection_that_fails_its_check_and_getconn_times_out(
    database: Database,
) -> None:
    async with make_pool(database.service_url, size=1) as pool:
        async with connection(pool) as first:
            pass
        async with failing_check(pool), asyncio.timeout(POOL_TIMEOUT):
            with pytest.raises(PoolTimeout):
                await pool.getconn(timeout=0.2)
        assert first.closed


async def test_pool_reuses_a_healthy_connection_without_a_check(pool: Pool) -> None:
    await rows(pool, "breaker_read")
    with patch.object(AsyncConnectionPool, "check_connection") as asked:
        for _ in range(10):
            await rows(pool, "breaker_read")
    asked.assert_not_called()


@pytest.mark.parametrize(
    ("sqlstate", "again"),
    [
        ("40P01", True),  # PostgreSQL cancels one of two deadlocked statements: it changed nothing, and can be repeated
        ("40001", True),  # serialization failure: the same
        ("53300", True),
        ("57P01", True),
        ("25006", True),
        ("25P04", True),  # a database or a role may set transaction_timeout
        ("40003", False),  # it is unknown whether it was committed
        ("40002", False),
        ("23505", False),
        ("42601", False),
    ],
)
async def test_temporary_postgresql_errors_count_as_unavailable_and_others_as_defects(
    pool: Pool, sqlstate: str, again: bool
) -> None:
    with pytest.raises(DatabaseUnavailable if again else psycopg.Error) as raised:
        async with connection(pool) as conn:
            await conn.execute(SQL("DO $$ BEGIN RAISE SQLSTATE {}; END $$").format(sqlstate))
    assert not isinstance(raised.value, Lost), "the server reported that nothing was committed"


async def test_postgresql_that_never_answers_a_statement_counts_as_unavailable(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy in front of a dead server also accepts the query. Nothing else would end the wait, because TCP gets its
    acknowledgements."""
    monkeypatch.setattr(connection_module, "ANSWERED_WITHIN", 0.2)
    async with relay_before(database.service_url) as (relay, url), make_pool(url, size=1) as pool:
        await rows(pool, "breaker_read")
        relay.black_hole()
        async with asyncio.timeout(POOL_TIMEOUT):
            with pytest.raises(Lost):
                await rows(pool, "breaker_read")
        relay.pass_on()
        assert len(await rows(pool, "breaker_read")) == 1, "the pool replaces the closed connection"


@pytest.mark.parametrize(
    ("error", "unavailable"),
    [
        (errors.SystemError, True),
        (errors.InternalError_, True),
        (errors.IoError, True),
        (errors.LockNotAvailable, True),
        (errors.FeatureNotSupported, True),
        (errors.DiskFull, True),
        (errors.ReadOnlySqlTransaction, True),
        (errors.DeadlockDetected, True),
        (errors.AdminShutdown, True),
        # A retry cannot fix these.
        (errors.UndefinedColumn, False),
        (errors.UniqueViolation, False),
        (errors.InsufficientPrivilege, False),
    ],
)
def test_error_not_caused_by_the_statement_means_postgresql_is_unavailable(
    error: type[psycopg.Error], unavailable: bool
) -> None:
    assert means_unavailable(error("as PostgreSQL says it")) is unavailable


async def test_prepared_statement_fails_once_per_connection_after_a_table_change(
    database: Database, records: Records
) -> None:
    async with make_pool(database.service_url, size=1) as pool:
        for _ in range(PREPARED_AT):
            await rows(pool, "breaker_read")
        await records.rows("ALTER TABLE mail_server_breaker ALTER error TYPE varchar(300)")
        with pytest.raises(DatabaseUnavailable):
            await rows(pool, "breaker_read")
        assert len(await rows(pool, "breaker_read")) == 1


async def test_failed_connection_is_reported_with_the_message_of_postgresql(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "POOL_TIMEOUT", 2)
    async with make_pool(database.service_url.replace(f"/{database.name}", "/nowhere"), size=1) as pool:
        with pytest.raises(DatabaseUnavailable, match=r'^PostgreSQL refuses us: .*database "nowhere" does not exist$'):
            await rows(pool, "breaker_read")


async def test_exhausted_pool_is_not_reported_as_postgresql_unreachable(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with make_pool(database.service_url, size=1) as pool, connection(pool):
        # Only now: on a busy machine the first connection takes longer than that.
        monkeypatch.setattr(pool, "timeout", 0.5)
        with pytest.raises(DatabaseUnavailable, match=r"^no connection to PostgreSQL was available in time$"):
            await rows(pool, "breaker_read")


async def test_statement_that_postgresql_cannot_serve_now_fails_with_the_message_of_postgresql(
    database: Database,
) -> None:
    async with make_pool(database.service_url + READ_ONLY, size=1) as pool:
        with pytest.raises(DatabaseUnavailable, match=r"in a read-only transaction \(SQLSTATE 25006\)$"):
            await rows(pool, "process_forget", {"id": uuid4()})


async def test_connection_error_for_several_hosts_names_each_once() -> None:
    with pytest.raises(DatabaseUnavailable) as raised:
        await require_reachable("postgresql://postroom@127.0.0.1:9,127.0.0.1:8/postroom")
    reported = str(raised.value)
    assert [reported.count(f"port {port} failed: Connection refused") for port in (9, 8)] == [1, 1]
    assert "\n" not in reported


async def shown(conn: psycopg.AsyncConnection[Row], *names: str) -> list[str]:
    cursor = await conn.execute("SELECT current_setting(name) AS found FROM unnest(%s::text[]) AS name", [list(names)])
    return [row["found"] for row in await cursor.fetchall()]


async def test_connection_options_of_the_url_are_combined_with_ours(database: Database) -> None:
    """For example another search_path. But a webhook gets the right response in time, whatever they are."""
    options = quote("-c search_path=mail -c statement_timeout=0 -c idle_session_timeout=0", safe="")
    url = f"{database.service_url}?options={options}"
    async with make_pool(url, size=1) as pool, connection(pool) as conn:
        assert await shown(conn, "search_path", "statement_timeout") == ["mail", "4s"]
    async with await open_leader_connection(url, idle=7) as leader:
        assert await shown(leader, "search_path", "idle_session_timeout") == ["mail", "7s"]


SETTINGS = {
    "client_encoding": ("LATIN1", "UTF8"),
    "DateStyle": ("SQL, DMY", "ISO, MDY"),
    "IntervalStyle": ("iso_8601", "postgres"),
    "TimeZone": ("Asia/Tokyo", "UTC"),
    "default_transaction_isolation": ("serializable", "read committed"),
    "standard_conforming_strings": ("off", "on"),
}
"""Those of a database, and ours."""


async def test_settings_of_the_database_do_not_reach_our_sessions(database: Database) -> None:
    """psycopg cannot read a date in another style, and our statements fail or mean another thing with the rest."""
    async with await psycopg.AsyncConnection.connect(database.owner_url, autocommit=True) as owner:
        for name, (theirs, _) in SETTINGS.items():
            change = SQL("ALTER DATABASE {} SET {} = {}").format(Identifier(database.name), Identifier(name), theirs)
            await owner.execute(change)
    wanted = [ours for _, ours in SETTINGS.values()]
    async with make_pool(database.service_url, size=1) as pool, connection(pool) as conn:
        assert await shown(conn, *SETTINGS) == wanted
    given = f"{database.service_url}?options={quote('-c DateStyle=German')}"
    async with await open_leader_connection(given) as leader:
        assert await shown(leader, *SETTINGS) == wanted
    with migrate.connect(database.owner_url) as conn:
        assert [conn.execute(SQL("SHOW {}").format(Identifier(name))).fetchone() for name in SETTINGS] == [
            (each,) for each in wanted
        ]
