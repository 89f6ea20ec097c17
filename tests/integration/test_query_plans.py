"""With 100,000 requests no statement of `postgres/sql` reads an entire table, whichever plan PostgreSQL uses."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, LiteralString, cast
from uuid import UUID, uuid4

from psycopg import sql as compose
from psycopg.types.json import Jsonb

from postroom.postgres.connection import sql
from records import Records

SOMEBODY = UUID(int=777)
VALUES: dict[str, Any] = {
    "account_id": str(uuid4()),  # a uuid of ours, or an id of the mail server: the text may be either
    "account_ids": [uuid4() for _ in range(4)],
    "action": "accept",
    "actor": "olga",
    "address": "user-777@example.org",
    "stored": "user-777@example.org",
    "after": None,
    "after_at": datetime.now(UTC) - timedelta(seconds=60),
    "after_checked": datetime.now(UTC) - timedelta(seconds=7200),
    "after_due": datetime.now(UTC),
    "after_entry": 5,
    "after_id": SOMEBODY,
    "attempts": 1,
    "cause": "outage",
    "codes": ["reserved_name"] * 4,
    "crash_delay": 300.0,
    "changed_at": datetime.now(UTC),
    "created_at": datetime.now(UTC),
    "credential_id": "b",
    "dead_first": False,
    "delay": 60.0,
    "display_name": None,
    "document": "{}",
    "domain": "example.org",
    "doubts": ["suspected", "missing", None, None],
    "due_in": 60.0,
    "earliest": 1.0,
    "any": False,
    "email": "user-777@example.org",
    "email_state": "saq",
    "emails": [f"user-{number}@example.org" for number in (1, 777, 5000, 99_999)],
    "error": "mail server answered 500",
    "everybody": True,
    "etag": '"a"',
    "etags": ['"b"'],
    "event_id": 25_000,
    "event_ids": [49_001, 49_500],
    "events": Jsonb([{"state": "saq", "ids": ["eaaaaab"], "count": 1}]),
    "excluding": [uuid4()],
    "exclusive": False,
    "expires_at": datetime.now(UTC),
    "first_id": UUID(int=777 << 96),
    "last_id": UUID(int=(778 << 96) - 1),
    "grace": 1.0,
    "holder": uuid4(),
    "holders": [uuid4() for _ in range(4)],
    "host": "mail",
    "id": uuid4(),
    "identity_id": SOMEBODY,
    "identity_ids": [UUID(int=number) for number in (1, 777, 5000, 99_999)],
    "instead_of": b"sealed",
    "held": "the address is held by another identity",
    "interval": 5.0,
    "kind": "serve",
    "latest": 90.0,
    "lease": 30.0,
    "above_id": UUID(int=777),
    "absent_for": 3600.0,
    "old_addresses": 5,
    "renamed_within": 86400.0,
    "closed": Jsonb({}),
    "passed": ["rename"],
    "actions": ["rename"],
    "addresses": ["user-777@example.org"],
    "because": ["inactive"],
    "goal": 1,
    "is_missing": False,
    "main": "user-777@example.org",
    "step": "change",
    "steps": ["create", "change"],
    "texts": ["a -> b"],
    "want_because": "inactive",
    "want_version": datetime.now(UTC),
    "up_to_id": UUID(int=999),
    "asked_at": datetime.now(UTC),
    "began_at": datetime.now(UTC),
    "census": None,
    "counted": None,
    "ended_ids": [SOMEBODY],
    "ended_kinds": ["name"],
    "follows": True,
    "found_by": "sweep",
    "kinds": ["rename", "name", "absent", "inactive"],
    "most": 2,
    "others": [SOMEBODY],
    "pass": None,
    "read_at": datetime.now(UTC),
    "seen": [None] * 4,
    "unreadable": [SOMEBODY],
    "updated": [None] * 4,
    "limit": 10,
    "loops": Jsonb({}),
    "longest_crash_delay": 3600.0,
    "name": "mark_domain",
    "names": [None] * 4,
    "mains": ["user-777@example.org"] * 4,
    "moved_at": [datetime.now(UTC)] * 4,
    "due": [True] * 4,
    "seen_ids": [SOMEBODY] * 4,
    "may_create": True,
    "outcome_unknown": False,
    "outcomes": ["failed", "success"],
    "overlap": 10.0,
    "pid": 1,
    "payloads": ["00000000000000000000000000000309:25000"],
    "postponed": 0,
    "previous": "saq",
    "create_probe": 120.0,
    "inspection": 4000.0,
    "probe": 1860.0,
    "request": 3660.0,
    "slow": 120.0,
    "spare": 60.0,
    "sweep": 960.0,
    "quiet": 5.0,
    "message": "paused by olga: move",
    "reason": None,
    "reason_starts": "refused",
    "reasons": ["the name is reserved"] * 4,
    "request_id": None,
    "retries": 1,
    "revision": "0003",
    "scopes": ["read"],
    "seconds": 3600.0,
    "since": datetime.now(UTC) - timedelta(days=1),
    "secret": b"sealed",
    "stalwart_account_id": None,
    "stalwart_ids": ["b", "c", "d", "e"],
    "state": "waiting",
    "states": ["waiting", "running"],
    "status": "failed",
    "token": None,
    "until": datetime.now(UTC) + timedelta(days=1),
    "token_hash": b"hash",
    "token_id": uuid4(),
    "traceparent": None,
    "trigger_id": None,
    "value": "example.org",
    "version": "0.1.0",
    "versions": [None, "1 - -", None, None],
    "waits_for": None,
}
TABLES = (
    *("email_requests", "email_accounts", "addresses", "mail_states", "live_events"),
    *("mail_credentials", "access_tokens", "person_settings"),
)
_PARAMETER = re.compile(r"%\((\w+)\)s|%%")


async def fill(records: Records) -> None:
    """96,000 provisioned requests, 1,000 waiting for up to some hours, 10 running, the rest dead; two audit rows
    each."""
    await records.rows("""
        INSERT INTO email_requests
            (identity_id, email, state, due_at, holder, attempts, enqueued_at, reason)
        SELECT lpad(to_hex(n), 32, '0')::uuid, format('user-%s@example.org', n),
               state,
               CASE WHEN state IN ('waiting', 'running') THEN now() + make_interval(secs => n) END,
               CASE WHEN state = 'running' THEN gen_random_uuid() END,
               1, now() - make_interval(secs => n), CASE WHEN state = 'dead' THEN 'refused' END
        FROM (SELECT n, CASE WHEN n <= 1000 THEN 'waiting' WHEN n <= 1010 THEN 'running'
                             WHEN n <= 4000 THEN 'dead' ELSE 'provisioned' END AS state
              FROM generate_series(1, 100000) AS n) AS numbered""")
    await records.rows("""
        INSERT INTO email_accounts (id, kratos_identity_id, email, stalwart_account_id)
        SELECT gen_random_uuid(), identity_id, email, 'b' FROM email_requests WHERE state = 'provisioned'""")
    await records.rows("""
        INSERT INTO email_provisioning_log (kratos_identity_id, email, action, status, attempt_count)
        SELECT identity_id, email, 'create', status, 1
        FROM email_requests, unnest(ARRAY['pending', 'success']) AS status""")
    await _fill_mail(records)
    # Only the tables that autovacuum analyses: it never processes a partition without rows.
    month = await records.value("SELECT tableoid::regclass::text FROM email_provisioning_log LIMIT 1")
    vacuum = compose.SQL("VACUUM ANALYZE {}").format(compose.SQL(", ").join(map(compose.Identifier, [*TABLES, month])))
    await records.connection.execute(vacuum)


async def _fill_mail(records: Records) -> None:
    """50,000 people who were all online in the last two days. 500 of them were not polled for ten minutes."""
    await records.rows("""
        INSERT INTO mail_states (kratos_identity_id, stalwart_account_id, email, email_state, seen_at, checked_at)
        SELECT lpad(to_hex(n), 32, '0')::uuid, 'x' || n, 'x', 's', now() - make_interval(secs => n * 3),
               now() - make_interval(secs => CASE WHEN n <= 500 THEN 600 ELSE n / 200.0 END)
        FROM generate_series(1, 50000) AS n""")
    await records.rows("""
        INSERT INTO live_events (kratos_identity_id, type, data, announced_at)
        SELECT lpad(to_hex(n), 32, '0')::uuid, 'mail', '{}',
               CASE WHEN n <= 49000 THEN now() - make_interval(secs => 600 - n / 100.0) END
        FROM generate_series(1, 50000) AS n""")
    await records.rows("""
        INSERT INTO mail_credentials (kratos_identity_id, stalwart_account_id, credential_id, secret)
        SELECT kratos_identity_id, stalwart_account_id, 'b', 'sealed' FROM mail_states""")
    await records.rows("""
        INSERT INTO person_settings (kratos_identity_id, document, etag)
        SELECT kratos_identity_id, '{}', '"a"' FROM mail_states""")
    await records.rows("""
        INSERT INTO access_tokens (id, kratos_identity_id, name, token_hash, scopes, expires_at)
        SELECT gen_random_uuid(), kratos_identity_id, 'phone', sha256(email::bytea || kratos_identity_id::text::bytea),
               '{read}', now() + interval '1 day' FROM mail_states""")


def full_scans(plan: dict[str, Any]) -> Iterator[str]:
    """The tables with many rows that a plan scans completely."""
    table = str(plan.get("Relation Name", ""))
    many = table in TABLES or re.fullmatch(r"email_provisioning_log_\d+_\d+", table)
    if plan["Node Type"] == "Seq Scan" and many:
        yield table
    for part in plan.get("Plans", []):
        yield from full_scans(part)


async def scanned_tables(records: Records, statement: str) -> list[str]:
    """The tables that are scanned completely by the custom plan for the values, or by the generic plan, which
    PostgreSQL may use from the sixth execution on."""
    numbers: dict[str, int] = {}

    def numbered(match: re.Match[str]) -> str:
        return f"${numbers.setdefault(match[1], len(numbers) + 1)}" if match[1] else "%"

    generic = _PARAMETER.sub(numbered, statement)
    assert not (unknown := numbers.keys() - VALUES.keys()), f"give a value for {unknown} above"
    values = {name: VALUES[name] for name in numbers} or None
    found: list[str] = []
    for explain, parameters in (
        (f"(FORMAT JSON) {statement}", values),
        (f"(FORMAT JSON, GENERIC_PLAN) {generic}", None),
    ):
        query = cast(LiteralString, f"EXPLAIN {explain}")
        row = await (await records.connection.execute(query, parameters)).fetchone()
        assert row
        (plans,) = row.values()
        found += full_scans((plans if isinstance(plans, list) else json.loads(plans))[0]["Plan"])
    return found


async def test_no_sql_statement_scans_a_whole_table(records: Records) -> None:
    await fill(records)
    full_scan = "SELECT identity_id FROM email_requests WHERE last_error = %(error)s"
    assert await scanned_tables(records, full_scan) == ["email_requests"] * 2, "this test could not fail"
    names = sorted(file.name.removesuffix(".sql") for file in files("postroom.postgres").joinpath("sql").iterdir())
    assert {"accept", "claim", "settle", "overdue", "release", "counts", "timeline"} <= set(names)
    offenders = {name: tables for name in names if (tables := await scanned_tables(records, sql(name)))}
    assert offenders == {}


async def test_thousands_of_open_streams_are_looked_up_by_index(records: Records) -> None:
    """Each process asks each second: for many identities PostgreSQL would rather read all requests and hash them."""
    await fill(records)
    people = [UUID(int=number) for number in range(1, 100_000, 20)]
    many = {"identity_ids": people, "versions": [None] * len(people)}
    for name in ("preparation_changes", "preparations"):
        explain = cast(LiteralString, f"EXPLAIN (FORMAT JSON) {sql(name)}")
        row = await (await records.connection.execute(explain, VALUES | many)).fetchone()
        assert row
        assert list(full_scans(row["QUERY PLAN"][0]["Plan"])) == [], name


def discarded_rows(plan: dict[str, Any]) -> int:
    """The number of rows of requests that an executed plan read and then discarded."""
    ours = plan["Rows Removed by Filter"] if "Filter" in plan and plan.get("Relation Name") == "email_requests" else 0
    return ours + sum(discarded_rows(part) for part in plan.get("Plans", []))


async def test_release_check_reads_no_waiting_rows_while_the_cause_lasts(records: Records) -> None:
    """The leader polls each second. With half a million waiting requests each poll read 235 MB."""
    await fill(records)
    await records.rows("UPDATE mail_server_breaker SET open = true, probe_at = now()")
    for cause in ("outage", "domain:example.org"):  # the newest mailbox of the domain is older than the requests
        await records.rows(
            "UPDATE email_requests SET waits_for = %s, enqueued_at = now() WHERE state = 'waiting'", cause
        )
        await records.connection.execute("VACUUM ANALYZE email_requests")
        explain = cast(LiteralString, f"EXPLAIN (ANALYZE, FORMAT JSON) {sql('release')}")
        row = await (await records.connection.execute(explain, VALUES | {"cause": cause})).fetchone()
        assert row
        assert discarded_rows(row["QUERY PLAN"][0]["Plan"]) == 0, cause
