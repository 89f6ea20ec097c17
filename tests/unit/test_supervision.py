"""A part of the mail half that dies begins again; the service, and with it provisioning, goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from eventually import eventually
from fakes import FakeClock
from postroom.mail import supervision
from postroom.mail.supervision import supervise
from postroom.telemetry import MAIL_DEFECTS


class Part:
    """Breaks at each of `ends` in turn, then runs until it shall stop."""

    def __init__(self, *ends: Callable[[], Awaitable[None]]) -> None:
        self.ends = list(ends)
        self.begun = 0
        self.ended = 0

    async def run(self, stop: asyncio.Event) -> None:
        self.begun += 1
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


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """After how many failures each pause was asked for; none is waited out."""
    asked: list[int] = []

    def at_once(failures: int, _: Any) -> float:
        asked.append(failures)
        return 0.0

    monkeypatch.setattr(supervision, "backoff", at_once)
    return asked


@pytest.mark.parametrize("end", [breaks, breaks_as_a_group, returns, is_cancelled])
async def test_a_part_that_ends_before_it_shall_begins_again_and_is_told_and_counted(
    end: Callable[[], Awaitable[None]], pauses: list[int]
) -> None:
    part, stop = Part(end), asyncio.Event()
    counted = MAIL_DEFECTS.labels(where="part")._value
    before = counted.get()
    with capture_logs() as logs:
        supervising = asyncio.create_task(supervise("part", part.run, stop))
        await eventually(lambda: part.begun == 2, "it began again")
        stop.set()
        await asyncio.wait_for(supervising, 5)
    assert counted.get() == before + 1
    (told,) = [each for each in logs if each["log_level"] == "error"]
    assert (told["part"], told["exc_info"] is not None) == ("part", end in (breaks, breaks_as_a_group))
    assert part.ended == 2


async def test_the_pauses_grow_and_begin_anew_after_a_quiet_time(pauses: list[int]) -> None:
    clock, stop = FakeClock(), asyncio.Event()

    async def breaks_later() -> None:
        clock.seconds += 600
        raise ZeroDivisionError

    part = Part(breaks, breaks, breaks, breaks_later, breaks)
    supervising = asyncio.create_task(supervise("part", part.run, stop, monotonic=clock.monotonic))
    await eventually(lambda: part.begun == 6, "it runs")
    stop.set()
    await asyncio.wait_for(supervising, 5)
    assert pauses == [0, 1, 2, 0, 1]


async def test_a_stop_does_not_wait_for_the_pause() -> None:
    part, stop = Part(breaks), asyncio.Event()
    supervising = asyncio.create_task(supervise("part", part.run, stop))
    await eventually(lambda: part.ended == 1, "it broke")
    stop.set()
    await asyncio.wait_for(supervising, 1)
    assert part.begun == 1


async def test_who_is_cancelled_leaves_no_part_running() -> None:
    part = Part()
    supervising = asyncio.create_task(supervise("part", part.run, asyncio.Event()))
    await eventually(lambda: part.begun == 1, "it runs")
    supervising.cancel()
    await asyncio.wait([supervising], timeout=5)
    assert supervising.cancelled()
    assert part.ended == 1
