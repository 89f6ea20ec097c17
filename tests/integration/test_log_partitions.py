"""The partitions of the audit: each is protected, even after it was detached, and no row stays in the default
partition."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, LiteralString

import pytest
from psycopg import AsyncConnection, errors, sql

from eventually import eventually
from postroom.errors import ConfigurationError
from postroom.postgres import migrate as migrate_module
from postroom.postgres.audit import Audit
from postroom.postgres.connection import Pool
from postroom.postgres.migrate import upgrade
from postroom.postgres.requests import PostgresRequests
from postroom_sandbox.embedded_postgres import SERVICE_ROLE, EmbeddedPostgres
from records import NOWHERE, Records, mailbox, records_of
from servers import Database, new_database

CHANGES: list[LiteralString] = ["UPDATE {} SET status = 'success'", "DELETE FROM {}", "TRUNCATE {}"]
LOG = "email_provisioning_log"
DEFAULT = f"{LOG}_default"


def month_ahead(months: int) -> str:
    """The name of the partition for the month that is `months` ahead."""
    now = datetime.now(UTC)
    year, month = divmod(now.year * 12 + now.month - 1 + months, 12)
    return f"{LOG}_{year}_{month + 1:02}"


async def run(records: Records, statement: LiteralString, *tables: str) -> None:
    await records.connection.execute(sql.SQL(statement).format(*map(sql.Identifier, tables)))


async def partitions(records: Records) -> set[str]:
    found = await records.rows(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'email_provisioning_log'::regclass"
    )
    return {row["name"] for row in found}


async def write(records: Records, *months: int) -> None:
    """Add one row to each of these months, counted from now."""
    await records.rows(
        "INSERT INTO email_provisioning_log (action, status, attempt_count, email, created_at) "
        "SELECT 'create', 'failed', month, month || '@example.org', now() + make_interval(months => month) "
        "FROM unnest(%s::int[]) AS month",
        list(months),
    )


async def all_rows(records: Records) -> list[dict[str, Any]]:
    return await records.rows("SELECT * FROM email_provisioning_log ORDER BY id")


async def places(records: Records) -> dict[int, str]:
    """The partition that holds the row of each month."""
    found = await records.rows("SELECT attempt_count, tableoid::regclass::text AS name FROM email_provisioning_log")
    return {row["attempt_count"]: row["name"] for row in found}


async def migrate(database: Database) -> None:
    await asyncio.to_thread(upgrade, database.owner_url, SERVICE_ROLE)


async def test_rows_of_several_months_leave_the_default_partition_unchanged(
    database: Database, records: Records, pool: Pool
) -> None:
    for months in (0, 1):
        await run(records, "DROP TABLE {}", month_ahead(months))
    await write(records, -3, -1, 0, 0, 1, 2, 30)
    before = await all_rows(records)
    assert (await Audit(pool).counts())["log_default_rows"] == 1
    await migrate(database)
    assert await all_rows(records) == before
    assert await places(records) == {months: month_ahead(months) for months in (-3, -1, 0, 1, 2, 30)}
    expected = {month_ahead(months) for months in (-3, -1, *range(25), 30)} | {DEFAULT}
    assert await partitions(records) == expected
    assert (await Audit(pool).counts())["log_default_rows"] == 0
    await write(records, 40)
    assert (await places(records))[40] == DEFAULT, "the default partition exists again"
    for table in (month_ahead(-3), DEFAULT):
        for change in CHANGES:
            with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
                await run(records, change, table)
    assert not await may(records, DEFAULT, "INSERT, UPDATE, DELETE, TRUNCATE")
    newest = max(row["id"] for row in before)
    assert max(row["id"] for row in await all_rows(records)) > newest, "no id is assigned twice"


async def test_services_keep_writing_while_rows_leave_the_default_partition(
    database: Database, records: Records, requests: PostgresRequests
) -> None:
    await run(records, "DROP TABLE {}", month_ahead(0))
    stop = asyncio.Event()
    written = 0

    async def service() -> None:
        nonlocal written
        while not stop.is_set():
            written += 1
            assert await requests.accept(
                mailbox(f"user-{written}"), holder=None, lease=10, origin=NOWHERE, action="accept"
            )

    services = [asyncio.create_task(service()) for _ in range(4)]
    await eventually(lambda: written >= 100, "the services are writing")
    await migrate(database)
    stop.set()
    await asyncio.gather(*services)
    rows = await all_rows(records)
    assert len(rows) == len({row["id"] for row in rows}) == written
    assert await records.value("SELECT count(*) FROM email_provisioning_log_default") == 0


async def test_migration_stops_waiting_for_a_reader_that_locks_the_log(
    database: Database, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Services queue behind a statement that waits for the table: they must not wait as long as a dump takes."""
    monkeypatch.setattr(migrate_module, "RETRY_FOR", 0.1)
    monkeypatch.setattr(migrate_module, "LOCK_PAUSE", 0.01)
    await write(records, -1)
    async with await AsyncConnection.connect(database.owner_url) as reader:
        await reader.execute("SELECT count(*) FROM email_provisioning_log")
        with pytest.raises(ConfigurationError, match="migrate again"):
            await migrate(database)
    assert await places(records) == {-1: DEFAULT}
    await migrate(database)
    assert await places(records) == {-1: month_ahead(-1)}


async def test_log_partition_gets_another_name_if_a_detached_one_still_has_it(
    database: Database, records: Records, pool: Pool
) -> None:
    await write(records, 0)
    await run(records, "ALTER TABLE email_provisioning_log DETACH PARTITION {}", month_ahead(0))
    await write(records, 0)
    for _ in range(2):
        await migrate(database)
        assert await places(records) == {0: f"{month_ahead(0)}b"}
    counts = await Audit(pool).counts()
    assert (counts["log_default_rows"], counts["log_months_ahead"]) == (0, 24)
    assert await records.value("SELECT count(*) FROM pg_class WHERE relname = %s", month_ahead(0)) == 1


async def test_log_partitions_are_utc_months_in_any_database_time_zone(postgres_server: EmbeddedPostgres) -> None:
    async with new_database(postgres_server) as database, records_of(database.owner_url) as records:
        in_berlin = f"{database.owner_url}?options=-c%20timezone%3DEurope/Berlin"
        for dropped in ((), (month_ahead(0), month_ahead(6))):
            for month in dropped:
                await run(records, "DROP TABLE {}", month)
            await asyncio.to_thread(upgrade, in_berlin, SERVICE_ROLE)
            await write(records, *range(25))
            assert await records.value("SELECT count(*) FROM email_provisioning_log_default") == 0


async def may(records: Records, table: str, rights: str) -> bool:
    return await records.value("SELECT has_table_privilege(%s, %s, %s)", SERVICE_ROLE, table, rights)


@pytest.fixture
async def superuser(database: Database, postgres_server: EmbeddedPostgres) -> AsyncIterator[AsyncConnection]:
    """A connection for which triggers are disabled, unless they are enabled ALWAYS."""
    url = f"{postgres_server.admin_url.rpartition('/')[0]}/{database.name}"
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("SET session_replication_role = replica")
        yield connection


@pytest.mark.parametrize("made_by", ["0001", "0004", "extend_log"])
async def test_detached_log_partition_rejects_changes_even_by_owner_and_superuser(
    database: Database, records: Records, pool: Pool, superuser: AsyncConnection, made_by: str
) -> None:
    """A month of the first migration, the default partition, and a partition that was added later."""
    if made_by == "extend_log":
        await run(records, "DROP TABLE {}", month_ahead(1))
        await migrate(database)
    table = {"0001": month_ahead(0), "0004": DEFAULT, "extend_log": month_ahead(1)}[made_by]
    await write(records, 0, 1, 40)
    await run(records, "ALTER TABLE email_provisioning_log DETACH PARTITION {}", table)
    async with pool.connection() as service:
        for connection in (records.connection, superuser, service):
            for change in CHANGES:
                with pytest.raises(errors.InsufficientPrivilege):
                    await connection.execute(sql.SQL(change).format(sql.Identifier(table)))
    assert not await may(records, table, "UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER")
    await run(records, "DROP TABLE {}", table)


async def test_default_privileges_of_the_schema_do_not_apply_to_log_partitions(
    database: Database, records: Records
) -> None:
    await records.rows("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC")
    await run(records, "DROP TABLE {}", month_ahead(1))
    await migrate(database)
    for table in await partitions(records):
        assert not await may(records, table, "INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER"), table


async def test_log_partition_made_by_an_operator_is_append_only(records: Records) -> None:
    await records.rows(
        "CREATE TABLE made_by_hand PARTITION OF email_provisioning_log FOR VALUES FROM ('2001-01-01') TO ('2001-02-01')"
    )
    await records.rows(
        "INSERT INTO email_provisioning_log (action, status, attempt_count, created_at) "
        "VALUES ('create', 'failed', 1, '2001-01-05')"
    )
    for change in CHANGES[:2]:
        with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
            await run(records, change, "made_by_hand")
