"""A loop that one process at a time leads: the others try again and again, for its leader may die."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from postroom.errors import DatabaseUnavailable
from postroom.pause import pause
from postroom.ports import Leadership
from postroom.telemetry import DATABASE_ERRORS


async def run_as_leader(
    name: str,
    leadership: Leadership,
    turn: Callable[[], Awaitable[float]],
    stop: asyncio.Event,
    *,
    every: float,
    lead_for: float = 0.0,
    monotonic: Callable[[], float] = time.monotonic,
    beat: Callable[[], None],
) -> None:
    """Until `stop`: whoever leads `name` makes one `turn` after another, each of which says after how many seconds the
    next is due, `every` at most. After `lead_for` seconds, and if that is 0 after each turn, another process may lead.
    The others try to each `every` seconds, as does whoever finds PostgreSQL away. `beat` is called each time it goes
    round."""
    while not stop.is_set():
        beat()
        seconds = every
        try:
            async with leadership.lead(name) as leads:
                ends = monotonic() + lead_for
                while leads and not stop.is_set():
                    beat()
                    seconds = min(await turn(), every)
                    leads = monotonic() + seconds < ends
                    if leads:
                        await pause(seconds, stop)
        except DatabaseUnavailable:
            DATABASE_ERRORS.labels(where=name).inc()
            seconds = every
        await pause(seconds, stop)
