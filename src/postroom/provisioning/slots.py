"""How many attempts one process may have under way: Stalwart serves an account four requests at a time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Slots:
    """Fair: whoever asked first is served first, so neither hooks nor retries starve."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._free = asyncio.Semaphore(limit)

    async def acquire(self, *, within: float) -> bool:
        """Take a slot, waiting at most `within` seconds; False if there was none."""
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
        """Hold every slot: nothing else runs in this process meanwhile."""
        taken = 0
        try:
            while taken < self.limit:
                await self._free.acquire()
                taken += 1
            yield
        finally:
            for _ in range(taken):
                self._free.release()
