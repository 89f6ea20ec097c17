"""The loops of a process: none goes on without the others, and no end hangs on a cancellation."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from postroom import loops as loops_module
from postroom.loops import Loop, Loops


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops_module, "GRACE", 0.2)


async def until_stop(stop: asyncio.Event) -> None:
    await stop.wait()


async def breaks(_: asyncio.Event) -> None:
    raise ZeroDivisionError("a defect")


async def returns(_: asyncio.Event) -> None:
    return


@pytest.mark.parametrize("end", [breaks, returns])
async def test_when_one_ends_before_the_stop_all_shall_end_and_it_is_named(
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
    (told,) = [each for each in logs if each["log_level"] == "error"]
    assert (told["loop"], told["exc_info"] is not None) == ("ill", end is breaks)


async def test_who_ends_at_the_stop_is_not_broken() -> None:
    stop = asyncio.Event()
    loops = Loops(stop)
    loops.start(Loop("well", until_stop))
    stop.set()
    assert await loops.ended(drain=1) == []
    assert not loops.broken


async def test_a_loop_that_neither_sees_the_stop_nor_takes_a_cancellation_is_left_and_named() -> None:
    stop, enough = asyncio.Event(), asyncio.Event()

    async def deaf(_: asyncio.Event) -> None:
        while not enough.is_set():
            with suppress(asyncio.CancelledError):
                await enough.wait()

    loops = Loops(stop)
    loops.start(Loop("deaf", deaf))
    loops.start(Loop("well", until_stop))
    stop.set()
    began = time.monotonic()
    assert await loops.ended(drain=5) == ["deaf"]
    assert time.monotonic() - began < 1
    enough.set()


async def test_only_a_loop_that_drains_may_take_the_whole_drain() -> None:
    stop, ended = asyncio.Event(), list[str]()

    async def slow(stop: asyncio.Event, name: str) -> None:
        await stop.wait()
        await asyncio.sleep(0.5)
        ended.append(name)

    loops = Loops(stop)
    loops.start(Loop("worker", lambda stop: slow(stop, "worker"), drains=True))
    loops.start(Loop("sweep", lambda stop: slow(stop, "sweep")))
    stop.set()
    assert await loops.ended(drain=5) == []
    assert ended == ["worker"]
