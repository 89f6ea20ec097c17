"""Claiming: no request starts before it is due or under two holders, and crashes are counted separately from
failures."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from psycopg import AsyncConnection

from postroom.domain.mailbox import Mailbox
from postroom.domain.request import Move, State, Status
from postroom.ports import Claim, ClaimResult, Due, DueEntry
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import Pool
from postroom.postgres.overdue import PostgresOverdueRequests
from postroom.postgres.requests import PostgresRequests
from postroom.queue.retry_set import HORIZON
from records import NOWHERE, Records, mailbox, running


async def waiting(requests: PostgresRequests, of: Mailbox) -> UUID:
    assert await requests.accept(of, holder=None, lease=10, origin=NOWHERE, action="accept")
    return of.identity_id


async def claim_one(
    requests: PostgresRequests, identity_id: UUID, *, lease: float = 30, exclusive: bool = False
) -> Claim:
    (claim,) = await requests.claim([identity_id], lease=lease, exclusive=exclusive)
    return claim


class OneConnection:
    """A pool of one connection in one transaction, so that now() is constant."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        yield self._connection


async def answer_when_due_in(pool: Pool, milliseconds: int) -> Claim:
    """Claims a waiting request that is due exactly `after` PostgreSQL's now()."""
    async with pool.connection() as connection, connection.transaction():
        requests = PostgresRequests(OneConnection(connection), new_id=uuid4)  # type: ignore[arg-type]
        identity_id = await waiting(requests, mailbox(f"due-in-{milliseconds}"))
        await connection.execute(
            "UPDATE email_requests SET due_at = now() + make_interval(secs => %s) WHERE identity_id = %s",
            (milliseconds / 1000, identity_id),
        )
        return await claim_one(requests, identity_id)


async def test_claim_sets_a_new_holder_and_writes_the_pending_row_in_one_commit(
    requests: PostgresRequests, records: Records
) -> None:
    identity_id = await waiting(requests, mailbox())
    claim = await claim_one(requests, identity_id)
    assert claim.result is ClaimResult.GRANTED
    assert claim.request
    assert claim.due_in is not None
    assert claim.due_in < 0, "the lateness of the claim, as a negative number"
    assert (claim.request.state, claim.request.attempts, claim.request.retries) == (State.RUNNING, 1, 0)
    row, entry = await records.request(identity_id), (await records.log(identity_id))[-1]
    assert 29 < row["due_in"] <= 30
    assert row["holder"] == claim.request.holder == entry["holder"]
    assert (entry["action"], entry["status"], entry["attempt_count"]) == ("create", "pending", 1)
    assert entry["commit"] == row["commit"]


async def test_claim_is_granted_50_ms_early_and_rejected_51_ms_early_with_the_time_left(pool: Pool) -> None:
    assert (await answer_when_due_in(pool, 50)).result is ClaimResult.GRANTED
    refused = await answer_when_due_in(pool, 51)
    assert refused.result is ClaimResult.WAITING
    assert refused.request
    assert refused.request.holder is None
    assert refused.due_in is not None
    assert refused.due_in <= 0.051


async def test_expired_lease_has_no_grace_of_50_milliseconds(pool: Pool) -> None:
    async with pool.connection() as connection, connection.transaction():
        requests = PostgresRequests(OneConnection(connection), new_id=uuid4)  # type: ignore[arg-type]
        request = await running(requests, mailbox())
        await connection.execute("UPDATE email_requests SET due_at = now() + interval '1 millisecond'")
        assert (await claim_one(requests, request.identity_id, exclusive=True)).result is ClaimResult.RUNNING
        await connection.execute("UPDATE email_requests SET due_at = now()")
        assert (await claim_one(requests, request.identity_id, exclusive=True)).result is ClaimResult.GRANTED


async def test_claim_grants_at_most_its_limit_and_locked_rows_do_not_count(
    requests: PostgresRequests, pool: Pool
) -> None:
    ids = [await waiting(requests, mailbox(f"user-{number}")) for number in range(5)]
    async with pool.connection() as other, other.transaction():
        await other.execute("SELECT FROM email_requests WHERE identity_id = ANY(%s) FOR UPDATE", (ids[:2],))
        claims = await requests.claim(ids, lease=30, limit=2)
    assert [claim.identity_id for claim in claims if claim.result is ClaimResult.GRANTED] == ids[2:4]


async def test_work_of_a_later_version_is_left_to_it(requests: PostgresRequests, records: Records, pool: Pool) -> None:
    identity_id = await waiting(requests, mailbox())
    await records.rows("UPDATE email_requests SET step = 'change'")
    for exclusive in (False, True):
        claim = await claim_one(requests, identity_id, exclusive=exclusive)
        assert claim.result is ClaimResult.UNKNOWN, "its member in Redis stands for nothing that this version does"
    assert await PostgresOverdueRequests(pool, grace=0).due(10, after=None) == Due([], None, None)
    assert (await records.request(identity_id))["attempts"] == 0


async def test_workers_claim_nothing_while_the_mail_server_asks_for_less_but_a_new_person_is_served(
    requests: PostgresRequests, breakers: PostgresBreakers, records: Records
) -> None:
    held = await waiting(requests, mailbox("held"))
    await breakers.slow_down(60)
    await breakers.slow_down(1)  # of a request that was answered earlier: it shortens nothing
    (claim,) = await requests.claim([held], lease=30)
    assert claim.result is ClaimResult.BREAKER
    assert (await running(requests, mailbox("new"))).state is State.RUNNING
    breaker = await breakers.read()
    assert (breaker.open, breaker.slow_until is not None) == (False, True)
    await records.rows("UPDATE mail_server_breaker SET slow_until = now()")
    (claim,) = await requests.claim([held], lease=30)
    assert claim.result is ClaimResult.GRANTED
    assert (await breakers.read()).slow_until is None


async def test_claim_does_not_wait_for_a_row_locked_by_another(requests: PostgresRequests, pool: Pool) -> None:
    held, free = await waiting(requests, mailbox("held")), await waiting(requests, mailbox("free"))
    async with pool.connection() as other, other.transaction():
        await other.execute("SELECT FROM email_requests WHERE identity_id = %s FOR UPDATE", (held,))
        async with asyncio.timeout(2):
            answers = {claim.identity_id: claim.result for claim in await requests.claim([held, free], lease=30)}
    assert answers == {held: ClaimResult.WAITING, free: ClaimResult.GRANTED}


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
                if claim.result is not ClaimResult.GRANTED or claim.request is None:
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


async def test_fallback_poll_finds_ended_leases_at_once_and_waiting_requests_after_the_grace_oldest_first(
    requests: PostgresRequests, records: Records, pool: Pool
) -> None:
    poll = PostgresOverdueRequests(pool, grace=1)
    assert await poll.due(10, after=None) == Due([], None)
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
    due = await poll.due(10, after=None)
    assert due.entries == [DueEntry(later), DueEntry(late), DueEntry(crashed.identity_id)]
    first = await poll.due(1, after=None)
    assert first.entries == [DueEntry(later)]
    assert (await poll.due(10, after=first.last)).entries == due.entries[1:]
    exact = await PostgresOverdueRequests(pool, grace=-HORIZON).due(10, after=None)
    assert DueEntry(in_grace) in exact.entries
    assert exact.next_in is not None
    assert 50 < exact.next_in <= 60, "of the next due request: one that is due now may be locked for long"
