"""Waits that have an end of their own: no loop's end hangs on a cancellation that is delivered."""

import asyncio
from collections.abc import Collection
from typing import Any

CUT_OFF_WITHIN = 1.0
"""Seconds that a task may take to end once it is cancelled; some swallow it (loops.py)."""


async def pause(seconds: float, *until: asyncio.Event) -> None:
    """For so many seconds, or until one of the events is set."""
    waiting = [asyncio.ensure_future(event.wait()) for event in until]
    try:
        await asyncio.wait(waiting, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()


async def cut_off(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel them, and wait for them, but not for ever. Whoever started them looks at their results."""
    under_way = [task for task in tasks if not task.done()]
    for task in under_way:
        task.cancel()
    if under_way:
        await asyncio.wait(under_way, timeout=CUT_OFF_WITHIN)
