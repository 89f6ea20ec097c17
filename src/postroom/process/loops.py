"""The loops of a process: they run concurrently until `stop`, and if one ends, all end.

Shutdown never depends on a cancellation being delivered. redis-py sometimes swallows one on Python 3.11 (async_timeout
takes it for its own), and code that waits for the task, like a TaskGroup, then hangs in a service that looks healthy.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from postroom.process.telemetry import log

GRACE = 2.0
"""Seconds to wait for a loop that has nothing to drain: it may wait for a server that does not answer."""

CANCELLED_WITHIN = 0.2


@dataclass(frozen=True, slots=True)
class Loop:
    """`run` returns once the `stop` event that it is given is set. `drains`: it may take until the end of the drain."""

    name: str
    run: Callable[[asyncio.Event], Coroutine[Any, Any, None]]
    drains: bool = False


class Loops:
    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._tasks: dict[asyncio.Task[None], Loop] = {}
        self.broken = False
        """whether a loop ended before `stop`, or by an error"""

    def start(self, loop: Loop) -> None:
        """Run it. If it ends before `stop` is set, `stop` is set: the process must not look healthy without it."""
        task = asyncio.create_task(loop.run(self._stop), name=loop.name)
        self._tasks[task] = loop
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        loop = self._tasks.pop(task)
        error = None if task.cancelled() else task.exception()
        if error or not self._stop.is_set():
            self.broken = True
            log.error("A loop failed: the process ends", loop=loop.name, exc_info=error)
        self._stop.set()

    async def ended(self, *, drain: float) -> list[str]:
        """Wait after `stop` until all have ended, at most `drain` seconds. Returns the names of those that have not."""
        ends = time.monotonic() + drain
        await _end([task for task, loop in self._tasks.items() if not loop.drains], within=min(GRACE, drain))
        await _end([task for task, loop in self._tasks.items() if loop.drains], within=ends - time.monotonic())
        return [loop.name for loop in self._tasks.values()]


async def _end(tasks: list[asyncio.Task[None]], *, within: float) -> None:
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=max(0.0, within))
    for task in late:
        task.cancel()  # it may help; nothing depends on it
    if late:
        await asyncio.wait(late, timeout=CANCELLED_WITHIN)
