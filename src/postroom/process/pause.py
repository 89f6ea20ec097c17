"""Waits with a time limit: shutdown never depends on a cancellation being delivered."""

import asyncio
from collections.abc import Collection
from typing import Any

CUT_OFF_WITHIN = 1.0
"""Seconds that a task may take to end once it is cancelled; some swallow the cancellation (process/loops.py)."""


async def pause(seconds: float | None, *until: asyncio.Event | asyncio.Future[Any]) -> None:
    """Wait for `seconds` (None: without a limit), or until one of the events is set or one of the tasks has ended. The
    tasks go on."""
    events = [asyncio.ensure_future(each.wait()) for each in until if isinstance(each, asyncio.Event)]
    tasks = [each for each in until if not isinstance(each, asyncio.Event)]
    timeout = None if seconds is None else max(0.0, seconds)
    try:
        await asyncio.wait([*events, *tasks], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in events:
            each.cancel()


async def cut_off(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel the tasks and wait for them, but not forever. The caller reads their results."""
    under_way = [task for task in tasks if not task.done()]
    for task in under_way:
        task.cancel()
    if under_way:
        await asyncio.wait(under_way, timeout=CUT_OFF_WITHIN)
