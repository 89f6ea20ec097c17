"""The worker: reminded wrongly it runs nothing early, after a crash it runs alone, told to stop it tidies up."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from eventually import eventually
from parts import environment, queue_is_empty, running_parts
from postroom.domain.mailbox import Mailbox
from postroom.domain.member import RetryJob
from postroom.domain.request import Request
from postroom.postgres.connection import Pool
from postroom.postgres.requests import PostgresRequests
from postroom.provisioning.accept import Ready, WillRetry
from postroom.queue.retry_set import KEY
from postroom.runtime import Parts
from postroom.telemetry import REGISTRY
from records import NOWHERE, Records, mailbox
from servers import Database
from stalwart_stand_in import StalwartStandIn


@pytest.fixture
def settings(database: Database, redis_url: str, stalwart: StalwartStandIn) -> dict[str, str]:
    return environment(database, redis_url, stalwart, drain_seconds=0.2)


def crashed() -> float:
    return REGISTRY.get_sample_value("postroom_attempts_total", {"status": "crashed"}) or 0


async def waiting(parts: Parts, of: Mailbox) -> Request:
    request = await parts.requests.accept(of, holder=None, lease=10, origin=NOWHERE, action="accept")
    assert request
    return request


async def announced(parts: Parts, of: Mailbox) -> Request:
    """A waiting request, due now, of which the worker knows."""
    request = await waiting(parts, of)
    await parts.announcements.replace(request, ())
    parts.worker.wake()
    return request


async def test_a_member_that_comes_early_starts_nothing_before_its_due_time(
    settings: dict[str, str], redis: Redis, records: Records
) -> None:
    alice = mailbox()
    async with running_parts(settings) as parts:
        request = await waiting(parts, alice)
        await records.make_due_in(1.0, alice.identity_id)
        due_at = (await records.request(alice.identity_id))["due_at"]
        await redis.zadd(KEY, {RetryJob.of(request).to_json(): 1.0})  # a clock of Redis that is years ahead
        parts.worker.wake()
        await records.until("provisioned", alice.identity_id)
        await queue_is_empty(redis)
    started = (await records.log(alice.identity_id))[1]["created_at"]
    assert -0.05 <= (started - due_at).total_seconds() < 0.5


async def test_a_member_that_comes_earlier_than_a_lease_gets_its_true_score_back(
    settings: dict[str, str], redis: Redis, records: Records
) -> None:
    alice = mailbox()
    async with running_parts(settings) as parts:
        request = await waiting(parts, alice)
        await records.make_due_in(600, alice.identity_id)
        row = await records.request(alice.identity_id)
        member = RetryJob.of(request).to_json()
        await redis.zadd(KEY, {member: 1.0, member.replace('"attempt":0', '"attempt":7'): 1.0})
        parts.worker.wake()

        async def restored() -> bool:
            true = (member, pytest.approx(row["due_at"].timestamp(), abs=1e-5))
            return await redis.zrange(KEY, 0, -1, withscores=True) == [true]

        await eventually(restored, "the true member alone, with its true score")
    assert await records.audit(alice.identity_id) == [("accept", "done", 0)]


async def test_members_of_nobody_and_of_requests_at_rest_are_removed(
    settings: dict[str, str], redis: Redis, records: Records
) -> None:
    alice = mailbox()
    async with running_parts(settings) as parts:
        assert isinstance(await parts.accept(alice, NOWHERE), Ready)
        done, _ = await parts.requests.read(alice.identity_id) or pytest.fail("no row")
        member = RetryJob.of(done).to_json()
        unknown = member.replace(str(alice.identity_id), str(uuid4()))
        await redis.zadd(KEY, {member: 1.0, unknown: 1.0, "not a member of ours": 1.0})
        parts.worker.wake()
        await queue_is_empty(redis)
    assert len(await records.log(alice.identity_id)) == 2


async def test_two_members_of_one_request_make_one_attempt(
    settings: dict[str, str], redis: Redis, records: Records
) -> None:
    alice = mailbox()
    async with running_parts(settings) as parts:
        request = await waiting(parts, alice)
        member = RetryJob.of(request).to_json()
        stale = member.replace('"attempt":0', '"attempt":7')
        await redis.zadd(KEY, {member: 1.0, stale: 1.0})
        parts.worker.wake()
        await records.until("provisioned", alice.identity_id)
        await queue_is_empty(redis)
    assert await records.attempts(alice.identity_id) == [("pending", 1), ("success", 1)]


async def test_a_request_under_which_a_process_died_runs_again_while_nothing_else_does(
    settings: dict[str, str], redis: Redis, stalwart: StalwartStandIn, records: Records
) -> None:
    alice, before, after = mailbox(), mailbox("before"), mailbox("after")
    async with running_parts(settings) as parts:
        await parts.accept(mailbox("first"), NOWHERE)
        await stalwart.set_fault(kind="slow", delay_ms=300)
        await announced(parts, before)
        await records.until("running", before.identity_id)
        crashed = await parts.requests.accept(alice, holder=uuid4(), lease=0, origin=NOWHERE, action="accept")
        assert crashed
        await redis.zadd(KEY, {RetryJob.of(crashed).to_json(): 1.0})
        parts.worker.wake()

        async def claimed_again() -> bool:
            return len(await records.log(alice.identity_id)) == 3

        await eventually(claimed_again, "the second attempt")
        assert isinstance(await parts.accept(after, NOWHERE), Ready)
        await queue_is_empty(redis)
    assert await records.attempts(alice.identity_id) == [
        ("pending", 1),
        ("crashed", 1),
        ("pending", 2),
        ("success", 2),
    ]
    order = await records.rows("SELECT email, status FROM email_provisioning_log WHERE status <> 'done' ORDER BY id")
    alone = order.index({"email": alice.email, "status": "success"})
    assert order[alone - 1] == {"email": alice.email, "status": "pending"}
    assert order[alone - 3 : alone - 1] == [
        {"email": before.email, "status": "success"},
        {"email": alice.email, "status": "crashed"},
    ]
    assert order[alone + 1] == {"email": after.email, "status": "pending"}


async def test_a_request_that_kills_every_process_waits_longer_and_is_found_by_its_mark_in_the_end(
    settings: dict[str, str], redis: Redis, records: Records
) -> None:
    alice = mailbox()
    async with running_parts(settings) as parts:
        request = await parts.requests.accept(alice, holder=uuid4(), lease=0, origin=NOWHERE, action="accept")
        assert request
        await records.rows("UPDATE email_requests SET crashes = 2")
        before = crashed()
        await redis.zadd(KEY, {RetryJob.of(request).to_json(): 1.0})
        parts.worker.wake()
        await records.until("waiting", alice.identity_id)
        await eventually(lambda: crashed() == before + 1, "the crash is counted")
        row = await records.request(alice.identity_id)
        assert 590 < row["due_in"] <= 600

        async def is_announced() -> bool:
            members = [RetryJob.from_json(str(member)) for member in await redis.zrange(KEY, 0, -1)]
            return row["enqueued_at"] in {member.enqueued_at for member in members}

        await eventually(is_announced, "its new member")
        await records.make_due_in(-1, alice.identity_id)
        parts.worker.wake()
        await records.until("provisioned", alice.identity_id)
    assert (await records.request(alice.identity_id))["crashes"] == 0


async def test_one_locked_row_stops_nobody_else(
    settings: dict[str, str], pool: Pool, requests: PostgresRequests, records: Records
) -> None:
    """An operator's open `BEGIN; UPDATE`: its row is the first of each look, and nobody gets it."""
    locked, others = mailbox("locked"), [mailbox(f"user-{number}") for number in range(10)]
    for each in (locked, *others):
        await requests.accept(each, holder=None, lease=10, origin=NOWHERE, action="accept")
    await records.make_due_in(-100, locked.identity_id)
    async with pool.connection() as operator, operator.transaction():
        await operator.execute(
            "UPDATE email_requests SET reason = reason WHERE identity_id = %s", (locked.identity_id,)
        )
        async with running_parts(settings):
            await records.until("provisioned", *(each.identity_id for each in others))
            assert (await records.request(locked.identity_id))["state"] == "waiting"


@pytest.mark.parametrize("crashes", [0, 1])
async def test_one_row_whose_claim_postgresql_refuses_stops_nobody_else(
    settings: dict[str, str], requests: PostgresRequests, records: Records, crashes: int
) -> None:
    """An operator's trigger, say. The worker's loop broke on it, and its process ended, at each start again."""
    refused, others = mailbox("refused"), [mailbox(f"user-{number}") for number in range(10)]
    for each in (refused, *others):
        await requests.accept(each, holder=None, lease=10, origin=NOWHERE, action="accept")
    await records.rows("UPDATE email_requests SET crashes = %s WHERE email LIKE 'refused@%%'", crashes)
    await records.make_due_in(-100, refused.identity_id)
    await records.rows(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'no'; END$$;"
        "CREATE TRIGGER refuse BEFORE UPDATE ON email_requests FOR EACH ROW"
        " WHEN (OLD.email LIKE 'refused@%') EXECUTE FUNCTION refuse()"
    )
    async with running_parts(settings):
        await records.until("provisioned", *(each.identity_id for each in others))
        assert (await records.request(refused.identity_id))["state"] == "waiting"
        await records.rows("DROP TRIGGER refuse ON email_requests")
        await records.until("provisioned", refused.identity_id, within=15)


async def test_a_throttling_server_is_obeyed_and_spends_nothing(
    settings: dict[str, str], redis: Redis, stalwart: StalwartStandIn, records: Records
) -> None:
    alice = mailbox()
    async with running_parts(settings) as parts:
        await stalwart.set_fault(kind="throttle", retry_after=2, count=1)
        assert await parts.accept(alice, NOWHERE) == WillRetry()
        row = await records.request(alice.identity_id)
        assert (row["retries"], row["state"]) == (0, "waiting")
        assert 1.5 < row["due_in"] <= 2
        parts.worker.wake()
        await records.until("provisioned", alice.identity_id)
    assert await records.attempts(alice.identity_id) == [
        ("pending", 1),
        ("throttled", 1),
        ("pending", 2),
        ("success", 2),
    ]


async def test_the_pace_bounds_the_starts_of_a_worker(
    database: Database, redis_url: str, stalwart: StalwartStandIn, records: Records
) -> None:
    people = [mailbox(f"user-{number}") for number in range(11)]
    async with running_parts(environment(database, redis_url, stalwart, pace=20)) as parts:
        for each in people:
            await announced(parts, each)
        await records.until("provisioned", *(each.identity_id for each in people))
    seconds = await records.value(
        "SELECT extract(epoch FROM max(created_at) - min(created_at))::float8 FROM email_provisioning_log "
        "WHERE status = 'pending'"
    )
    assert 0.45 < seconds < 3, "eleven starts, twenty a second"


async def hung(stalwart: StalwartStandIn, times: int = 1) -> None:
    async def struck() -> bool:
        return (await stalwart.request_counts()).get("fault: hang", 0) >= times

    await eventually(struck, f"{times} requests hang")


async def stopped(parts: Parts) -> None:
    parts.worker.stop()
    await parts.accept.drain(within=0.2)


async def assert_interrupted(records: Records, redis: Redis, *people: Mailbox) -> None:
    for each in people:
        row = await records.request(each.identity_id)
        assert (row["state"], row["attempts"], row["retries"], row["crashes"]) == ("waiting", 1, 0, 0)
        assert row["due_in"] <= 0
        assert await records.attempts(each.identity_id) == [("pending", 1), ("interrupted", 1)]
    assert await redis.zcard(KEY) == len(people)


async def test_a_worker_that_stops_interrupts_what_hangs_past_the_drain_and_spends_nothing(
    settings: dict[str, str], redis: Redis, stalwart: StalwartStandIn, records: Records
) -> None:
    alice = mailbox()
    async with running_parts(settings) as parts:
        await parts.accept(mailbox("first"), NOWHERE)
        await stalwart.set_fault(kind="hang")
        await announced(parts, alice)
        await hung(stalwart)
        started = datetime.now(UTC)
    assert (datetime.now(UTC) - started).total_seconds() < 2
    await assert_interrupted(records, redis, alice)
    await stalwart.clear_faults()
    async with running_parts(settings):
        await records.until("provisioned", alice.identity_id)
    assert len(await stalwart.accounts()) == 2


async def test_a_service_that_stops_tells_the_hook_that_it_will_retry(
    settings: dict[str, str], redis: Redis, stalwart: StalwartStandIn, records: Records
) -> None:
    alice = mailbox()
    async with running_parts(settings) as parts:
        await parts.accept(mailbox("first"), NOWHERE)
        await stalwart.set_fault(kind="hang")
        hook = asyncio.create_task(parts.accept(alice, NOWHERE))
        await hung(stalwart)
        await stopped(parts)
        assert await hook == WillRetry()
    await assert_interrupted(records, redis, alice)


async def test_a_claimed_request_that_waits_for_a_slot_at_the_stop_is_no_crash(
    settings: dict[str, str], redis: Redis, stalwart: StalwartStandIn, records: Records
) -> None:
    hooks, alice = [mailbox(f"user-{number}") for number in range(4)], mailbox()
    async with running_parts(settings) as parts:
        await parts.accept(mailbox("first"), NOWHERE)
        await stalwart.set_fault(kind="hang")
        in_line = [asyncio.create_task(parts.accept(each, NOWHERE)) for each in hooks]
        await hung(stalwart, times=4)
        await announced(parts, alice)
        await records.until("running", alice.identity_id)
        await stopped(parts)
        await asyncio.gather(*in_line, return_exceptions=True)
    await assert_interrupted(records, redis, *hooks, alice)
