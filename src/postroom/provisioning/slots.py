"""Limits how many attempts a process has under way: Stalwart serves four requests of an account at a time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Slots:
    """Slots are given in the order of the requests for them, so neither hooks nor retries starve."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._free = asyncio.Semaphore(limit)

    async def acquire(self, *, within: float) -> bool:
        """Acquire a slot, waiting at most `within` seconds; False if none became free."""
        if not self._free.locked():
            return await self._free.acquire()  # at once; a time-out would cost more than the slot itself
        if within <= 0:
            return False
        try:
            async with asyncio.timeout(within):
                await self._free.acquire()
        except TimeoutError:
            return False
        return True

    def release(self) -> None:
        self._free.release()

    @asynccontextmanager
    async def all(self) -> AsyncGenerator[None]:
        """Acquire every slot: no other attempt runs in this process meanwhile."""
        acquired = 0
        try:
            while acquired < self.limit:
                await self._free.acquire()
                acquired += 1
            yield
        finally:
            for _ in range(acquired):
                self._free.release()
