"""Schema and code: who may migrate when, which code runs on which schema, and what a migration blocks."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import LiteralString, cast
from urllib.parse import quote
from uuid import UUID

import psycopg
import pytest
from alembic import command
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.errors import LockNotAvailable

from eventually import eventually
from parts import READ_ONLY
from postroom.errors import ConfigurationError
from postroom.postgres import migrate
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import Pool, make_pool
from postroom.postgres.inspected import PostgresInspected
from postroom.postgres.installation import MARK_DOMAIN, pinned_value
from postroom.postgres.migrate import IN_UTF8, alembic_config, newest_revision, upgrade
from postroom.postgres.schema import require_schema
from postroom.postgres.sweep import PostgresSwept
from postroom_sandbox.embedded_postgres import OWNER_ROLE, SERVICE_ROLE, EmbeddedPostgres
from records import Records, records_of
from servers import IN_SQL_ASCII, Database, _as_admin, new_database

VERSIONS = Path(migrate.__file__).with_name("migrations") / "versions"
NOT_CONNECTED = r"^cannot migrate the database: {}$"
EITHER = "POSTROOM_MIGRATE_DATABASE_URL (POSTROOM_DATABASE_URL if that is not set)"


@pytest.fixture
async def old(postgres_server: EmbeddedPostgres, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """A database of the code from before revision 0003, or of the revision that the test names."""
    revision = getattr(request, "param", "0002")
    async with new_database(postgres_server) as database:
        await asyncio.to_thread(command.upgrade, alembic_config(database.owner_url), revision)
        yield database


async def migrated(database: Database, role: str = SERVICE_ROLE) -> str:
    return await asyncio.to_thread(upgrade, database.owner_url, role)


async def refused(pool: Pool) -> str:
    """The line that an operator reads."""
    with pytest.raises(ConfigurationError) as raised:
        await require_schema(pool)
    return raised.value.with_fix


async def test_code_accepts_the_schema_of_its_own_release(pool: Pool) -> None:
    await require_schema(pool)


async def test_older_code_runs_on_a_schema_that_allows_it(pool: Pool, records: Records) -> None:
    await records.rows("INSERT INTO schema_history (revision, oldest_code) VALUES ('9001', '0003')")
    await require_schema(pool)


async def test_schema_older_than_revision_0003_is_reported(old: Database) -> None:
    async with make_pool(old.owner_url, size=2) as pool:
        assert re.search(
            r"before revision 0003.*; stop all Postroom processes, then run postroom migrate$", await refused(pool)
        )


@pytest.mark.parametrize("old", ["0002", "0010"], indirect=True)
async def test_migration_stops_while_old_code_may_run_and_names_its_sessions(old: Database) -> None:
    async with await psycopg.AsyncConnection.connect(old.service_url, application_name="postroom") as service:
        with pytest.raises(ConfigurationError, match=rf"stop all.*pid {service.info.backend_pid} .*\(postroom\)"):
            await migrated(old)
    assert await _refusals_end(old) == newest_revision()


async def test_migration_with_one_role_for_both_is_stopped_only_by_the_service(old: Database) -> None:
    async with await psycopg.AsyncConnection.connect(old.owner_url, application_name="psql"):
        assert await migrated(old, OWNER_ROLE) == newest_revision()


async def test_migration_by_a_role_without_permission_fails_with_one_line(old: Database) -> None:
    by_the_service = Database(old.name, old.service_url, old.service_url)
    with pytest.raises(ConfigurationError, match=r"^cannot migrate [^\n]*$") as raised:
        await migrated(by_the_service)
    assert raised.value.fix == "set POSTROOM_MIGRATE_DATABASE_URL to the URL of the database's owner"


async def test_migration_reports_a_postgresql_error_in_one_line(database: Database) -> None:
    read_only = Database(database.name, database.owner_url + READ_ONLY, database.service_url)
    with pytest.raises(ConfigurationError, match=r"^cannot migrate the database: [^\n]*in a read-only transaction$"):
        await migrated(read_only)


async def test_migration_times_out_if_postgresql_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "CONNECTED_WITHIN", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://postroom@127.0.0.1:{silent.getsockname()[1]}/postroom"
        with pytest.raises(ConfigurationError, match=NOT_CONNECTED.format("connection timeout expired")) as raised:
            await asyncio.wait_for(migrated(Database("postroom", url, url)), 10)
    assert raised.value.fix.endswith(EITHER)


async def test_migration_error_without_a_connection_names_both_settings(database: Database) -> None:
    nowhere = Database(database.name, database.owner_url.replace(f"/{database.name}", "/nowhere"), database.service_url)
    with pytest.raises(
        ConfigurationError, match=NOT_CONNECTED.format('[^\n]*database "nowhere" does not exist')
    ) as raised:
        await migrated(nowhere)
    assert raised.value.fix == f"create that database, or correct its name in {EITHER}"


async def test_database_that_cannot_store_all_of_unicode_is_refused_in_words(postgres_server: EmbeddedPostgres) -> None:
    async with new_database(postgres_server, template="template0", options=IN_SQL_ASCII) as database:
        with pytest.raises(ConfigurationError, match=f"^the database {database.name} is in SQL_ASCII, ") as raised:
            await migrated(database)
    assert raised.value.fix.endswith(IN_UTF8)
    options = cast("LiteralString", IN_UTF8.removesuffix(" TEMPLATE template0"))
    async with new_database(postgres_server, template="template0", options=options) as database:
        await migrated(database)


@pytest.fixture
async def odd(postgres_server: EmbeddedPostgres) -> AsyncIterator[Database]:
    """The owner has a schema of its own, which nobody else may use, and a password with characters that are special in
    a URL. The URLs name two hosts."""
    password = quote("%/@:#? ä+", safe="")
    await _as_admin(postgres_server, "CREATE ROLE {} LOGIN PASSWORD '%/@:#? ä+'", "odd")
    port, more = postgres_server.port, "?options=-csearch_path%3Dodd"
    async with new_database(postgres_server, owner="odd") as database:
        url = f"postgresql://odd:{password}@127.0.0.1:9,127.0.0.1:{port}/{database.name}{more}"
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute("CREATE SCHEMA odd")
        yield Database(database.name, url, database.service_url + more)
    await _as_admin(postgres_server, "DROP ROLE {}", "odd")


async def test_service_can_use_a_schema_named_by_the_owner(odd: Database) -> None:
    assert await migrated(odd) == newest_revision()
    async with make_pool(odd.service_url, size=1) as pool:
        await require_schema(pool)
    again = Database(odd.name, make_conninfo(odd.owner_url, sslmode="disable"), odd.service_url)
    assert await migrated(again) == newest_revision(), "libpq's other form"


async def test_code_older_than_the_schema_does_not_migrate(database: Database, records: Records) -> None:
    await records.rows("UPDATE alembic_version SET version_num = '9001'")
    with pytest.raises(ConfigurationError, match=rf"9001.*{newest_revision()}.*update Postroom"):
        await migrated(database)


async def test_migration_needs_stopped_processes_only_from_a_schema_older_than_the_oldest_code(
    database: Database, records: Records
) -> None:
    assert await records.value("SELECT max(oldest_code) FROM schema_history") == migrate.OLDEST_CODE
    async with await psycopg.AsyncConnection.connect(database.service_url, application_name="postroom"):
        assert await migrated(database) == newest_revision()


async def test_migration_restores_deleted_singleton_rows(database: Database, records: Records, pool: Pool) -> None:
    """The error messages about missing rows tell the operator to migrate."""
    breaker = await PostgresBreakers(pool).read()
    await records.rows("DELETE FROM mail_server_breaker")
    await records.rows("DELETE FROM identity_sweep")
    await records.rows("DELETE FROM mailbox_inspection")
    with pytest.raises(ConfigurationError, match="found no row") as missing:
        await PostgresBreakers(pool).read()
    assert "postroom migrate" in missing.value.fix
    await migrated(database)
    assert (await PostgresBreakers(pool).read()).open is breaker.open
    assert (await PostgresSwept(pool).progress()).token is (await PostgresInspected(pool).progress()).after_id is None


async def test_migration_behind_a_long_transaction_blocks_no_query_and_succeeds_after_it(
    old: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", 0.5)
    monkeypatch.setattr(migrate, "LOCK_PAUSE", 0.1)
    async with (
        await psycopg.AsyncConnection.connect(old.owner_url, autocommit=True) as reader,
        await psycopg.AsyncConnection.connect(old.owner_url) as long,
    ):
        await long.execute("SELECT count(*) FROM email_requests")
        migrating = asyncio.create_task(migrated(old, OWNER_ROLE))

        async def it_waits() -> bool:
            return (await reader.execute("SELECT FROM pg_locks WHERE NOT granted")).rowcount > 0

        for _ in range(3):
            await eventually(it_waits, "the migration waits for its lock", 20)
            async with asyncio.timeout(30):  # behind a lock without a limit it would wait for the long transaction
                await reader.execute("SELECT count(*) FROM email_requests")
        assert not migrating.done()
        await long.rollback()
        assert await migrating == newest_revision()


async def test_migration_blocked_by_a_lasting_lock_is_reported_in_one_line(
    old: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "RETRY_FOR", 0.0)
    async with await psycopg.AsyncConnection.connect(old.owner_url) as long:
        await long.execute("SELECT count(*) FROM email_requests")
        with pytest.raises(ConfigurationError, match="a long transaction holds a lock on a table"):
            await migrated(old, OWNER_ROLE)


def test_migration_waits_a_minute_for_a_lock_however_long_it_has_taken_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last statement needs a lock, too. Otherwise it would give up at once where it fills a large table."""
    monkeypatch.setattr(migrate, "time", SimpleNamespace(monotonic=count(step=1000).__next__, sleep=lambda _: None))
    tries = count()

    def last_statement() -> None:
        if next(tries) < 5:
            raise LockNotAvailable

    migrate._retry_while_locked(last_statement)


@pytest.fixture
async def before_dismissals(postgres_server: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A database of revision 0007, with a dead letter and a row in the audit."""
    async with new_database(postgres_server) as database, records_of(database.owner_url) as records:
        await asyncio.to_thread(command.upgrade, alembic_config(database.owner_url), "0007")
        await records.rows(
            "INSERT INTO email_requests (identity_id, email, state, enqueued_at, reason) "
            "VALUES (gen_random_uuid(), 'alice@example.org', 'dead', now(), 'refused')"
        )
        await records.rows(
            "INSERT INTO email_provisioning_log (email, action, status, attempt_count, created_at) "
            "VALUES ('alice@example.org', 'create', 'failed', 1, now())"
        )
        yield database


async def test_the_indexes_of_a_log_with_rows_are_built_beside_writers_and_become_those_of_the_table(
    before_dismissals: Database,
) -> None:
    async with records_of(before_dismissals.owner_url) as records:
        # As an interrupted migration leaves it.
        month = await records.value("SELECT tableoid::regclass::text FROM email_provisioning_log")
        create = sql.SQL("CREATE INDEX {} ON {} (created_at)")
        await records.connection.execute(create.format(sql.Identifier(f"{month}_time"), sql.Identifier(month)))
        assert await migrated(before_dismissals) == newest_revision()
        for index in ("email", "time"):
            found = await records.rows(
                "SELECT inhrelid::regclass::text AS name, indisvalid FROM pg_inherits "
                "JOIN pg_index ON indexrelid = inhrelid WHERE inhparent = to_regclass(%s)",
                f"email_provisioning_log_{index}",
            )
            assert all(each["indisvalid"] for each in found)
            assert f"{month}_{index}" in {each["name"] for each in found}
        partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'email_provisioning_log'::regclass"
        assert len(found) == await records.value(partitions), "one index in each partition"


async def test_any_change_of_state_ends_a_dismissal_also_by_older_code(before_dismissals: Database) -> None:
    """The code of the previous release does not know the column. Without the trigger, a request that dies again would
    be hidden."""
    await migrated(before_dismissals)
    async with records_of(before_dismissals.owner_url) as records:
        await records.rows("UPDATE email_requests SET dismissed_at = now()")
        await records.rows("UPDATE email_requests SET state = 'waiting', due_at = now(), reason = NULL")
        await records.rows("UPDATE email_requests SET state = 'dead', due_at = NULL, reason = 'refused'")
        assert await records.value("SELECT dismissed_at FROM email_requests") is None


async def test_waiting_migrations_do_not_block_an_index_built_concurrently(
    before_dismissals: Database,
) -> None:
    assert await asyncio.gather(*(migrated(before_dismissals) for _ in range(3))) == [newest_revision()] * 3


async def _refusals_end(old: Database) -> str:
    """PostgreSQL needs a moment to end a session."""
    while True:
        try:
            return await migrated(old)
        except ConfigurationError:
            await asyncio.sleep(0.05)


async def test_code_before_revision_0009_still_pins_and_reads_the_mark_domain(database: Database, pool: Pool) -> None:
    """It uses the former name of the table, and may continue to run until the next release."""
    pinned = "INSERT INTO postroom_facts (name, value) VALUES ('mark_domain', %s) ON CONFLICT (name) DO NOTHING"
    async with await psycopg.AsyncConnection.connect(database.service_url, autocommit=True) as former:
        await former.execute(pinned, ["first.example"])
        await former.execute(pinned, ["second.example"])
        read = await former.execute("SELECT value FROM postroom_facts WHERE name = 'mark_domain'")
        assert await read.fetchall() == [("first.example",)]
    assert await pinned_value(pool, MARK_DOMAIN) == "first.example"


@pytest.mark.parametrize("old", ["0011"], indirect=True)
async def test_migration_writes_the_addresses_of_all_requests_beside_older_code_and_may_be_interrupted(
    old: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "PAGE", 1)
    states = ["waiting", "running", "provisioned", "dead", "provisioned", "dead", "dead", "waiting"]
    people = [UUID(int=number) for number in range(1, len(states) + 1)]
    wants, runs, has, _, recorded, remade, former, again = people
    async with records_of(old.owner_url) as records:
        for who, state in zip(people, states, strict=True):
            await records.rows(
                "INSERT INTO email_requests (identity_id, email, state, due_at, holder, enqueued_at, reason) "
                "SELECT %s, %s, state, CASE WHEN state IN ('waiting', 'running') THEN now() END, "
                "CASE WHEN state = 'running' THEN gen_random_uuid() END, now(), CASE WHEN state = 'dead' THEN 'x' END "
                "FROM (SELECT %s::text AS state) AS given",
                *(who, "has@example.org" if who == former else f"{who.int}@example.org", state),
            )
        # Making the mailbox again has failed for two; the address of one of them belongs to another request since.
        await records.rows("UPDATE email_requests SET email = 'has@example.org' WHERE identity_id = %s", has)
        await records.rows(
            "INSERT INTO email_accounts (id, kratos_identity_id, email, stalwart_account_id) "
            "SELECT gen_random_uuid(), identity_id, email, 'b' FROM email_requests WHERE identity_id = ANY(%s)",
            [recorded, remade, former, again],
        )
        # As an interrupted migration leaves it, with what older code did since.
        await asyncio.to_thread(_interrupted, old.owner_url, monkeypatch)
        assert await records.value("SELECT count(*) FROM addresses") == 1
        await records.rows("UPDATE email_requests SET email = 'new@example.org' WHERE identity_id = %s", wants)
        await records.rows("UPDATE email_requests SET state = state WHERE identity_id = %s", again)

        assert await migrated(old) == newest_revision()
        found = await records.rows("SELECT address, identity_id, role FROM addresses")
        assert {each["identity_id"]: (each["address"].split("@")[0], each["role"]) for each in found} == {
            wants: ("new", "wanted"),
            runs: ("2", "wanted"),
            has: ("has", "held"),
            recorded: ("5", "held"),
            remade: ("6", "held"),
            again: ("8", "held"),
        }
        commits = "SELECT count(DISTINCT xmin::text) FROM addresses WHERE identity_id = ANY(%s)"
        assert await records.value(commits, [has, recorded]) == 2, "a statement about a mailbox waits for its page only"
        checked = "SELECT count(*) FROM pg_constraint WHERE NOT convalidated"
        assert await records.value(checked) == 0


def _interrupted(owner_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The migration to 0012 ends after its first page."""

    def one_page(version: Path) -> None:
        statement = version.with_suffix(".sql").read_text()
        with psycopg.connect(owner_url) as other:
            other.execute(cast("LiteralString", statement), {"after": "", "limit": 1})
        raise ConnectionError("interrupted")

    with monkeypatch.context() as patched:
        patched.setattr(migrate, "run_page_by_page", one_page)
        with pytest.raises(ConnectionError):
            command.upgrade(alembic_config(owner_url), "head")


@pytest.mark.parametrize("old", ["0011"], indirect=True)
async def test_request_cannot_die_while_the_migration_writes_its_address(old: Database) -> None:
    """It would leave the address reserved for ever."""
    page = cast("LiteralString", (VERSIONS / "0012_page.sql").read_text())
    async with records_of(old.owner_url) as records, records_of(old.owner_url) as older:
        await older.rows("SET lock_timeout = '100ms'")
        await records.rows(
            "INSERT INTO email_requests (identity_id, email, state, due_at, enqueued_at) "
            "VALUES (gen_random_uuid(), 'a@example.org', 'waiting', now(), now())"
        )
        for version in ("0012_addresses", "0012_accounts", "0012_requests"):
            await records.rows(cast("LiteralString", (VERSIONS / f"{version}.sql").read_text()))
        async with records.connection.transaction():
            await records.connection.execute(page, {"after": "", "limit": 10})
            with pytest.raises(LockNotAvailable):
                await older.rows("UPDATE email_requests SET state = 'dead', due_at = NULL, reason = 'x'")
        await older.rows("UPDATE email_requests SET state = 'dead', due_at = NULL, reason = 'x'")
        assert await records.value("SELECT count(*) FROM addresses") == 0
