"""A call that many tasks need at the same time, made once for all of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Makes `call` once at a time. A task gets the result of the first call that began after it asked: an earlier call
    shows nothing about later events, such as the failure that made the task ask."""

    def __init__(self, call: Callable[[], Awaitable[T]]) -> None:
        self._call = call
        self._current: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def ask(self) -> T:
        """Raises what `call` raises."""
        if self._next is None:
            self._next = asyncio.create_task(self._call_after(self._current))
        # Shielded: other tasks wait for the same result.
        return await asyncio.shield(self._next)

    async def _call_after(self, earlier: asyncio.Task[T] | None) -> T:
        if earlier:
            await asyncio.wait([earlier])
        # The call begins here: a task that asks from now on needs the next one.
        self._current, self._next = self._next, None
        return await self._call()
