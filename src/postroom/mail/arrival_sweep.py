"""The sweep of arrivals: finds the new mail of which no hint told. One process at a time makes it."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress

from postroom.errors import Unavailable
from postroom.mail.arrivals import Arrivals
from postroom.mail.ports import MailStates
from postroom.ports import Leadership
from postroom.telemetry import DATABASE_ERRORS, log

LEADER = "arrivals"
JITTER = 0.1
STALE_AFTER = 0.8
"""Of the time between two sweeps: what was looked at since is left alone, and nothing waits for two of them."""


class ArrivalSweep:
    """Each `every` seconds, `pace` accounts a second."""

    def __init__(
        self,
        states: MailStates,
        arrivals: Arrivals,
        leadership: Leadership,
        *,
        every: float = 300.0,
        pace: float = 10.0,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._states = states
        self._arrivals = arrivals
        self._leadership = leadership
        self._every = every
        self._pace = pace
        self._uniform = uniform

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. The first sweep does not wait: hints were lost while nobody was there."""
        while not stop.is_set():
            try:
                await self.sweep(stop)
            except Unavailable as error:
                DATABASE_ERRORS.labels(where="arrival_sweep").inc()
                log.warning("Sweep of arrivals waits for PostgreSQL", error=str(error))
            await _sleep(self._every * self._uniform(1 - JITTER, 1 + JITTER), stop)

    async def sweep(self, stop: asyncio.Event) -> None:
        """Hint at what is stale, unless another process does. Raises `Unavailable`."""
        async with self._leadership.lead(LEADER) as leads:
            if not leads:
                return
            await self._states.forget()
            async for page in self._states.stale(STALE_AFTER * self._every):
                for state in page:
                    self._arrivals.hint([state.account.account_id])
                    await _sleep(1 / self._pace, stop)
                    if stop.is_set():
                        return


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
