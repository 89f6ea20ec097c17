"""The ports `DueQueue` and `RetryIndex` on the sorted set `email:provisioning:retry`.

Nothing is lost with all data of Redis: the members are made again from the rows, and the fallback poll finds what is
due meanwhile. So every call here is short, and a failure is counted and ignored.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from postroom.domain.member import RetryJob
from postroom.domain.request import Request, State
from postroom.errors import DatabaseUnavailable
from postroom.ports import Due, DueEntry
from postroom.process.telemetry import REDIS_ERRORS, log
from postroom.queue.epoch import Epoch, InstallationId
from postroom.queue.sentinel import master
from postroom.settings.store_urls import SENTINEL, RedisUrl

KEY = "email:provisioning:retry"
HORIZON = 0.05
TIMEOUT = 0.25

FAILURES = (RedisError, OSError, TimeoutError)


@asynccontextmanager
async def asking(seconds: float | None = None) -> AsyncGenerator[None]:
    """Wraps calls to Redis: they take at most `seconds`, and every failure is one of `FAILURES`."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except RuntimeError as error:
        # uvloop raises it for a write to a connection that was just reset; redis-py passes it on.
        raise ConnectionError(f"the connection to Redis was reset: {error}") from error


def connect(url: str) -> Redis:
    """A client that gives up after 250 ms, since PostgreSQL can answer instead. `url` must be valid by the settings."""
    options: dict[str, Any] = {
        "decode_responses": True,
        # A member that is not UTF-8 is not ours, but it must be readable enough to be removed.
        "encoding_errors": "surrogateescape",
        "socket_timeout": TIMEOUT,
        "socket_connect_timeout": TIMEOUT,
        # One immediate retry: after a restart of Redis the first call finds a dead connection.
        "retry": Retry(NoBackoff(), 1),
        "client_name": "postroom",
    }
    parsed = RedisUrl.parse(url)
    if parsed.scheme == SENTINEL:
        return master(parsed, timeout=TIMEOUT, options=options)
    return Redis.from_url(url, **options)  # pyright: ignore[reportUnknownMemberType] — its **kwargs are untyped


class RetrySet:
    """`lease` is how long a member is postponed while a worker claims its request, in seconds.

    Each call ends within `TIMEOUT`: the client's own time-outs for connection, handshake and command add up.
    """

    def __init__(self, redis: Redis, installation_id: InstallationId, *, lease: float) -> None:
        self._redis = redis
        self._epoch = Epoch(redis, installation_id)
        self._lease = lease
        self._claim = redis.register_script(files("postroom.queue").joinpath("claim.lua").read_text("utf-8"))

    async def due(self, limit: int) -> Due:
        """Raises one of `FAILURES` when Redis does not answer, or its members are not ours."""
        async with asking(TIMEOUT):
            await self._epoch.require_ours()
            reply = await self._claim(keys=[KEY], args=[limit, self._lease, HORIZON])
        following, *found = reply
        entries = [_due_entry(member) for member in found[::2]]
        return Due(entries, float(following) if following else None)

    async def replace(self, request: Request, members: Sequence[str]) -> None:
        if request.state is not State.WAITING or request.due_at is None:
            await self.remove(members)
            return
        if not members:
            await self.add([request])
            return
        scores = {RetryJob.of(request).to_json(): request.due_at.timestamp()}

        async def replace() -> None:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.zrem(KEY, *members)
                pipe.zadd(KEY, scores)
                await pipe.execute()

        await self._write("replace", replace)

    async def restore(self, member: str, due_at: datetime) -> None:
        """Give a member that was returned too early its due time as the score again."""
        await self._write("restore", lambda: self._redis.zadd(KEY, {member: due_at.timestamp()}, xx=True))

    async def remove(self, members: Sequence[str]) -> None:
        if members:
            await self._write("remove", lambda: self._redis.zrem(KEY, *members))

    async def add(self, requests: Sequence[Request]) -> None:
        scores = {RetryJob.of(request).to_json(): request.due_at.timestamp() for request in requests if request.due_at}
        if scores:
            await self._write("add", lambda: self._redis.zadd(KEY, scores))

    async def _write(self, call: str, write: Callable[[], Awaitable[object]]) -> None:
        """Failures are ignored, also that the set is not ours."""
        try:
            async with asking(TIMEOUT):
                await self._epoch.require_ours()
                await write()
        except (*FAILURES, DatabaseUnavailable) as error:
            REDIS_ERRORS.inc()
            log.warning("Redis cannot be used; PostgreSQL takes over", call=call, error=type(error).__name__)


class NoRetryIndex:
    """Does nothing: for an installation without Redis."""

    async def replace(self, request: Request, members: Sequence[str]) -> None: ...

    async def restore(self, member: str, due_at: datetime) -> None: ...

    async def remove(self, members: Sequence[str]) -> None: ...

    async def add(self, requests: Sequence[Request]) -> None: ...


def _due_entry(member: str) -> DueEntry:
    try:
        return DueEntry(RetryJob.from_json(member).identity_id, member)
    except ValueError:
        return DueEntry(None, member)
