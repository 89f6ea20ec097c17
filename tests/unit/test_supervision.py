"""A mail part that fails is restarted. The service continues, and with it provisioning."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from postroom.process.supervision import supervise
from postroom.process.telemetry import MAIL_DEFECTS
from simulation.virtual_time import in_virtual_time


class Part:
    """Fails after each of `ends` in turn, then runs until it is stopped."""

    def __init__(self, *ends: Callable[[], Awaitable[None]]) -> None:
        self.ends = list(ends)
        self.begun: list[float] = []
        self.ended = 0

    async def run(self, stop: asyncio.Event) -> None:
        self.begun.append(asyncio.get_running_loop().time())
        try:
            if self.ends:
                await self.ends.pop(0)()
            else:
                await stop.wait()
        finally:
            self.ended += 1


async def breaks() -> None:
    raise ZeroDivisionError("a defect")


async def breaks_as_a_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(breaks())


async def returns() -> None:
    pass


async def is_cancelled() -> None:
    raise asyncio.CancelledError


async def breaks_later() -> None:
    await asyncio.sleep(600)
    raise ZeroDivisionError


async def supervised(part: Part, seconds: float) -> None:
    """Supervise the part for so many seconds. The pauses are 2, 4, 8 s and so on."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.call_later(seconds, stop.set)
    await supervise("part", part.run, stop, uniform=lambda _, most: most, monotonic=loop.time)
    assert loop.time() == seconds, "a stop does not wait for the pause"


@pytest.mark.parametrize("end", [breaks, breaks_as_a_group, returns, is_cancelled])
@in_virtual_time
async def test_a_part_that_ends_early_is_restarted_logged_and_counted(
    end: Callable[[], Awaitable[None]],
) -> None:
    part = Part(end)
    counted = MAIL_DEFECTS.labels(where="part")._value
    before = counted.get()
    with capture_logs() as logs:
        await supervised(part, 3)
    assert counted.get() == before + 1
    (reported,) = [each for each in logs if each["log_level"] == "error"]
    assert (reported["part"], reported["exc_info"] is not None) == ("part", end in (breaks, breaks_as_a_group))
    assert (part.begun, part.ended) == ([0, 2], 2)


@in_virtual_time
async def test_restart_backoff_grows_and_is_reset_after_a_quiet_time() -> None:
    part = Part(breaks, breaks, breaks, breaks_later, breaks)
    await supervised(part, 700)
    assert part.begun == [0, 2, 6, 14, 14 + 600 + 2, 14 + 600 + 6]


@in_virtual_time
async def test_stop_does_not_wait_for_the_pause_before_a_restart() -> None:
    part = Part(breaks)
    await supervised(part, 1)
    assert part.begun == [0]


@in_virtual_time
async def test_cancelled_supervision_leaves_no_part_running() -> None:
    part = Part()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(supervised(part, 60), 1)
    assert part.ended == 1
