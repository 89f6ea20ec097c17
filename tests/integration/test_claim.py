"""Claiming: nothing starts before it is due, nobody shares, and a crash is counted apart from failures."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from psycopg import AsyncConnection

from postroom.domain.breaker import Cause
from postroom.domain.mailbox import Mailbox
from postroom.domain.request import Failed, Move, State, Status, after_attempt
from postroom.errors import Permanent
from postroom.ports import Answer, Claim, Due, Reminder
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import Pool
from postroom.postgres.reminders import PostgresReminders
from postroom.postgres.requests import PostgresRequests
from postroom.queue.retry_set import HORIZON
from records import NOWHERE, Records, mailbox, running

WITHOUT_OUTCOME = "the attempt ended without an outcome"


async def waiting(requests: PostgresRequests, of: Mailbox) -> UUID:
    assert await requests.accept(of, holder=None, lease=10, origin=NOWHERE, action="accept")
    return of.identity_id


async def claim_one(requests: PostgresRequests, identity_id: UUID, *, lease: float = 30, alone: bool = False) -> Claim:
    (claim,) = await requests.claim([identity_id], lease=lease, alone=alone)
    return claim


class OneConnection:
    """A pool of one connection in one transaction: now() stands still in it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        yield self._connection


async def answer_when_due_in(pool: Pool, milliseconds: int) -> Claim:
    """Claims a waiting request whose due time is exactly that much after PostgreSQL's now()."""
    async with pool.connection() as connection, connection.transaction():
        requests = PostgresRequests(OneConnection(connection), new_id=uuid4)  # type: ignore[arg-type]
        identity_id = await waiting(requests, mailbox(f"due-in-{milliseconds}"))
        await connection.execute(
            "UPDATE email_requests SET due_at = now() + make_interval(secs => %s) WHERE identity_id = %s",
            (milliseconds / 1000, identity_id),
        )
        return await claim_one(requests, identity_id)


async def test_a_due_request_is_granted_under_a_fresh_holder_with_its_pending_row_in_the_same_commit(
    requests: PostgresRequests, records: Records
) -> None:
    identity_id = await waiting(requests, mailbox())
    claim = await claim_one(requests, identity_id)
    assert claim.answer is Answer.GRANTED
    assert claim.request
    assert claim.due_in is not None
    assert claim.due_in < 0, "how late we came, as a negative number"
    assert (claim.request.state, claim.request.attempts, claim.request.retries) == (State.RUNNING, 1, 0)
    row, entry = await records.request(identity_id), (await records.log(identity_id))[-1]
    assert 29 < row["due_in"] <= 30
    assert row["holder"] == claim.request.holder == entry["holder"]
    assert (entry["action"], entry["status"], entry["attempt_count"]) == ("create", "pending", 1)
    assert entry["commit"] == row["commit"]


async def test_fifty_milliseconds_early_is_granted_and_fifty_one_is_refused_with_the_time_left(pool: Pool) -> None:
    assert (await answer_when_due_in(pool, 50)).answer is Answer.GRANTED
    refused = await answer_when_due_in(pool, 51)
    assert refused.answer is Answer.WAITING
    assert refused.request
    assert refused.request.holder is None
    assert refused.due_in is not None
    assert refused.due_in <= 0.051


async def test_a_request_that_is_not_due_is_refused_and_leaves_no_row(
    requests: PostgresRequests, records: Records
) -> None:
    identity_id = await waiting(requests, mailbox())
    await records.make_due_in(60, identity_id)
    claim = await claim_one(requests, identity_id)
    assert claim.answer is Answer.WAITING
    assert claim.due_in is not None
    assert 59 < claim.due_in <= 60
    assert await records.audit(identity_id) == [("accept", "done", 0)]


async def test_a_running_request_is_refused_until_its_lease_is_over(requests: PostgresRequests) -> None:
    request = await running(requests, mailbox())
    for alone in (False, True):
        claim = await claim_one(requests, request.identity_id, alone=alone)
        assert claim.answer is Answer.RUNNING
        assert claim.request == request
        assert claim.due_in is not None
        assert 9 < claim.due_in <= 10


async def test_the_end_of_a_lease_has_no_fifty_milliseconds_of_grace(pool: Pool) -> None:
    async with pool.connection() as connection, connection.transaction():
        requests = PostgresRequests(OneConnection(connection), new_id=uuid4)  # type: ignore[arg-type]
        request = await running(requests, mailbox())
        await connection.execute("UPDATE email_requests SET due_at = now() + interval '1 millisecond'")
        assert (await claim_one(requests, request.identity_id, alone=True)).answer is Answer.RUNNING
        await connection.execute("UPDATE email_requests SET due_at = now()")
        assert (await claim_one(requests, request.identity_id, alone=True)).answer is Answer.GRANTED


async def test_each_asked_id_is_answered_for_itself(requests: PostgresRequests, records: Records) -> None:
    due, early = await waiting(requests, mailbox("due")), await waiting(requests, mailbox("early"))
    await records.make_due_in(60, early)
    taken = await running(requests, mailbox("taken"))
    buried = await running(requests, mailbox("buried"))
    refused = after_attempt(buried, Failed(Permanent("no")))
    await requests.settle(buried, refused, None)
    unknown = uuid4()
    asked = [unknown, buried.identity_id, due, early, taken.identity_id, due]
    answers = {claim.identity_id: claim for claim in await requests.claim(asked, lease=30)}
    assert {identity_id: claim.answer for identity_id, claim in answers.items()} == {
        unknown: Answer.UNKNOWN,
        buried.identity_id: Answer.DEAD,
        due: Answer.GRANTED,
        early: Answer.WAITING,
        taken.identity_id: Answer.RUNNING,
    }
    assert answers[unknown].request is None
    dead = answers[buried.identity_id].request
    assert dead
    assert dead.reason == "no"
    assert await requests.claim([], lease=30) == []


async def test_with_the_breaker_open_nobody_claims_and_the_row_stays_waiting(
    requests: PostgresRequests, breakers: PostgresBreakers, records: Records
) -> None:
    identity_id = await waiting(requests, mailbox())
    crashed = await running(requests, mailbox("crashed"))
    await records.make_due_in(-1, crashed.identity_id)
    await breakers.open(Cause.OUTAGE, "mail server answered 503")
    for alone in (False, True):
        claims = await requests.claim([identity_id, crashed.identity_id, unknown := uuid4()], lease=30, alone=alone)
        answers = {claim.identity_id: claim.answer for claim in claims}
        assert answers == {
            identity_id: Answer.BREAKER,
            crashed.identity_id: Answer.BREAKER,
            unknown: Answer.UNKNOWN,
        }
    assert (await records.request(identity_id))["attempts"] == 0
    await breakers.close(await breakers.read())
    assert (await claim_one(requests, identity_id)).answer is Answer.GRANTED


async def test_the_first_crash_is_told_as_alone_and_runs_again_only_alone(
    requests: PostgresRequests, records: Records
) -> None:
    request = await running(requests, mailbox())
    await records.make_due_in(-0.001, request.identity_id)
    assert (await claim_one(requests, request.identity_id)).answer is Answer.ALONE
    assert await records.audit(request.identity_id) == [("create", "pending", 1)], "asking changed nothing"
    claim = await claim_one(requests, request.identity_id, alone=True)
    assert claim.answer is Answer.GRANTED
    assert claim.request
    assert (claim.request.attempts, claim.request.crashes, claim.request.retries) == (2, 1, 0)
    assert claim.request.outcome_unknown, "look up the mark before creating"
    assert claim.request.last_error == WITHOUT_OUTCOME
    assert claim.request.holder != request.holder
    first, crashed, pending = await records.log(request.identity_id)
    assert (crashed["status"], crashed["attempt_count"], crashed["holder"]) == ("crashed", 1, request.holder)
    assert (pending["status"], pending["attempt_count"]) == ("pending", 2)
    assert crashed["commit"] == pending["commit"]
    assert first["status"] == "pending"


async def test_the_second_crash_waits_five_minutes_and_then_runs_only_alone(
    requests: PostgresRequests, records: Records
) -> None:
    request = await running(requests, mailbox())
    await records.make_due_in(-1, request.identity_id)
    await claim_one(requests, request.identity_id, alone=True)
    await records.make_due_in(-1, request.identity_id)
    claim = await claim_one(requests, request.identity_id, alone=True)
    assert claim.answer is Answer.WAITING
    assert claim.request
    assert (claim.request.crashes, claim.request.attempts, claim.request.holder) == (2, 2, None)
    assert 299 < (await records.request(request.identity_id))["due_in"] <= 300
    assert claim.due_in is not None
    assert 299 < claim.due_in <= 300
    assert (await records.audit(request.identity_id))[-1] == ("create", "crashed", 2)
    await records.make_due_in(-1, request.identity_id)
    assert (await claim_one(requests, request.identity_id)).answer is Answer.ALONE
    assert (await claim_one(requests, request.identity_id, alone=True)).answer is Answer.GRANTED


async def test_no_number_of_crashes_buries_a_request_and_each_makes_it_wait_longer(
    requests: PostgresRequests, records: Records
) -> None:
    request = await running(requests, mailbox())
    waits: list[int] = []
    for _ in range(8):
        await records.make_due_in(-1, request.identity_id)
        claim = await claim_one(requests, request.identity_id, alone=True)
        if claim.answer is Answer.WAITING:
            waits.append(round(claim.due_in or 0))
            await records.make_due_in(-1, request.identity_id)
            claim = await claim_one(requests, request.identity_id, alone=True)
        assert claim.answer is Answer.GRANTED
    row = await records.request(request.identity_id)
    assert waits == [300, 600, 1200, 2400, 3600, 3600, 3600]
    assert (row["state"], row["crashes"], row["retries"]) == ("running", 8, 0), "crashes spend no retry"
    statuses = [status for _, status, _ in await records.audit(request.identity_id)]
    assert statuses == ["pending", "crashed"] * 8 + ["pending"]


async def test_a_claim_says_which_attempts_ended_without_an_outcome(
    requests: PostgresRequests, records: Records
) -> None:
    crashed, fresh = await running(requests, mailbox("crashed")), await waiting(requests, mailbox("fresh"))
    await records.make_due_in(-1, crashed.identity_id)
    claims = await requests.claim([crashed.identity_id, fresh], lease=30, alone=True)
    assert {claim.identity_id: claim.crashed for claim in claims} == {crashed.identity_id: True, fresh: False}


async def test_any_outcome_ends_the_count_of_crashes(requests: PostgresRequests, records: Records) -> None:
    request = await running(requests, mailbox())
    await records.make_due_in(-1, request.identity_id)
    claim = await claim_one(requests, request.identity_id, alone=True)
    assert claim.request
    await requests.settle(claim.request, Move(State.WAITING, Status.FAILED, 1, delay=0, error="failed"), None)
    assert (await claim_one(requests, request.identity_id)).answer is Answer.GRANTED


async def test_no_more_are_granted_than_asked_for_and_locked_rows_take_nobodys_place(
    requests: PostgresRequests, pool: Pool
) -> None:
    ids = [await waiting(requests, mailbox(f"user-{number}")) for number in range(5)]
    async with pool.connection() as other, other.transaction():
        await other.execute("SELECT FROM email_requests WHERE identity_id = ANY(%s) FOR UPDATE", (ids[:2],))
        claims = await requests.claim(ids, lease=30, limit=2)
    assert [claim.identity_id for claim in claims if claim.answer is Answer.GRANTED] == ids[2:4]


async def test_a_claim_that_meets_another_does_not_wait_for_it(requests: PostgresRequests, pool: Pool) -> None:
    held, free = await waiting(requests, mailbox("held")), await waiting(requests, mailbox("free"))
    async with pool.connection() as other, other.transaction():
        await other.execute("SELECT FROM email_requests WHERE identity_id = %s FOR UPDATE", (held,))
        async with asyncio.timeout(2):
            answers = {claim.identity_id: claim.answer for claim in await requests.claim([held, free], lease=30)}
    assert answers == {held: Answer.WAITING, free: Answer.GRANTED}


async def test_eight_claimants_never_share_a_request_and_each_attempt_has_one_outcome(
    requests: PostgresRequests, records: Records
) -> None:
    ids = [await waiting(requests, mailbox(f"user-{number}")) for number in range(25)]
    under_way: set[UUID] = set()
    granted = 0

    async def claimant(seed: int) -> None:
        nonlocal granted
        chance = random.Random(seed)
        for _ in range(60):
            for claim in await requests.claim(chance.sample(ids, 5), lease=30):
                if claim.answer is not Answer.GRANTED or claim.request is None:
                    continue
                assert claim.identity_id not in under_way, "two holders at once"
                under_way.add(claim.identity_id)
                granted += 1
                await asyncio.sleep(0)
                under_way.remove(claim.identity_id)
                move = Move(State.WAITING, Status.FAILED, 0, delay=0, error="failed")
                settled = await requests.settle(claim.request, move, None)
                assert settled
                assert settled.status is Status.FAILED

    async with asyncio.TaskGroup() as group:
        for seed in range(8):
            group.create_task(claimant(seed))
    pending = await records.value("SELECT count(*) FROM email_provisioning_log WHERE status = 'pending'")
    assert granted > 500
    assert pending == granted == await records.value("SELECT sum(attempts) FROM email_requests")
    assert (
        await records.rows(
            "SELECT holder FROM email_provisioning_log WHERE holder IS NOT NULL GROUP BY holder "
            "HAVING count(*) FILTER (WHERE status = 'pending') <> 1 OR count(*) FILTER (WHERE status <> 'pending') <> 1"
        )
        == []
    ), "two holders in one attempt, or two outcomes"
    assert (
        await records.value(
            "SELECT count(*) FROM (SELECT kratos_identity_id, attempt_count FROM email_provisioning_log "
            "WHERE status = 'pending' GROUP BY 1, 2 HAVING count(*) > 1) AS issued_twice"
        )
        == 0
    )


async def test_the_safety_look_finds_ended_leases_at_once_and_what_waits_after_the_grace_the_longest_overdue_first(
    requests: PostgresRequests, records: Records, pool: Pool
) -> None:
    look = PostgresReminders(pool, grace=1)
    assert await look.due(10, after=None) == Due([], None)
    late, later, in_grace = [await waiting(requests, mailbox(name)) for name in ("late", "later", "in-grace")]
    crashed, runs = await running(requests, mailbox("crashed")), await running(requests, mailbox("runs"))
    for seconds, identity_id in (
        (-5, late),
        (-9, later),
        (-0.5, in_grace),
        (-0.001, crashed.identity_id),
        (60, runs.identity_id),
    ):
        await records.make_due_in(seconds, identity_id)
    due = await look.due(10, after=None)
    assert due.reminders == [Reminder(later), Reminder(late), Reminder(crashed.identity_id)]
    first = await look.due(1, after=None)
    assert first.reminders == [Reminder(later)]
    assert (await look.due(10, after=first.last)).reminders == due.reminders[1:]
    exact = await PostgresReminders(pool, grace=-HORIZON).due(10, after=None)
    assert Reminder(in_grace) in exact.reminders
    assert exact.next_in is not None
    assert 50 < exact.next_in <= 60, "of whoever comes due next: who is due now may be locked for long"
