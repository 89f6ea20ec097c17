"""Reconcile makes Redis equal to PostgreSQL, and does not affect concurrent changes."""

from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from fakes import our_installation
from postroom.domain.member import RetryJob
from postroom.postgres.connection import Pool
from postroom.postgres.leadership import PostgresLeadership
from postroom.postgres.requests import PostgresRequests
from postroom.postgres.waiting import PostgresWaiting
from postroom.process.clock import SystemClock
from postroom.queue.epoch import EPOCH_KEY
from postroom.queue.members import RedisMembers
from postroom.queue.retry_set import FAILURES, KEY
from postroom.retry.reconcile import Corrections, Reconcile
from records import Records

NOTHING = Corrections()


class OwnClock(SystemClock):
    """A monotonic clock that the test moves."""

    seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> OwnClock:
    return OwnClock()


@pytest.fixture
def reconcile(pool: Pool, redis: Redis, leadership: PostgresLeadership, clock: OwnClock) -> Reconcile:
    return Reconcile(PostgresWaiting(pool), RedisMembers(redis, our_installation), leadership, clock, failures=FAILURES)


async def _waiting(records: Records, number: int, *, due_in: float = 60, quiet_for: float = 60) -> list[UUID]:
    """`number` waiting requests that were not changed for `quiet_for` seconds."""
    identity_ids = [uuid4() for _ in range(number)]
    await records.rows(
        "INSERT INTO email_requests (identity_id, email, state, due_at, attempts, retries, enqueued_at, last_error) "
        "SELECT id, id || '@example.org', 'waiting', now() + make_interval(secs => %s), 1, 1, "
        "clock_timestamp() - make_interval(secs => %s), 'mail server answered 500' FROM unnest(%s::uuid[]) AS id",
        due_in,
        quiet_for,
        identity_ids,
    )
    return identity_ids


async def _announce_all(pool: Pool, redis: Redis) -> None:
    async for page in PostgresWaiting(pool).pages(1000):
        await RedisMembers(redis, our_installation).add(page)


async def test_emptied_redis_is_refilled_and_marked_complete(
    records: Records, redis: Redis, reconcile: Reconcile, clock: OwnClock
) -> None:
    identity_ids = await _waiting(records, 25, due_in=1800)
    assert (await reconcile.step()).added == 25  # the first turn of a process is a full pass
    assert await redis.exists(EPOCH_KEY)
    await redis.flushall()
    clock.seconds += 30
    assert (await reconcile.step()).added == 25
    members: list[tuple[str, float]] = await redis.zrange(KEY, 0, -1, withscores=True)  # pyright: ignore[reportAssignmentType] — decoded
    assert {RetryJob.from_json(member).identity_id for member, _ in members} == set(identity_ids)
    due_at = (await records.request(identity_ids[0]))["due_at"].timestamp()
    assert {round(score, 3) for _, score in members} == {round(due_at, 3)}


async def test_reconcile_ignores_rows_that_changed_a_moment_ago(
    records: Records, pool: Pool, redis: Redis, reconcile: Reconcile
) -> None:
    await _waiting(records, 5, quiet_for=1)  # just settled, not yet added to the retry index
    moved = await _waiting(records, 1)
    await _announce_all(pool, redis)
    await redis.zremrangebyrank(KEY, 0, -1)
    await records.rows("UPDATE email_requests SET enqueued_at = clock_timestamp() WHERE identity_id = ANY(%s)", moved)
    assert await reconcile.full_pass() == NOTHING
    assert await reconcile.check() == NOTHING


async def test_reconcile_corrects_nothing_without_faults(
    records: Records, requests: PostgresRequests, pool: Pool, redis: Redis, reconcile: Reconcile
) -> None:
    """The worker removes the member of a running request."""
    running = (await _waiting(records, 1100))[:1]  # more than one page, and more than fits into one command
    await _announce_all(pool, redis)
    await records.rows(
        "UPDATE email_requests SET state = 'running', holder = gen_random_uuid() WHERE identity_id = ANY(%s)", running
    )
    assert await reconcile.full_pass() == NOTHING
    assert await redis.zcard(KEY) == 1100
