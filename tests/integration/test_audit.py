"""The audit: nothing can change it, and its partitions cover the next two years."""

import asyncio
import subprocess
import sys
from importlib.resources import files
from typing import LiteralString

import psycopg
import pytest
from psycopg import AsyncConnection, errors, sql

from postroom.domain.breaker import Cause
from postroom.domain.request import Failed, after_attempt
from postroom.errors import Permanent, Transient
from postroom.postgres.audit import Audit
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import Pool
from postroom.postgres.installation import MARK_DOMAIN, pin
from postroom.postgres.migrate import upgrade
from postroom.postgres.requests import PostgresRequests
from postroom_sandbox.embedded_postgres import SERVICE_ROLE, EmbeddedPostgres
from records import Records, failed, mailbox, records_of, running
from servers import Database, new_database

NEWEST = max(
    path.name[:4]
    for path in files("postroom.postgres").joinpath("migrations/versions").iterdir()
    if path.name.endswith(".sql")
)
"""The newest revision."""

CHANGES: list[LiteralString] = [
    "UPDATE {} SET status = 'success'",
    "DELETE FROM {}",
    "TRUNCATE {}",
]


@pytest.fixture
def audit(pool: Pool) -> Audit:
    return Audit(pool)


async def tables_of_the_log(records: Records) -> list[str]:
    found = await records.rows(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'email_provisioning_log'::regclass"
    )
    return ["email_provisioning_log", *sorted(row["name"] for row in found)]


async def fill_each_partition(records: Records) -> list[str]:
    """Add one row to each partition: an UPDATE or DELETE that affects no row proves nothing."""
    tables = await tables_of_the_log(records)
    await records.rows(
        "INSERT INTO email_provisioning_log (action, status, attempt_count, created_at) "
        "SELECT 'refuse', 'done', 0, now() + make_interval(months => month) FROM generate_series(-1, 24) AS month"
    )
    for table in tables[1:]:
        assert (
            await records.value("SELECT count(*) FROM email_provisioning_log WHERE tableoid = %s::regclass", table) == 1
        )
    return tables


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize("who", ["service", "owner", "superuser"])
async def test_audit_log_rejects_every_change_in_the_parent_and_each_partition(
    database: Database, postgres_server: EmbeddedPostgres, records: Records, who: str, role: str
) -> None:
    urls = {"service": database.service_url, "owner": database.owner_url}
    url = urls.get(who, f"{postgres_server.admin_url.rpartition('/')[0]}/{database.name}")
    tables = await fill_each_partition(records)
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        if role == "replica":
            if who != "superuser":
                with pytest.raises(errors.InsufficientPrivilege):
                    await connection.execute("SET session_replication_role = replica")
                return
            await connection.execute("SET session_replication_role = replica")
        for table in tables:
            for change in CHANGES:
                with pytest.raises(errors.InsufficientPrivilege, match=r"append-only|permission denied"):
                    await connection.execute(sql.SQL(change).format(sql.Identifier(table)))
    assert await records.value("SELECT count(*) FROM email_provisioning_log") == len(tables) - 1
    assert await records.value("SELECT count(*) FROM email_provisioning_log WHERE status = 'success'") == 0


async def test_service_role_may_only_insert_into_and_read_the_audit_log(records: Records) -> None:
    may = await records.rows(
        "SELECT privilege_type AS may FROM information_schema.role_table_grants "
        "WHERE grantee = %s AND table_name = 'email_provisioning_log'",
        SERVICE_ROLE,
    )
    assert {row["may"] for row in may} == {"INSERT", "SELECT"}
    tables = await tables_of_the_log(records)
    for table in tables[1:]:
        # Partitions are read through their parent. Only the default one is read by name, to see whether it holds any
        # rows.
        rest = "INSERT, UPDATE, DELETE, TRUNCATE" + ("" if table.endswith("_default") else ", SELECT")
        assert not await records.value("SELECT has_table_privilege(%s, %s, %s)", SERVICE_ROLE, table, rest)


async def test_service_role_cannot_drop_disable_or_detach_anything(pool: Pool) -> None:
    attacks: list[LiteralString] = [
        "ALTER TABLE email_provisioning_log DISABLE TRIGGER append_only",
        "ALTER TABLE email_provisioning_log DETACH PARTITION email_provisioning_log_default",
        "DROP TABLE email_provisioning_log_default",
        "CREATE OR REPLACE FUNCTION refuse_to_change_the_log() RETURNS trigger LANGUAGE sql RETURN NULL",
        "DELETE FROM email_requests",
        "DELETE FROM email_accounts",
        "UPDATE installation SET value = 'another.example'",
    ]
    for attack in attacks:
        with pytest.raises((errors.InsufficientPrivilege, errors.InvalidFunctionDefinition)):
            async with pool.connection() as connection:
                await connection.execute(attack)


async def migrated(owner_url: str) -> str:
    """Migrate in a separate process; return the revision that it reports."""
    code = "import sys; from postroom.postgres.migrate import upgrade; print(upgrade(*sys.argv[1:]))"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, owner_url, SERVICE_ROLE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, problems = await process.communicate()
    assert process.returncode == 0, problems.decode()
    return out.decode().strip()


async def test_four_processes_can_migrate_an_empty_database_concurrently(
    postgres_server: EmbeddedPostgres,
) -> None:
    async with new_database(postgres_server) as empty:
        assert await asyncio.gather(*(migrated(empty.owner_url) for _ in range(4))) == [NEWEST] * 4
        async with records_of(empty.owner_url) as records:
            assert len(await tables_of_the_log(records)) == 27


async def test_audit_timeline_is_in_chronological_order(
    requests: PostgresRequests, audit: Audit, records: Records
) -> None:
    request = await running(requests, mailbox())
    await records.make_due_in(-1, request.identity_id)
    await requests.claim([request.identity_id], lease=30, exclusive=True)
    await requests.settle(request, after_attempt(request, Failed(Permanent("refused"))), None)
    timeline = await audit.timeline(request.identity_id)
    assert [row["status"] for row in timeline] == ["pending", "crashed", "pending", "late"]
    assert [row["attempt_count"] for row in timeline] == [1, 1, 2, 1]
    assert sorted(row["created_at"] for row in timeline) == [row["created_at"] for row in timeline]


async def test_waiting_requests_are_listed(requests: PostgresRequests, audit: Audit, records: Records) -> None:
    later = await failed(requests, "later", Transient("mail server answered 500"))
    sooner = await running(requests, mailbox("sooner"))
    assert [row["identity_id"] for row in await audit.listing("next_waiting", limit=5)] == [sooner.identity_id, later]
    assert len(await audit.listing("next_waiting", limit=1)) == 1


async def test_audit_counts_are_correct(
    requests: PostgresRequests, breakers: PostgresBreakers, audit: Audit, records: Records
) -> None:
    empty = await audit.counts()
    assert empty["database_up"] == 1
    assert [empty[f"requests_{state}"] for state in ("waiting", "running", "overdue", "dead")] == [0, 0, 0, 0]
    assert (empty["oldest_overdue_seconds"], empty["breaker_open"], empty["log_default_rows"]) == (0, 0, 0)
    assert empty["log_months_ahead"] == 24
    assert (empty["live_events_waiting"], empty["oldest_live_event_seconds"]) == (0, 0)
    await failed(requests, "waits", Transient("mail server answered 500"))
    overdue = await failed(requests, "overdue", Transient("mail server answered 500"))
    await records.make_due_in(-100, overdue)
    await failed(requests, "dead", Permanent("refused"))
    await running(requests, mailbox("runs"))
    await breakers.open(Cause.OUTAGE, "mail server answered 503")
    await records.rows(
        "INSERT INTO email_provisioning_log (action, status, attempt_count, created_at) "
        "VALUES ('refuse', 'done', 0, now() - interval '2 months')"
    )
    await records.rows(
        "INSERT INTO live_events (kratos_identity_id, type, data, created_at, announced_at) VALUES "
        "(gen_random_uuid(), 'mail', '{}', now() - interval '200 s', now()), "
        "(gen_random_uuid(), 'mail', '{}', now() - interval '100 s', NULL), "
        "(gen_random_uuid(), 'mail', '{}', now(), NULL)"
    )
    counts = await audit.counts()
    assert counts["live_events_waiting"] == 2
    assert 99 < counts["oldest_live_event_seconds"] < 110
    assert [counts[f"requests_{state}"] for state in ("waiting", "running", "overdue", "dead")] == [2, 1, 1, 1]
    assert 99 < counts["oldest_overdue_seconds"] < 110
    assert (counts["breaker_open"], counts["log_default_rows"]) == (1, 1)


async def test_first_mark_domain_is_pinned(pool: Pool) -> None:
    assert await pin(pool, MARK_DOMAIN, "example.org") == "example.org"
    assert await pin(pool, MARK_DOMAIN, "example.net") == "example.org"


async def test_missing_service_role_is_named(database: Database) -> None:
    with pytest.raises(Exception, match="the role nobody_here of POSTROOM_DATABASE_URL does not exist"):
        await asyncio.to_thread(upgrade, database.owner_url, "nobody_here")
    with pytest.raises(psycopg.OperationalError):
        await AsyncConnection.connect(database.owner_url.replace("postroom_owner:", "postroom_owner:x"))
