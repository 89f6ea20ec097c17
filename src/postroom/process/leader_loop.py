"""A loop that one process at a time runs as the leader; the others keep trying, since the leader may die."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from postroom.errors import DatabaseUnavailable
from postroom.ports import Leadership
from postroom.process.heartbeats import Beat
from postroom.process.pause import pause
from postroom.process.telemetry import DATABASE_ERRORS


async def run_as_leader(
    name: str,
    leadership: Leadership,
    step: Callable[[], Awaitable[float]],
    stop: asyncio.Event,
    *,
    every: float,
    lead_for: float = 0.0,
    monotonic: Callable[[], float] = time.monotonic,
    beat: Beat,
) -> None:
    """Run until `stop`. The leader of `name` runs one `step` after another; each returns the seconds until the next, at
    most `every`. After `lead_for` seconds (0: after each step) another process may lead. The other processes try to
    lead every `every` seconds, also while PostgreSQL is unavailable. `beat` is called in each iteration: in vain in one
    that PostgreSQL ended, or no process might lead, and all would look healthy."""
    while not stop.is_set():
        beat(in_vain=True)
        seconds = every
        try:
            async with leadership.lead(name) as leads:
                ends = monotonic() + lead_for
                if not leads:
                    beat()
                while leads and not stop.is_set():
                    seconds = min(await step(), every)
                    beat()
                    leads = monotonic() + seconds < ends
                    if leads:
                        await pause(seconds, stop)
        except DatabaseUnavailable:
            DATABASE_ERRORS.labels(where=name).inc()
            seconds = every
        await pause(seconds, stop)
