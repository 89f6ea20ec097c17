"""The entire sorted set, as reconcile changes it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from fakes import our_installation, request_of
from postroom.domain.request import State
from postroom.queue.members import RedisMembers
from postroom.queue.retry_set import FAILURES, KEY, RetrySet


async def test_adding_a_member_does_not_advance_one_that_a_worker_postponed(redis: Redis) -> None:
    overdue = datetime.now(UTC) - timedelta(seconds=5)
    waiting = replace(request_of(), state=State.WAITING, holder=None, due_at=overdue)
    await RedisMembers(redis, our_installation).add([waiting])
    assert len((await RetrySet(redis, our_installation, lease=30).due(1)).entries) == 1
    put_off = await redis.zrange(KEY, 0, -1, withscores=True)
    await RedisMembers(redis, our_installation).add([waiting])
    assert await redis.zrange(KEY, 0, -1, withscores=True) == put_off


async def test_just_reset_connection_counts_as_redis_unavailable(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """uvloop raises RuntimeError in this case. Unhandled, it would end reconcile, and the process with it."""

    async def reset(*_: object, **__: object) -> None:
        raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")

    monkeypatch.setattr(redis, "execute_command", reset)
    with pytest.raises(FAILURES):
        await RedisMembers(redis, our_installation).length()
