"""The mail part and provisioning: no failure of the former ends the service."""

import asyncio
from functools import partial
from typing import Any, cast

import pytest

from eventually import eventually
from postroom.composition.mail_parts import ask_for_master, supervised
from postroom.process import supervision
from postroom.process.loops import Loops
from postroom.process.telemetry import MAIL_DEFECTS

PARTS = ("streams", "outbox_publisher", "arrivals", "watching", "arrival_sweep", "master")


class Broken:
    """Stands for every part, and for the master account. Each call fails."""

    def __init__(self) -> None:
        self.begun = 0

    async def run(self, stop: asyncio.Event) -> None:
        self.begun += 1
        raise ZeroDivisionError("a defect")

    async def is_accepted(self) -> bool:
        self.begun += 1
        raise ZeroDivisionError("a defect")


async def test_broken_mail_part_is_restarted_and_the_service_continues(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def soon(failures: int, _: Any) -> float:
        return 0.01

    monkeypatch.setattr(supervision, "backoff", soon)
    broken = [Broken() for _ in PARTS]
    *others, master = broken
    runs = {name: each.run for name, each in zip(PARTS, others, strict=False)}
    before = {each: MAIL_DEFECTS.labels(where=each)._value.get() for each in PARTS}
    stop = asyncio.Event()
    loops = Loops(stop)  # as in the service
    for loop in supervised(**runs, master=partial(ask_for_master, cast(Any, master))):
        loops.start(loop)
    await eventually(lambda: all(each.begun >= 3 for each in broken), "each has been restarted")
    assert not stop.is_set()
    stop.set()
    assert await loops.ended(drain=5) == []
    assert not loops.broken
    assert all(MAIL_DEFECTS.labels(where=each)._value.get() > before[each] for each in PARTS)
