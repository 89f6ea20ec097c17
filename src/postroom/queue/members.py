"""The port `RetryMembers`: the entire sorted set, for the comparison with PostgreSQL."""

# redis-py leaves some of its arguments untyped.
# pyright: reportUnknownMemberType=false

from collections.abc import AsyncIterator, Sequence
from typing import cast

from redis.asyncio import Redis

from postroom.domain.member import RetryJob
from postroom.domain.request import Request
from postroom.queue.epoch import Epoch, InstallationId
from postroom.queue.retry_set import KEY, asking

CHUNK = 1000
"""Members of one command: Redis serves no other client meanwhile."""


class RedisMembers:
    """Every method raises one of `retry_set.FAILURES` when Redis does not answer. Only those of the epoch ask whose
    members they are."""

    def __init__(self, redis: Redis, installation_id: InstallationId) -> None:
        self._redis = redis
        self._epoch = Epoch(redis, installation_id)

    async def has_epoch(self) -> bool:
        async with asking():
            return await self._epoch.is_set()

    async def set_epoch(self) -> None:
        async with asking():
            await self._epoch.set()

    async def length(self) -> int:
        async with asking():
            return int(await self._redis.zcard(KEY))

    async def window(self, earliest: float, latest: float, limit: int) -> Sequence[str]:
        async with asking():
            seconds, microseconds = await self._redis.time()
            now = seconds + microseconds / 1_000_000
            found = await self._redis.zrangebyscore(KEY, now + earliest, now + latest, start=0, num=limit)
        return cast(list[str], found)

    async def pages(self, size: int) -> AsyncIterator[Sequence[str]]:
        cursor = -1
        while cursor:
            # redis-py's types do not say that replies are decoded.
            async with asking():
                reply = await self._redis.zscan(KEY, max(cursor, 0), count=min(size, CHUNK))
            cursor, found = cast(tuple[int, list[tuple[str, float]]], reply)
            yield [member for member, _ in found]

    async def absent(self, requests: Sequence[Request]) -> list[Request]:
        found: list[Request] = []
        for chunk in _chunks(requests):
            members = [RetryJob.of(request).to_json() for request in chunk]
            async with asking():
                scores = await self._redis.zmscore(KEY, members)
            found += [request for request, score in zip(chunk, scores, strict=True) if score is None]
        return found

    async def add(self, requests: Sequence[Request]) -> int:
        added = 0
        for chunk in _chunks(requests):
            scores = {RetryJob.of(request).to_json(): request.due_at.timestamp() for request in chunk if request.due_at}
            # NX: a worker may have just postponed it.
            async with asking():
                added += cast(int, await self._redis.zadd(KEY, scores, nx=True))
        return added

    async def remove(self, members: Sequence[str]) -> int:
        removed = 0
        for start in range(0, len(members), CHUNK):
            async with asking():
                removed += int(await self._redis.zrem(KEY, *members[start : start + CHUNK]))
        return removed


def _chunks(requests: Sequence[Request]) -> list[Sequence[Request]]:
    return [requests[start : start + CHUNK] for start in range(0, len(requests), CHUNK)]
