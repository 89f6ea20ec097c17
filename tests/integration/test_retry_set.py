"""The sorted set in Redis: it returns due requests, its failures cost little time, and losing it loses no request."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from redis.asyncio import Connection, ConnectionPool, Redis

from fakes import our_installation
from postroom.domain.member import RetryJob
from postroom.domain.request import Request, State
from postroom.ports import Due
from postroom.queue.epoch import EPOCH_KEY, AnotherInstallation
from postroom.queue.members import RedisMembers
from postroom.queue.retry_set import FAILURES, KEY, RetrySet, connect

LEASE = 30.0
PATIENT = 10.0
SLOW = 1.0
NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def request(number: int = 1, *, state: State = State.WAITING, due_in: float = 60, error: str | None = None) -> Request:
    return Request(
        identity_id=UUID(int=number),
        email=f"user-{number}@example.org",
        display_name=None,
        state=state,
        due_at=datetime.now(UTC) + timedelta(seconds=due_in) if state is State.WAITING else None,
        holder=None,
        attempts=1,
        retries=1,
        crashes=0,
        postponed=0,
        outcome_unknown=False,
        waits_for=None,
        enqueued_at=NOW,
        last_error=error,
        reason=None,
    )


@pytest.fixture
async def retry_set(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RetrySet]:
    """It waits longer than Postroom does: what is tested is not how busy the machine is."""
    monkeypatch.setattr("postroom.queue.retry_set.TIMEOUT", PATIENT)
    client = connect(redis_url)
    yield RetrySet(client, our_installation, lease=LEASE)
    await client.aclose()


async def add(redis: Redis, member: str, due_in: float) -> None:
    seconds, microseconds = await redis.time()
    await redis.zadd(KEY, {member: seconds + microseconds / 1e6 + due_in})


async def test_waiting_request_is_stored_as_json_in_the_documented_sorted_set(
    retry_set: RetrySet, redis: Redis
) -> None:
    waiting = request(7, error="mail server answered 500")
    assert waiting.due_at
    await retry_set.replace(waiting, ())
    assert await redis.zrange("email:provisioning:retry", 0, -1, withscores=True) == [
        (
            '{"identity_id":"00000000-0000-0000-0000-000000000007","email":"user-7@example.org","attempt":1,'
            '"enqueued_at":"2026-03-01T12:00:00.123456Z","error":"mail server answered 500"}',
            pytest.approx(waiting.due_at.timestamp(), abs=1e-5),
        )
    ]


async def test_due_returns_at_most_the_limit_with_the_longest_overdue_first(retry_set: RetrySet, redis: Redis) -> None:
    for number in range(1, 6):
        await add(redis, RetryJob.of(request(number)).to_json(), -number)
    due = await retry_set.due(2)
    assert [r.identity_id for r in due.entries] == [UUID(int=5), UUID(int=4)]
    assert due.next_in is not None
    assert due.next_in < 0, "more requests are due now"
    assert len((await retry_set.due(10)).entries) == 3


async def test_a_member_gets_its_due_time_again_unless_it_was_removed_meanwhile(
    retry_set: RetrySet, redis: Redis
) -> None:
    member = RetryJob.of(request()).to_json()
    await add(redis, member, 60)
    await retry_set.restore(member, NOW)
    assert await redis.zscore(KEY, member) == pytest.approx(NOW.timestamp(), abs=1e-5)
    await retry_set.remove([member])
    await retry_set.restore(member, NOW)
    assert await redis.zcard(KEY) == 0


async def test_retry_index_never_gives_two_workers_the_same_member(retry_set: RetrySet, redis: Redis) -> None:
    for number in range(100):
        await add(redis, RetryJob.of(request(number)).to_json(), -1)
    reported = [r.member for due in await asyncio.gather(*(retry_set.due(7) for _ in range(20))) for r in due.entries]
    assert len(reported) == len(set(reported)) == 100


async def test_claim_adds_no_member_or_key(retry_set: RetrySet, redis: Redis) -> None:
    assert await retry_set.due(1) == Due([], None)
    assert await redis.keys() == []


@pytest.mark.parametrize(
    ("epoch", "is_used", "is_complete"),
    [(None, True, False), ("complete", True, False), ("ours", True, True), ("another's", False, False)],
    ids=["of nobody yet", "of an earlier version", "ours", "of another installation"],
)
async def test_only_the_set_of_our_installation_is_used(
    retry_set: RetrySet, redis: Redis, epoch: str | None, is_used: bool, is_complete: bool
) -> None:
    """Two installations on one Redis: each took the due requests of the other for its own, and removed them."""
    members = RedisMembers(redis, our_installation)
    theirs = RetryJob.of(request(2)).to_json()
    await add(redis, theirs, -1)
    if epoch:
        await redis.set(EPOCH_KEY, epoch)
    before = await redis.zrange(KEY, 0, -1, withscores=True)
    with nullcontext() if is_used else pytest.raises(AnotherInstallation):
        assert (await retry_set.due(1)).entries
    with nullcontext() if is_used else pytest.raises(AnotherInstallation):
        assert await members.has_epoch() == is_complete
    await retry_set.replace(request(1), [theirs])
    await retry_set.add([request(3)])
    await retry_set.restore(theirs, NOW)
    await retry_set.remove([theirs])
    assert (await redis.zrange(KEY, 0, -1, withscores=True) == before) == (not is_used)
    with nullcontext() if is_used else pytest.raises(AnotherInstallation):
        await members.set_epoch()
    assert await redis.get(EPOCH_KEY) == ("ours" if is_used else epoch)


async def test_replace_removes_held_members_and_adds_only_a_waiting_request(retry_set: RetrySet, redis: Redis) -> None:
    old, stranger = RetryJob.of(request(1, error="old")).to_json(), RetryJob.of(request(2)).to_json()
    await add(redis, old, 1)
    await add(redis, stranger, 1)
    waiting = request(1, error="new")
    await retry_set.replace(waiting, [old])
    new = RetryJob.of(waiting).to_json()
    assert set(await redis.zrange(KEY, 0, -1)) == {stranger, new}
    await retry_set.replace(request(1, state=State.PROVISIONED), [new, "gone already"])
    assert await redis.zrange(KEY, 0, -1) == [stranger]


async def test_unreadable_members_are_returned_without_an_identity_and_can_be_removed(
    retry_set: RetrySet, redis: Redis, redis_url: str
) -> None:
    async with Redis.from_url(redis_url) as raw:
        for junk in (b"not json", b"{}", b"\xff\xfe", b"[" * 5000, b'{"identity_id":1}'):
            await raw.zadd(KEY, {junk: 1.0})
    due = await retry_set.due(10)
    assert [r.identity_id for r in due.entries] == [None] * 5
    await retry_set.remove([r.member for r in due.entries if r.member])
    await retry_set.remove([])
    assert await redis.zcard(KEY) == 0


async def test_retry_set_works_after_redis_lost_its_data_and_scripts(retry_set: RetrySet, redis: Redis) -> None:
    await retry_set.replace(request(), ())
    await retry_set.due(1)
    await redis.flushall()
    await redis.script_flush()
    assert await retry_set.due(1) == await retry_set.due(1)
    await retry_set.replace(request(due_in=-1), ["lost"])
    assert [r.identity_id for r in (await retry_set.due(1)).entries] == [UUID(int=1)]


@pytest.fixture(params=["refused", "hung"])
def unavailable_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a Redis that refuses connections, or that accepts them and never responds."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if request.param == "hung":
            listener.listen(64)
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}"


async def seconds_of(call: Awaitable[object]) -> float:
    started = time.monotonic()
    await call
    return time.monotonic() - started


async def test_unavailable_redis_costs_one_timeout_and_writes_to_it_raise_nothing(
    unavailable_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connection, handshake, command and a second try would cost several."""
    monkeypatch.setattr("postroom.queue.retry_set.TIMEOUT", SLOW)
    client = connect(unavailable_url)
    retry_set = RetrySet(client, our_installation, lease=LEASE)
    waiting = request()
    assert waiting.due_at
    calls = [
        retry_set.replace(waiting, ["held"]),
        retry_set.restore("member", waiting.due_at),
        retry_set.remove(["member"]),
    ]
    for call in calls:
        assert await seconds_of(call) < 1.9 * SLOW
    started = time.monotonic()
    with pytest.raises(FAILURES):
        await retry_set.due(1)
    assert time.monotonic() - started < 1.9 * SLOW
    await client.aclose()


async def test_redis_that_stops_answering_costs_one_timeout_and_is_used_again_afterwards(
    retry_set: RetrySet, redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await retry_set.replace(request(1), ())
    async with Redis.from_url(redis_url) as other:
        monkeypatch.setattr("postroom.queue.retry_set.TIMEOUT", SLOW)
        await other.execute_command("CLIENT PAUSE", int(2500 * SLOW), "ALL")
        assert await seconds_of(retry_set.replace(request(2), ())) < 1.9 * SLOW
        with pytest.raises(FAILURES):
            await retry_set.due(1)
        await other.ping()  # it responds at the end of the pause
    await retry_set.replace(request(3), ())
    assert {RetryJob.of(request(number)).to_json() for number in (1, 3)} <= set(await redis.zrange(KEY, 0, -1))


class _Reset(Connection):
    """A connection that was just reset, under uvloop: writing to it does not raise OSError as under asyncio."""

    async def _send_packed_command(self, command: Iterable[bytes]) -> None:
        raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")


async def test_connection_reset_under_uvloop_counts_as_redis_not_answering(redis_url: str) -> None:
    pool = ConnectionPool.from_url(redis_url, connection_class=_Reset)  # pyright: ignore[reportUnknownMemberType]
    client = Redis(connection_pool=pool)
    retry_set = RetrySet(client, our_installation, lease=LEASE)
    await retry_set.replace(request(), ["held"])
    await retry_set.add([request()])
    await retry_set.restore("member", NOW)
    await retry_set.remove(["member"])
    with pytest.raises(FAILURES):
        await retry_set.due(1)
    await client.aclose()
    await pool.disconnect()
