"""How a leader lets requests go once what they waited for has ended."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from uuid import UUID, uuid4

from fakes import START, FakeAnnouncements, request_of
from postroom.domain.request import State
from postroom.ports import Released
from postroom.retry.release import Release
from simulation.virtual_time import VirtualClock, VirtualLoop

LATER = START + timedelta(minutes=1)


class Alone:
    """Nobody else leads."""

    @asynccontextmanager
    async def lead(self, name: str) -> AsyncIterator[bool]:
        yield True


class Waiting:
    """`number` requests that wait for a domain. Whoever is released fails again at once."""

    def __init__(self, number: int) -> None:
        self.waiting = [request_of(uuid4(), state=State.WAITING, holder=None) for _ in range(number)]
        self.at: list[float] = []
        """when some were released"""

    async def causes(self) -> Mapping[str, datetime | None]:
        return {"domain:example.org": START}

    async def release(self, cause: str, limit: int, *, but: Collection[UUID]) -> Sequence[Released]:
        self.at.append(asyncio.get_running_loop().time())
        chosen = [each for each in self.waiting if each.identity_id not in but][:limit]
        return [Released(replace(each, enqueued_at=LATER), each) for each in chosen]

    async def progress(self, identity_ids: Collection[UUID]) -> tuple[set[UUID], set[UUID]]:
        return set(), set()

    async def resume_domain(self, domain: str, *, actor: str) -> int:
        raise NotImplementedError


def test_the_rest_after_a_failure_outlasts_the_lead() -> None:
    async def ten_minutes() -> list[float]:
        waiting, stop, loop = Waiting(100), asyncio.Event(), asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.call_later(600, stop.set)
        await Release(waiting, FakeAnnouncements(), Alone(), VirtualClock(loop), wake=lambda: None).run(stop)
        return waiting.at

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(Random(1))) as runner:
        at = runner.run(ten_minutes())
    rests = [later - earlier for earlier, later in pairwise(at)]
    assert [round(rest / 15) for rest in rests] == [1, 2, 4, 8, 16]
