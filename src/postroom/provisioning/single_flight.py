"""A question to the mail server that many want answered at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """`put` puts it; once at a time in the whole process. Whoever asks gets the answer of the first time that began
    after he asked: an earlier one says nothing about what came later, such as the failure for which he asks."""

    def __init__(self, put: Callable[[], Awaitable[T]]) -> None:
        self._put = put
        self._asking: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def ask(self) -> T:
        """Raises what `put` raises."""
        if self._next is None:
            self._next = asyncio.create_task(self._put_after(self._asking))
        # Shielded: others wait for the same answer.
        return await asyncio.shield(self._next)

    async def _put_after(self, earlier: asyncio.Task[T] | None) -> T:
        if earlier:
            await asyncio.wait([earlier])
        # From here on it has begun: whoever asks now needs another one.
        self._asking, self._next = self._next, None
        return await self._put()
