"""Settling: what an attempt's outcome makes of the row, and that only the holder's counts."""

import asyncio
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg import AsyncConnection, errors, sql

from postroom.domain.mailbox import Mailbox
from postroom.domain.request import (
    Failed,
    Interrupted,
    Outcome,
    Provisioned,
    Request,
    State,
    Status,
    after_attempt,
)
from postroom.errors import Conflict, Misconfigured, Permanent, Throttled, Transient
from postroom.ports import Settled
from postroom.postgres.connection import Pool
from postroom.postgres.requests import PostgresRequests
from records import NOWHERE, Records, mailbox, stalwart_account


async def running(requests: PostgresRequests, of: Mailbox | None = None) -> Request:
    request = await requests.accept(of or mailbox(), holder=uuid4(), lease=10, origin=NOWHERE, action="accept")
    assert request
    return request


async def settle(requests: PostgresRequests, request: Request, outcome: Outcome) -> Settled:
    account = outcome.account if isinstance(outcome, Provisioned) else None
    move = after_attempt(request.retries, outcome, outcome_unknown=request.outcome_unknown)
    return await requests.settle(request, move, account)


def success(of: Request) -> Provisioned:
    return Provisioned(stalwart_account(of.mailbox))


async def claimed_again(requests: PostgresRequests, records: Records, request: Request) -> Request:
    """The request under its next holder, after its lease ran out."""
    await records.make_due_in(-1, request.identity_id)
    (claim,) = await requests.claim([request.identity_id], lease=30, alone=True)
    assert claim.request
    return claim.request


async def test_success_writes_row_account_and_audit_in_one_commit(requests: PostgresRequests, records: Records) -> None:
    request = await running(requests)
    settled = await settle(requests, request, success(request))
    assert (settled.request.state, settled.status) == (State.PROVISIONED, Status.SUCCESS)
    assert (settled.request.due_at, settled.request.holder) == (None, None)
    row, account = await records.request(request.identity_id), await records.account(request.identity_id)
    entry = (await records.log(request.identity_id))[-1]
    assert account
    assert account["id"] == settled.account_id
    assert (account["email"], account["stalwart_account_id"]) == ("alice@example.org", "id-of-alice")
    assert (entry["status"], entry["attempt_count"], entry["holder"]) == ("success", 1, request.holder)
    assert entry["stalwart_account_id"] == "id-of-alice"
    assert row["commit"] == account["commit"] == entry["commit"]


@pytest.mark.parametrize(
    ("outcome", "state", "status", "retries", "delay"),
    [
        (Failed(Transient("mail server answered 500"), True), "waiting", "failed", 1, 60),
        (Failed(Transient("mail server cannot be reached"), False), "waiting", "failed", 1, 60),
        (Failed(Throttled("mail server answered 429", retry_after=7), True), "waiting", "throttled", 0, 7),
        (Failed(Throttled("mail server answered 429"), True), "waiting", "throttled", 0, 60),
        (Failed(Misconfigured("no such domain", domain="example.org"), True), "waiting", "misconfigured", 0, 3600),
        (Failed(Conflict("held by account b"), True), "dead", "conflict", 0, None),
        (Failed(Permanent("invalidProperties"), True), "dead", "failed", 0, None),
        (Interrupted(), "waiting", "interrupted", 0, 0),
    ],
)
async def test_each_outcome_makes_its_move(
    requests: PostgresRequests,
    records: Records,
    outcome: Failed | Interrupted,
    state: str,
    status: str,
    retries: int,
    delay: float | None,
) -> None:
    request = await running(requests)
    settled = await settle(requests, request, outcome)
    row, entry = await records.request(request.identity_id), (await records.log(request.identity_id))[-1]
    assert (row["state"], row["retries"], row["holder"]) == (state, retries, None)
    assert (entry["status"], entry["attempt_count"], entry["holder"]) == (status, 1, request.holder)
    assert settled.status == status
    error = "interrupted by shutdown" if isinstance(outcome, Interrupted) else str(outcome.error)
    assert row["last_error"] == entry["error_message"] == error
    assert row["reason"] == (error if state == "dead" else None)
    if delay is None:
        assert row["due_at"] is None
    else:
        assert delay - 1 < row["due_in"] <= delay
    assert row["enqueued_at"] > request.enqueued_at, "new bytes for Redis at every settle"
    assert await records.account(request.identity_id) is None


async def test_failures_on_a_healthy_server_wait_60_300_1800_seconds_and_then_die(
    requests: PostgresRequests, records: Records
) -> None:
    request = await running(requests)
    for delay in (60, 300, 1800):
        await settle(requests, request, Failed(Transient("mail server answered 500"), server_well=True))
        assert delay - 1 < (await records.request(request.identity_id))["due_in"] <= delay
        request = await claimed_again(requests, records, request)
    settled = await settle(requests, request, Failed(Transient("mail server answered 500"), server_well=True))
    assert settled.request.state is State.DEAD
    assert settled.request.attempts == 4
    reason = "failed 4 times while the mail server was well; last: mail server answered 500"
    assert settled.request.reason == (await records.log(request.identity_id))[-1]["error_message"] == reason


async def test_an_outage_however_long_spends_no_retry_after_the_first(
    requests: PostgresRequests, records: Records
) -> None:
    request = await running(requests)
    for _ in range(6):
        await settle(requests, request, Failed(Transient("mail server cannot be reached"), server_well=False))
        request = await claimed_again(requests, records, request)
    assert (request.attempts, request.retries, request.state) == (7, 1, State.RUNNING)


async def test_an_unknown_outcome_is_never_forgotten(requests: PostgresRequests, records: Records) -> None:
    request = await running(requests)
    cut = Transient("mail server did not answer", outcome_unknown=True)
    assert (await settle(requests, request, Failed(cut, server_well=True))).request.outcome_unknown
    request = await claimed_again(requests, records, request)
    assert request.outcome_unknown
    refused = Failed(Transient("mail server cannot be reached"), server_well=True)
    move = after_attempt(request.retries, refused, outcome_unknown=request.outcome_unknown)
    assert (await requests.settle(request, move, None)).request.outcome_unknown


async def test_a_superseded_holder_changes_nothing_and_leaves_one_late_row(
    requests: PostgresRequests, records: Records
) -> None:
    first = await running(requests)
    second = await claimed_again(requests, records, first)
    before = await records.request(first.identity_id)
    for _ in range(2):  # repeated after a lost answer: still one row
        settled = await settle(requests, first, success(first))
        assert settled.request.holder == second.holder
        assert settled.account_id is None
    after = await records.request(first.identity_id)
    assert after["commit"] == before["commit"], "the row was not touched"
    assert await records.account(first.identity_id) is None
    late = [row for row in await records.log(first.identity_id) if row["status"] == "late"]
    assert len(late) == 1
    assert (late[0]["attempt_count"], late[0]["holder"]) == (1, first.holder)
    assert late[0]["stalwart_account_id"] == "id-of-alice", "what the mail server told is kept"
    settled = await settle(requests, second, success(second))
    assert (settled.request.state, settled.status) == (State.PROVISIONED, Status.SUCCESS)


async def test_a_late_failure_does_not_undo_the_success_of_the_next_holder(
    requests: PostgresRequests, records: Records
) -> None:
    first = await running(requests)
    second = await claimed_again(requests, records, first)
    made = await settle(requests, second, success(second))
    late = await settle(requests, first, Failed(Permanent("refused"), server_well=True))
    assert (late.request.state, late.account_id, late.status) == (State.PROVISIONED, made.account_id, Status.LATE)


@pytest.mark.parametrize("server_well", [True, False])
async def test_settling_again_after_a_lost_answer_writes_nothing_twice(
    requests: PostgresRequests, records: Records, server_well: bool
) -> None:
    request, failed = await running(requests), Failed(Transient("mail server answered 500"), server_well)
    first = await settle(requests, request, failed)
    before = await records.request(request.identity_id)
    assert await settle(requests, request, failed) == first
    assert (await records.request(request.identity_id))["commit"] == before["commit"]
    assert await records.audit(request.identity_id) == [("create", "pending", 1), ("create", "failed", 1)]


async def test_success_settled_again_tells_the_same_account(requests: PostgresRequests, records: Records) -> None:
    request = await running(requests)
    first = await settle(requests, request, success(request))
    assert await settle(requests, request, success(request)) == first
    assert await records.audit(request.identity_id) == [("create", "pending", 1), ("create", "success", 1)]


async def test_settling_while_the_lost_statement_still_runs_waits_for_it_and_writes_nothing_twice(
    requests: PostgresRequests, records: Records, pool: Pool
) -> None:
    request = await running(requests)
    async with pool.connection() as lost, lost.transaction():
        # The statement of the connection that broke: it holds the row, and commits a moment later.
        await lost.execute(
            "UPDATE email_requests SET state = 'waiting', due_at = now(), holder = NULL WHERE identity_id = %s",
            (request.identity_id,),
        )
        await lost.execute(
            "INSERT INTO email_provisioning_log (kratos_identity_id, action, status, attempt_count, holder) "
            "VALUES (%s, 'create', 'interrupted', 1, %s)",
            (request.identity_id, request.holder),
        )
        again = asyncio.create_task(settle(requests, request, Interrupted()))
        await blocked(records.connection)
    assert (await again).status is Status.INTERRUPTED
    assert await records.audit(request.identity_id) == [("create", "pending", 1), ("create", "interrupted", 1)]


async def blocked(connection: AsyncConnection[dict[str, object]]) -> None:
    """Returns as soon as a statement waits for another's lock."""
    async with asyncio.timeout(5):
        while True:
            if (await connection.execute("SELECT FROM pg_locks WHERE NOT granted")).rowcount:
                return
            await asyncio.sleep(0.01)


async def test_a_domain_that_is_missing_puts_off_its_waiting_requests_together(
    requests: PostgresRequests, records: Records
) -> None:
    here, elsewhere, attempted = mailbox(), Mailbox(uuid4(), "bob@example.net"), mailbox("carol")
    for each in (here, elsewhere):
        await requests.accept(each, holder=None, lease=10, origin=NOWHERE, action="accept")
    await running(requests, attempted)
    assert await requests.postpone_domain("example.org", 3600) == 1
    assert 3599 < (await records.request(here.identity_id))["due_in"] <= 3600
    assert (await records.request(elsewhere.identity_id))["due_in"] <= 0
    assert (await records.request(attempted.identity_id))["due_in"] <= 10
    assert await requests.postpone_domain("example.org", 60) == 0, "never brought forward"


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
        ("crashes = 4", "crashes_check"),
        ("attempts = -1", "attempts_check"),
    ],
)
async def test_the_database_itself_refuses_a_row_that_breaks_a_rule(
    requests: PostgresRequests, records: Records, broken: LiteralString, rule: str
) -> None:
    await running(requests)
    with pytest.raises(errors.CheckViolation, match=rule):
        await records.connection.execute(sql.SQL("UPDATE email_requests SET {}").format(sql.SQL(broken)))


async def test_an_identity_has_one_account_row(records: Records) -> None:
    add = (
        "INSERT INTO email_accounts (id, kratos_identity_id, email, stalwart_account_id) "
        "VALUES (gen_random_uuid(), %s, 'alice@example.org', 'b')"
    )
    identity_id = uuid4()
    await records.rows(add, identity_id)
    with pytest.raises(psycopg.errors.UniqueViolation):
        await records.rows(add, identity_id)
