"""When each loop of a process last completed an iteration: shows a loop that hangs while the process still answers."""

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
    "preparations": 60.0,
    "arrival_sweep": 60.0,
}
"""Seconds: at least four times the longest sleep of the loop, and more than its slowest call may take. A server that is
unavailable makes no loop late, since every call has a time limit."""

STUCK_AFTER = 10
"""Times `LATE_AFTER` after which a loop counts as stuck: only a restart helps."""


class Heartbeats:
    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last: dict[str, float] = {}
        """of the loops that have begun; until PostgreSQL is available at the start, none has"""

    def of(self, loop: str) -> Callable[[], None]:
        """The function that the loop calls in each iteration. `loop` is a key of LATE_AFTER."""
        if loop not in LATE_AFTER:
            raise ValueError(f"no limit is known for the loop {loop}: add it to LATE_AFTER")

        def beat() -> None:
            if loop not in self._last:
                LOOP_AGE.labels(loop=loop).set_function(lambda: self._monotonic() - self._last[loop])
            self._last[loop] = self._monotonic()

        return beat

    def ages(self) -> dict[str, float]:
        """Seconds since the last iteration of each loop."""
        now = self._monotonic()
        return {loop: now - last for loop, last in self._last.items()}

    def late(self) -> list[str]:
        """The loops whose last iteration is older than their limit."""
        return [loop for loop, age in self.ages().items() if age > LATE_AFTER[loop]]

    def stuck(self) -> list[str]:
        """The loops that will not recover by themselves."""
        return [loop for loop, age in self.ages().items() if age > STUCK_AFTER * LATE_AFTER[loop]]
