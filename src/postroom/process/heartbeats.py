"""When each loop of a process last completed an iteration: shows a loop that hangs while the process still answers, and
one that cannot do its work."""

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from postroom.process.telemetry import LOOP_AGE

LATE_AFTER: Mapping[str, float] = {
    "worker": 30.0,
    "release": 30.0,
    "sweep": 120.0,
    "differences": 60.0,
    "inspection": 120.0,
    "reconcile": 180.0,
    "outbox_publisher": 60.0,
    "arrivals": 60.0,
    "watching": 60.0,
    "preparations": 60.0,
    "arrival_sweep": 60.0,
}
"""Seconds: at least four times the longest sleep of the loop, and more than its slowest call may take. No loop is late
because of a server that is unavailable, since every call has a time limit; but the loops that one process leads are, if
PostgreSQL keeps this process from leading them."""

STUCK_AFTER = 10
"""Times `LATE_AFTER` after which a loop counts as stuck: only a restart helps."""


class Beat(Protocol):
    """A loop calls it in each iteration; `in_vain` in one that could not begin its work, or not complete it."""

    def __call__(self, *, in_vain: bool = False) -> None: ...


def unheard(*, in_vain: bool = False) -> None:
    """The beat of a loop whose age nobody asks for."""


class Heartbeats:
    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last: dict[str, float] = {}
        """of the loops that have begun; until PostgreSQL is available at the start, none has"""
        self._last_of_any_kind: dict[str, float] = {}
        """the same, also of iterations in vain"""

    def of(self, loop: str) -> Beat:
        """The function that the loop calls in each iteration. `loop` is a key of LATE_AFTER."""
        if loop not in LATE_AFTER:
            raise ValueError(f"no limit is known for the loop {loop}: add it to LATE_AFTER")

        def beat(*, in_vain: bool = False) -> None:
            now = self._last_of_any_kind[loop] = self._monotonic()
            if loop not in self._last:
                LOOP_AGE.labels(loop=loop).set_function(lambda: self._monotonic() - self._last[loop])
            elif in_vain:
                return
            self._last[loop] = now

        return beat

    def ages(self) -> dict[str, float]:
        """Seconds since the last iteration of each loop."""
        now = self._monotonic()
        return {loop: now - last for loop, last in self._last.items()}

    def late(self) -> list[str]:
        """The loops whose last iteration is older than their limit."""
        return [loop for loop, age in self.ages().items() if age > LATE_AFTER[loop]]

    def stuck(self) -> list[str]:
        """The loops that will not recover by themselves. One that runs in vain will: a restart brings no PostgreSQL."""
        now = self._monotonic()
        return [loop for loop, last in self._last_of_any_kind.items() if now - last > STUCK_AFTER * LATE_AFTER[loop]]
