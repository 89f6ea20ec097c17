"""Limits how many requests of one account are in flight at once in this process."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from postroom.gateway.problems import limit


class _Account:
    def __init__(self, slots: int) -> None:
        self.free = asyncio.Semaphore(slots)
        self.users = 0


class InFlight:
    """Each account has `slots`. `waiting` more requests may wait for one, for `seconds` at most. `limit_name` is the
    name of the limit in the session object."""

    def __init__(self, slots: int, limit_name: str, *, waiting: int, seconds: float) -> None:
        self._slots = slots
        self._waiting = waiting
        self._seconds = seconds
        self._limit_name = limit_name
        self._accounts: dict[str, _Account] = {}

    @asynccontextmanager
    async def slot(self, account_id: str) -> AsyncGenerator[None]:
        """Hold a slot while the block runs. Raises `Problem` (`limit`) if none becomes free in time."""
        account = self._accounts.setdefault(account_id, _Account(self._slots))
        if account.users >= self._slots + self._waiting:
            raise self._refusal()
        account.users += 1
        try:
            await self._wait(account)
            try:
                yield
            finally:
                account.free.release()
        finally:
            account.users -= 1
            if not account.users:
                del self._accounts[account_id]

    async def _wait(self, account: _Account) -> None:
        if not account.free.locked():
            await account.free.acquire()  # without a timer: a slot is free
            return
        try:
            async with asyncio.timeout(self._seconds):
                await account.free.acquire()
        except TimeoutError:
            raise self._refusal() from None

    def _refusal(self) -> Exception:
        return limit(self._limit_name, f"more than {self._slots} of them at once for one account; send this one again")
