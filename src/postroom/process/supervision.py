"""Restarts a part of the mail half that ends: no bug in it may end the service, which also does the provisioning."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any

from postroom.domain.jittered_backoff import backoff
from postroom.process.pause import cut_off, pause
from postroom.process.telemetry import MAIL_DEFECTS, log

STABLE_SECONDS = 300.0
"""Seconds. A part that ran for so long restarts with the shortest pause, however often it failed before."""


async def supervise(
    part: str,
    run: Callable[[asyncio.Event], Coroutine[Any, Any, None]],
    stop: asyncio.Event,
    *,
    uniform: Callable[[float, float], float] = random.uniform,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Run it until `stop`, and restart it whenever it ends before. `part` is its name in the log and the metrics."""
    failures = 0
    while True:
        began = monotonic()
        running = asyncio.create_task(run(stop))
        await _wait_for(running)
        if stop.is_set() and (running.cancelled() or running.exception() is None):
            return
        failures = 0 if monotonic() - began > STABLE_SECONDS else failures
        seconds = backoff(failures, uniform)
        failures += 1
        MAIL_DEFECTS.labels(where=part).inc()
        error = None if running.cancelled() else running.exception()
        log.error("A part of mail ended; it is restarted", part=part, pause=round(seconds, 1), exc_info=error)
        await pause(seconds, stop)
        if stop.is_set():
            return


async def _wait_for(task: asyncio.Task[None]) -> None:
    """Wait for its end; if the waiting task is cancelled, so is this one."""
    try:
        await asyncio.wait([task])
    finally:
        await cut_off([task])
