"""Whose members the sorted set holds, and whether all of them: the epoch key.

It holds the id of the installation that compared the set with its rows last; it is absent after Redis lost its data.
Where two installations use one Redis by mistake, each would remove the members of the other, whose requests it does not
know, and take its due ones for its own.
"""

# redis-py leaves some of its arguments untyped.
# pyright: reportUnknownMemberType=false

import asyncio
from collections.abc import Awaitable, Callable
from math import inf

from redis.asyncio import Redis
from redis.exceptions import RedisError

# The same slot as the sorted set in a cluster.
EPOCH_KEY = "{email:provisioning:retry}:epoch"

OF_AN_EARLIER_VERSION = "complete"
"""What versions wrote that knew no ids: it is ours."""

ASKED_EVERY = 3.0
"""Seconds for which a set that was ours is taken for ours."""

InstallationId = Callable[[], Awaitable[str]]
"""The id of this installation, pinned in PostgreSQL. Raises `DatabaseUnavailable` until it was read once."""


class AnotherInstallation(RedisError):
    """The sorted set is another installation's. To us, its Redis is unavailable."""


class Epoch:
    def __init__(self, redis: Redis, installation_id: InstallationId) -> None:
        self._redis = redis
        self._installation_id = installation_id
        self._asked_at = -inf

    async def is_set(self) -> bool:
        """Whether our set is known to be complete. Raises `AnotherInstallation`, and what redis-py raises."""
        ours, found = await self._installation_id(), await self._redis.get(EPOCH_KEY)
        if found not in (ours, OF_AN_EARLIER_VERSION, None):
            raise AnotherInstallation
        self._asked_at = asyncio.get_running_loop().time()
        return found == ours

    async def require_ours(self) -> None:
        """Raises `AnotherInstallation`, at most some seconds late, and what redis-py raises."""
        if asyncio.get_running_loop().time() >= self._asked_at + ASKED_EVERY:
            await self.is_set()

    async def set(self) -> None:
        """Raises `AnotherInstallation`, and what redis-py raises."""
        await self.is_set()
        await self._redis.set(EPOCH_KEY, await self._installation_id())
