"""The sweep of arrivals: finds new mail for which no hint arrived. One process at a time runs it."""

import asyncio
import random
import time
from collections.abc import Callable

from postroom.arrivals.arrivals import Arrivals
from postroom.arrivals.ports import MailStates
from postroom.errors import DatabaseUnavailable
from postroom.ports import Leadership
from postroom.process.pause import pause
from postroom.process.telemetry import DATABASE_ERRORS, log

LEADER = "arrivals"
JITTER = 0.1
STALE_AFTER, TAKES = 0.4, 0.5
"""Fractions of the time between two sweeps: an account polled more recently is skipped, and a sweep takes at most so
long. A skipped account waits 0.4 + 1.1 + 0.5 of that time for the next sweep: 10 minutes."""

MOST_PACE = 200.0
"""Accounts a second, however many there are. With more than 30,000 a sweep takes longer, with more than 60,000 the next
one follows at once, and with 100,000 no account waits longer than 20 minutes."""

TICK = 0.05
FULL_PAUSE = 1.0
LONGEST_SLEEP = 5.0


class ArrivalSweep:
    """Runs every `every` seconds, with at least `pace` accounts a second. `beat` is called in every iteration."""

    def __init__(
        self,
        states: MailStates,
        arrivals: Arrivals,
        leadership: Leadership,
        *,
        every: float = 300.0,
        pace: float = 10.0,
        uniform: Callable[[float, float], float] = random.uniform,
        monotonic: Callable[[], float] = time.monotonic,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._states = states
        self._arrivals = arrivals
        self._leadership = leadership
        self._every = every
        self._pace = pace
        self._uniform = uniform
        self._monotonic = monotonic
        self._beat = beat

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`. The first sweep starts at once: hints were lost while no process ran."""
        while not stop.is_set():
            self._beat()
            began = self._monotonic()
            try:
                await self.sweep(stop)
            except DatabaseUnavailable as error:
                DATABASE_ERRORS.labels(where="arrival_sweep").inc()
                log.warning("Sweep of arrivals waits for PostgreSQL", error=str(error))
            next_at = began + self._every * self._uniform(1 - JITTER, 1 + JITTER)
            while (left := next_at - self._monotonic()) > 0 and not stop.is_set():
                self._beat()
                await pause(min(left, LONGEST_SLEEP), stop)

    async def sweep(self, stop: asyncio.Event) -> None:
        """Hint at all stale accounts, unless another process does. Raises `DatabaseUnavailable`."""
        async with self._leadership.lead(LEADER) as leads:
            if not leads:
                return
            await self._states.forget()
            account_ids = await self._stale()
            pace = min(max(self._pace, len(account_ids) / (TAKES * self._every)), max(self._pace, MOST_PACE))
            step = max(1, int(pace * TICK))
            for start in range(0, len(account_ids), step):
                self._beat()
                left = self._arrivals.hint(account_ids[start : start + step])
                while left and not stop.is_set():
                    self._beat()
                    await pause(FULL_PAUSE, stop)
                    left = self._arrivals.hint(left)
                await pause(step / pace, stop)
                if stop.is_set():
                    return

    async def _stale(self) -> list[str]:
        """The stale accounts; if there are more than one sweep can poll, those that waited the longest."""
        found: list[str] = []
        async for page in self._states.stale(STALE_AFTER * self._every):
            found += [state.account.account_id for state in page]
            if len(found) >= MOST_PACE * self._every:
                break
        return found
