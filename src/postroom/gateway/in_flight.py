"""How many requests of one account are under way at once in this process."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from postroom.gateway.problems import limit


class _Lane:
    def __init__(self, places: int) -> None:
        self.free = asyncio.Semaphore(places)
        self.users = 0


class InFlight:
    """`places` for each account. `waiting` requests more may wait for one, `seconds` at most; `limit_name` is what
    the session object calls the limit."""

    def __init__(self, places: int, limit_name: str, *, waiting: int, seconds: float) -> None:
        self._places = places
        self._waiting = waiting
        self._seconds = seconds
        self._limit_name = limit_name
        self._lanes: dict[str, _Lane] = {}

    @asynccontextmanager
    async def place(self, account_id: str) -> AsyncGenerator[None]:
        """Raises `Problem` (`limit`) when no place comes free."""
        lane = self._lanes.setdefault(account_id, _Lane(self._places))
        if lane.users >= self._places + self._waiting:
            raise self._crowded()
        lane.users += 1
        try:
            await self._wait(lane)
            try:
                yield
            finally:
                lane.free.release()
        finally:
            lane.users -= 1
            if not lane.users:
                del self._lanes[account_id]

    async def _wait(self, lane: _Lane) -> None:
        if not lane.free.locked():
            await lane.free.acquire()  # at once: no clock is needed
            return
        try:
            async with asyncio.timeout(self._seconds):
                await lane.free.acquire()
        except TimeoutError:
            raise self._crowded() from None

    def _crowded(self) -> Exception:
        return limit(self._limit_name, f"more than {self._places} of them at once for one account; send it again")
