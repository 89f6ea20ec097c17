"""Adds waiting requests to the retry index after their webhooks were answered: Redis only reminds, so no response waits
for it."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from postroom.domain.request import Request
from postroom.ports import RetryIndex
from postroom.process.telemetry import log

MOST_PENDING = 1000
"""Requests that wait while Redis is slow or unavailable. Further ones are not added: they are committed, so the
fallback poll finds them, and reconcile adds them."""

GATHERING = 0.01
"""Seconds in which requests gather for one call: a call for each took a sixth of the CPU of a webhook."""


class RetryIndexUpdates:
    """One call at a time, for all requests that came meanwhile.

    `wake` is called for each request after Redis knows it: a worker that polls earlier finds nothing due and sleeps.
    """

    def __init__(self, retry_index: RetryIndex, wake: Callable[[UUID | None], None]) -> None:
        self._retry_index = retry_index
        self._wake = wake
        self._pending: list[tuple[Request, bool]] = []
        self.under_way: set[asyncio.Task[None]] = set()
        """the task that adds the pending requests, while there are any; a drain waits for it"""

    def add(self, request: Request, *, first: bool = False) -> None:
        """Add `request` soon. `first`: the worker attempts it before all that were due earlier."""
        if len(self._pending) >= MOST_PENDING:
            return
        self._pending.append((request, first))
        if not self.under_way:
            self.under_way.add(asyncio.create_task(self._add_pending()))

    async def _add_pending(self) -> None:
        try:
            while self._pending:
                await asyncio.sleep(GATHERING)
                batch, self._pending = self._pending, []
                await self._add([request for request, _ in batch])
                for request, first in batch:
                    self._wake(request.identity_id if first else None)
        finally:
            self.under_way.clear()

    async def _add(self, requests: list[Request]) -> None:
        try:
            await self._retry_index.add(requests)
        except Exception as error:  # noqa: BLE001 — a defect: nobody awaits this task, and the next requests must be added
            log.error("Retry index was not updated; reconcile adds what is missing", exc_info=error)
