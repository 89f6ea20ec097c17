"""The port `Guesses` in Redis, so that all processes count together. While Redis does not answer, each counts for
itself."""

# redis-py leaves some of its arguments untyped.
# pyright: reportUnknownMemberType=false

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import cast

from redis.asyncio import Redis

from postroom.domain.guess import MOST_OF_CLIENT, WINDOW, Before, Guess
from postroom.people.process_guesses import MOST_NAMES, ProcessGuesses
from postroom.process.telemetry import REDIS_ERRORS, log
from postroom.queue.retry_set import FAILURES, TIMEOUT, asking

PREFIX = "{postroom:guesses}"
"""Of all keys: in a cluster they lie in one slot, or no transaction could use them together."""

CLIENTS_AND_ADDRESSES, NAMES = f"{PREFIX}:used", f"{PREFIX}:names"
"""Sorted sets of the other keys by their last use. They bound the memory, whoever invents addresses: the keys that were
used longest ago go first."""

MOST_KEYS = 50_000
AT_ONCE = 10
"""Calls of a process. A burst of guesses would open as many connections, and while Redis answers none of them in time,
each process counts for itself."""

TURN_SECONDS = 1.0
"""For which a call waits for others. While Redis is silent, people who sign in must not wait for a burst of guesses."""

NAME_SECONDS = 86_400
"""As long as a session of Kratos lasts by default."""


class RedisGuesses:
    def __init__(self, redis: Redis, *, most_keys: int = MOST_KEYS, most_names: int = MOST_NAMES) -> None:
        self._redis = redis
        self._most = {CLIENTS_AND_ADDRESSES: most_keys, NAMES: most_names}
        self._own = ProcessGuesses()
        self._turns = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        """Raises `TimeoutError`."""
        async with asyncio.timeout(TURN_SECONDS):
            await self._turns.acquire()
        try:
            yield
        finally:
            self._turns.release()

    async def add(self, guess: Guess) -> Before:
        async with _ignoring_failures("add a guess"), self._turn():
            of_client, *for_address = await self._added(guess)
            return Before(
                [(moment, member.split()[1:]) for member, moment in of_client],
                dict(zip(guess.addresses, [[moment for _, moment in each] for each in for_address], strict=True)),
            )
        return await self._own.add(guess)

    async def _added(self, guess: Guess) -> Sequence[Sequence[tuple[str, float]]]:
        """For each key what was there before, the oldest first."""
        members = _members(guess)
        async with asking(TIMEOUT), self._redis.pipeline(transaction=True) as pipe:
            for key in members:
                pipe.zremrangebyscore(key, "-inf", guess.moment - WINDOW)
                pipe.zrange(key, 0, -1, withscores=True)
            for key, member in members.items():
                pipe.zadd(key, {member: guess.moment})
                # The newest go: they are refused, and a burst of them must not displace those that count.
                pipe.zremrangebyrank(key, MOST_OF_CLIENT, -1)
                pipe.expire(key, int(WINDOW))
            found = (await pipe.execute())[1 : 2 * len(members) : 2]
        await self._use(CLIENTS_AND_ADDRESSES, list(members), guess.moment)
        return found

    async def _use(self, index: str, keys: Sequence[str], moment: float) -> None:
        async with asking(TIMEOUT), self._redis.pipeline(transaction=True) as pipe:
            pipe.zadd(index, dict.fromkeys(keys, moment))
            pipe.expire(index, NAME_SECONDS)
            pipe.zcard(index)
            over = cast(list[int], await pipe.execute())[-1] - self._most[index]
        if over > 0:
            async with asking(TIMEOUT):
                popped = cast(list[tuple[str, float]], await self._redis.zpopmin(index, over))
                await self._redis.delete(*[key for key, _ in popped])

    async def remove(self, guess: Guess) -> None:
        await self._own.remove(guess)
        members = _members(guess)
        async with _ignoring_failures("remove a guess"), self._turn(), asking(TIMEOUT):
            async with self._redis.pipeline(transaction=True) as pipe:
                for key, member in members.items():
                    pipe.zrem(key, member)
                    pipe.exists(key)
                left = cast(list[int], await pipe.execute())[1::2]
            # Nor does it keep a place: guesses that do not count would displace those of other clients.
            if gone := [key for key, exists in zip(members, left, strict=True) if not exists]:
                await self._redis.zrem(CLIENTS_AND_ADDRESSES, *gone)

    async def remember(self, name: str, addresses: str, moment: float) -> None:
        await self._own.remember(name, addresses, moment)
        async with _ignoring_failures("remember whose guesses follow"), self._turn():
            async with asking(TIMEOUT):
                await self._redis.set(_of_name(name), addresses, ex=NAME_SECONDS)
            await self._use(NAMES, [_of_name(name)], moment)

    async def addresses_of(self, name: str) -> str | None:
        async with _ignoring_failures("read whose guess it is"), self._turn(), asking(TIMEOUT):
            if found := await self._redis.get(_of_name(name)):
                return str(found)
        return await self._own.addresses_of(name)


def _members(guess: Guess) -> dict[str, str]:
    """The keys of the client and of each address, and what each holds of this guess."""
    of_client = {f"{PREFIX}:client:{guess.client}": " ".join([guess.id, *guess.addresses])}
    return of_client | {f"{PREFIX}:address:{each}": guess.id for each in guess.addresses}


def _of_name(name: str) -> str:
    return f"{PREFIX}:name:{name}"


@asynccontextmanager
async def _ignoring_failures(call: str) -> AsyncGenerator[None]:
    try:
        yield
    except FAILURES as error:
        REDIS_ERRORS.inc()
        log.warning("Redis did not answer; this process counts for itself", call=call, error=type(error).__name__)
