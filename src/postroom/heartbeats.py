"""When each loop of a process last went round. A loop that hangs in a call has no new beat, whatever else answers."""

import time
from collections.abc import Callable, Mapping

from postroom.telemetry import LOOP_AGE

LATE_AFTER: Mapping[str, float] = {
    "worker": 30.0,
    "release": 30.0,
    "sweep": 120.0,
    "inspection": 120.0,
    "reconcile": 180.0,
    "outbox_publisher": 60.0,
    "arrivals": 60.0,
    "watching": 60.0,
    "arrival_sweep": 60.0,
}
"""Seconds: at least four times the longest sleep of each loop, and more than its slowest call may take. A server that
is away makes nobody late: every call has a time limit."""

STUCK_AFTER = 10
"""So many times as late: it will not come back by itself, and only a restart helps."""


class Heartbeats:
    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last: dict[str, float] = {}
        """Of the loops that have begun: while PostgreSQL is away at the start, none has."""

    def of(self, loop: str) -> Callable[[], None]:
        """What that loop calls each time it goes round, and whoever starts it, once. `loop` is a key of LATE_AFTER."""
        if loop not in LATE_AFTER:
            raise ValueError(f"nobody knows when {loop} is late: add it to LATE_AFTER")

        def beat() -> None:
            if loop not in self._last:
                LOOP_AGE.labels(loop=loop).set_function(lambda: self._monotonic() - self._last[loop])
            self._last[loop] = self._monotonic()

        return beat

    def ages(self) -> dict[str, float]:
        """Seconds since each loop last went round."""
        now = self._monotonic()
        return {loop: now - last for loop, last in self._last.items()}

    def late(self) -> list[str]:
        """The loops that have not gone round for longer than they may."""
        return [loop for loop, age in self.ages().items() if age > LATE_AFTER[loop]]

    def stuck(self) -> list[str]:
        """Those that nobody should wait for any more."""
        return [loop for loop, age in self.ages().items() if age > STUCK_AFTER * LATE_AFTER[loop]]
