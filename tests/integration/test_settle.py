"""Settling: how an outcome changes the row, and that only the holder's outcome counts."""

import asyncio
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg import AsyncConnection, errors, sql

from postroom.domain.request import (
    Failed,
    Interrupted,
    Provisioned,
    Request,
    State,
    Status,
    Verdict,
    after_attempt,
)
from postroom.errors import DatabaseUnavailable, Permanent, Transient, Unstorable
from postroom.postgres.connection import Pool
from postroom.postgres.requests import PostgresRequests
from postroom_sandbox.embedded_postgres import SERVICE_ROLE
from records import Records, failed, running, settled, stalwart_account


def success(of: Request) -> Provisioned:
    return Provisioned(stalwart_account(of.mailbox))


async def claimed_again(requests: PostgresRequests, records: Records, request: Request) -> Request:
    """The request under its next holder, after its lease has ended."""
    await records.make_due_in(-1, request.identity_id)
    (claim,) = await requests.claim([request.identity_id], lease=30, exclusive=True)
    assert claim.request
    return claim.request


async def test_settled_success_writes_request_account_and_audit_in_one_commit(
    requests: PostgresRequests, records: Records
) -> None:
    request = await running(requests)
    found = await settled(requests, request, success(request))
    assert (found.request.state, found.status) == (State.PROVISIONED, Status.SUCCESS)
    assert (found.request.due_at, found.request.holder) == (None, None)
    assert found.request.enqueued_at > request.enqueued_at, "each settle changes the member in Redis"
    row, account = await records.request(request.identity_id), await records.account(request.identity_id)
    entry = (await records.log(request.identity_id))[-1]
    assert account
    assert account["id"] == found.account_id
    assert (account["email"], account["stalwart_account_id"]) == ("alice@example.org", "id-of-alice")
    assert (entry["status"], entry["attempt_count"], entry["holder"]) == ("success", 1, request.holder)
    assert entry["stalwart_account_id"] == "id-of-alice"
    assert row["commit"] == account["commit"] == entry["commit"]


@pytest.mark.parametrize("factor", [1.0, 0.1])
async def test_failed_request_is_due_after_its_delay_times_the_factor(
    pool: Pool, records: Records, factor: float
) -> None:
    identity_id = await failed(PostgresRequests(pool, new_id=uuid4, delay_factor=factor), "alice", Transient("away"))
    due_at, settled_at = (
        (await records.request(identity_id))["due_at"],
        (await records.log(identity_id))[-1]["created_at"],
    )
    assert (due_at - settled_at).total_seconds() == pytest.approx(60 * factor, abs=1)


async def test_superseded_holder_changes_nothing_and_leaves_one_late_row(
    requests: PostgresRequests, records: Records
) -> None:
    first = await running(requests)
    second = await claimed_again(requests, records, first)
    before = await records.request(first.identity_id)
    for _ in range(2):  # repeated after a lost response: still one row
        found = await settled(requests, first, success(first))
        assert found.request.holder == second.holder
        assert found.account_id is None
    after = await records.request(first.identity_id)
    assert after["commit"] == before["commit"], "the row was not touched"
    assert await records.account(first.identity_id) is None
    late = [row for row in await records.log(first.identity_id) if row["status"] == "late"]
    assert (len(late), late[0]["attempt_count"], late[0]["holder"]) == (1, 1, first.holder)
    assert late[0]["stalwart_account_id"] == "id-of-alice", "the account id from the mail server is kept"
    found = await settled(requests, second, success(second))
    assert (found.request.state, found.status) == (State.PROVISIONED, Status.SUCCESS)


@pytest.mark.parametrize("verdict", list(Verdict))
async def test_settling_again_after_a_lost_answer_writes_nothing_twice(
    requests: PostgresRequests, records: Records, verdict: Verdict
) -> None:
    request, failed = await running(requests), Failed(Transient("mail server answered 500"), verdict)
    first = await settled(requests, request, failed)
    before = await records.request(request.identity_id)
    assert await settled(requests, request, failed) == first
    assert (await records.request(request.identity_id))["commit"] == before["commit"]
    assert await records.audit(request.identity_id) == [("create", "pending", 1), ("create", "failed", 1)]


async def test_settling_waits_for_a_lost_statement_that_still_runs_and_writes_nothing_twice(
    requests: PostgresRequests, records: Records, pool: Pool
) -> None:
    request = await running(requests)
    async with pool.connection() as lost, lost.transaction():
        # The statement of the broken connection: it holds the row lock, and commits a moment later.
        await lost.execute(
            "UPDATE email_requests SET state = 'waiting', due_at = now(), holder = NULL WHERE identity_id = %s",
            (request.identity_id,),
        )
        await lost.execute(
            "INSERT INTO email_provisioning_log (kratos_identity_id, action, status, attempt_count, holder) "
            "VALUES (%s, 'create', 'interrupted', 1, %s)",
            (request.identity_id, request.holder),
        )
        again = asyncio.create_task(settled(requests, request, Interrupted()))
        await blocked(records.connection)
    assert (await again).status is Status.INTERRUPTED
    assert await records.audit(request.identity_id) == [("create", "pending", 1), ("create", "interrupted", 1)]


async def blocked(connection: AsyncConnection[dict[str, object]]) -> None:
    """Wait until a statement waits for another one's lock."""
    async with asyncio.timeout(5):
        while True:
            if (await connection.execute("SELECT FROM pg_locks WHERE NOT granted")).rowcount:
                return
            await asyncio.sleep(0.01)


async def test_outcome_of_a_deleted_request_is_kept_only_in_the_audit(
    requests: PostgresRequests, records: Records
) -> None:
    """After a restore, an erasure, or a fail-over that lost commits."""
    request = await running(requests)
    await records.rows("DELETE FROM email_requests")
    move = after_attempt(request, success(request))
    for _ in range(2):
        assert await requests.settle(request, move, stalwart_account(request.mailbox)) is None
    (late,) = [row for row in await records.log(request.identity_id) if row["status"] == "late"]
    assert late["stalwart_account_id"] == "id-of-alice"


@pytest.mark.parametrize("text", ["a NUL: \0", "half of a pair: \ud800"])
async def test_text_that_postgresql_cannot_store_raises_its_own_error(requests: PostgresRequests, text: str) -> None:
    request = await running(requests)
    with pytest.raises(Unstorable):
        await requests.settle(request, after_attempt(request, Failed(Permanent(text))), None)
    assert (await settled(requests, request, success(request))).status is Status.SUCCESS


async def test_outcome_that_a_constraint_of_the_operator_refuses_raises_the_same_error(
    requests: PostgresRequests, records: Records
) -> None:
    """SQLSTATE class 23: as an unavailable database, it would be tried until the lease ends, and at each attempt."""
    request = await running(requests)
    await records.rows("ALTER TABLE email_requests ADD CHECK (last_error NOT LIKE 'bad%%')")
    with pytest.raises(Unstorable):
        await requests.settle(request, after_attempt(request, Failed(Permanent("bad name"))), None)
    assert (await settled(requests, request, success(request))).status is Status.SUCCESS


async def test_settle_fails_as_unavailable_while_a_permission_or_column_is_missing(
    requests: PostgresRequests, records: Records
) -> None:
    """The operator may fix it before the lease ends. An unhandled error would count as a crash immediately."""
    request = await running(requests)
    service = sql.Identifier(SERVICE_ROLE)
    for broken, mended in (
        (
            sql.SQL("ALTER TABLE email_requests RENAME last_error TO somewhere_else"),
            sql.SQL("ALTER TABLE email_requests RENAME somewhere_else TO last_error"),
        ),
        (
            sql.SQL("REVOKE UPDATE ON email_requests FROM {}").format(service),
            sql.SQL("GRANT UPDATE ON email_requests TO {}").format(service),
        ),
    ):
        await records.connection.execute(broken)
        with pytest.raises(DatabaseUnavailable):
            await settled(requests, request, success(request))
        await records.connection.execute(mended)
    assert (await settled(requests, request, success(request))).status is Status.SUCCESS


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        ("state = 'resting', due_at = NULL, holder = NULL", "state_check"),
        ("due_at = NULL", "check"),
        ("state = 'provisioned', holder = NULL", "check"),
        ("holder = NULL", "check"),
        ("state = 'dead', holder = NULL, due_at = NULL", "check"),
        ("reason = 'dead while it lives'", "check"),
        ("retries = 4", "retries_check"),
        ("crashes = -1", "crashes_check"),
        # A row that a process cannot read would stop each loop that reads it.
        ("due_at = 'infinity'", "times_check"),
        ("due_at = '-infinity'", "times_check"),
        ("enqueued_at = '20000-01-01'", "times_check"),
        ("waits_for = 'outage'", "check"),
        ("attempts = -1", "attempts_check"),
    ],
)
async def test_check_constraint_rejects_a_request_row_that_breaks_a_rule(
    requests: PostgresRequests, records: Records, broken: LiteralString, rule: str
) -> None:
    await running(requests)
    with pytest.raises(errors.CheckViolation, match=rule):
        await records.connection.execute(sql.SQL("UPDATE email_requests SET {}").format(sql.SQL(broken)))


async def test_identity_has_at_most_one_account_row(records: Records) -> None:
    add = (
        "INSERT INTO email_accounts (id, kratos_identity_id, email, stalwart_account_id) "
        "VALUES (gen_random_uuid(), %s, 'alice@example.org', 'b')"
    )
    identity_id = uuid4()
    await records.rows(add, identity_id)
    with pytest.raises(psycopg.errors.UniqueViolation):
        await records.rows(add, identity_id)
