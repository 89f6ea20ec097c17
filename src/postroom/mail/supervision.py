"""A part that dies begins again: no defect in the mail half may end the service, for provisioning goes on in it."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any

from postroom.domain.jittered_backoff import backoff
from postroom.pause import cut_off, pause
from postroom.telemetry import MAIL_DEFECTS, log

QUIET = 300.0
"""Seconds. Whoever ran so long begins again at once nearly, however often he broke before."""


async def supervise(
    part: str,
    run: Callable[[asyncio.Event], Coroutine[Any, Any, None]],
    stop: asyncio.Event,
    *,
    uniform: Callable[[float, float], float] = random.uniform,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Run it until `stop`, again whenever it ends before. `part` is its name in the log and the metrics."""
    failures = 0
    while True:
        began = monotonic()
        running = asyncio.create_task(run(stop))
        await _end_of(running)
        if stop.is_set() and (running.cancelled() or running.exception() is None):
            return
        failures = 0 if monotonic() - began > QUIET else failures
        seconds = backoff(failures, uniform)
        failures += 1
        MAIL_DEFECTS.labels(where=part).inc()
        error = None if running.cancelled() else running.exception()
        log.error("A part of mail ended; it begins again", part=part, pause=round(seconds, 1), exc_info=error)
        await pause(seconds, stop)
        if stop.is_set():
            return


async def _end_of(task: asyncio.Task[None]) -> None:
    """It does not outlive whoever waits for it."""
    try:
        await asyncio.wait([task])
    finally:
        await cut_off([task])
