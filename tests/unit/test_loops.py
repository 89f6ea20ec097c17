"""The loops of a process: if one ends, all stop, and the shutdown does not rely on cancellation."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from postroom.process.loops import CANCELLED_WITHIN, GRACE, Loop, Loops
from simulation.virtual_time import in_virtual_time


async def until_stop(stop: asyncio.Event) -> None:
    await stop.wait()


async def breaks(_: asyncio.Event) -> None:
    raise ZeroDivisionError("a defect")


async def returns(_: asyncio.Event) -> None:
    return


@pytest.mark.parametrize("end", [breaks, returns])
async def test_loop_that_ends_early_stops_all_and_is_named_in_the_log(
    end: Callable[[asyncio.Event], Coroutine[None, None, None]],
) -> None:
    stop = asyncio.Event()
    loops = Loops(stop)
    with capture_logs() as logs:
        loops.start(Loop("well", until_stop))
        loops.start(Loop("ill", end))
        await asyncio.wait_for(stop.wait(), 1)
        assert await loops.ended(drain=1) == []
    assert loops.broken
    (reported,) = [each for each in logs if each["log_level"] == "error"]
    assert (reported["loop"], reported["exc_info"] is not None) == ("ill", end is breaks)


async def test_loop_that_ends_at_the_stop_is_not_broken() -> None:
    stop = asyncio.Event()
    loops = Loops(stop)
    loops.start(Loop("well", until_stop))
    stop.set()
    assert await loops.ended(drain=1) == []
    assert not loops.broken


@in_virtual_time
async def test_loop_that_ignores_stop_and_cancellation_is_abandoned_and_named() -> None:
    stop, enough = asyncio.Event(), asyncio.Event()

    async def deaf(_: asyncio.Event) -> None:
        while not enough.is_set():
            with suppress(asyncio.CancelledError):
                await enough.wait()

    loops = Loops(stop)
    loops.start(Loop("deaf", deaf))
    loops.start(Loop("well", until_stop))
    stop.set()
    assert await loops.ended(drain=5) == ["deaf"]
    assert asyncio.get_running_loop().time() == GRACE + CANCELLED_WITHIN
    enough.set()


@in_virtual_time
async def test_only_a_draining_loop_may_use_the_whole_drain_time() -> None:
    stop, ended = asyncio.Event(), list[str]()

    async def slow(stop: asyncio.Event, name: str) -> None:
        await stop.wait()
        await asyncio.sleep(4.9)
        ended.append(name)

    loops = Loops(stop)
    loops.start(Loop("worker", lambda stop: slow(stop, "worker"), drains=True))
    loops.start(Loop("sweep", lambda stop: slow(stop, "sweep")))
    stop.set()
    assert await loops.ended(drain=5) == []
    assert ended == ["worker"]
