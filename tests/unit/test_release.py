"""How a leader lets requests go once what they waited for has ended."""

import asyncio
from collections.abc import AsyncIterator, Collection, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any, TypeVar
from uuid import UUID, uuid4

from fakes import START, FakeAnnouncements, request_of
from postroom.domain.member import RetryJob
from postroom.domain.request import Request, State
from postroom.ports import Released
from postroom.retry.release import Release
from simulation.virtual_time import VirtualClock, VirtualLoop

T = TypeVar("T")
LATER = START + timedelta(minutes=1)


class Alone:
    """Nobody else leads."""

    @asynccontextmanager
    async def lead(self, name: str) -> AsyncIterator[bool]:
        yield True


class Waiting:
    """`number` requests that wait for a domain. Whoever is released has his mailbox at once, or fails again."""

    def __init__(self, number: int, *, succeed: bool = False) -> None:
        self.waiting = [request_of(uuid4(), state=State.WAITING, holder=None) for _ in range(number)]
        self.at: list[float] = []
        """when some were released"""
        self._succeed = succeed

    async def causes(self) -> Mapping[str, datetime | None]:
        return {"domain:example.org": START}

    async def release(self, cause: str, limit: int, *, but: Collection[UUID]) -> Sequence[Released]:
        self.at.append(asyncio.get_running_loop().time())
        chosen = [each for each in self.waiting if each.identity_id not in but][:limit]
        self.waiting = self.waiting[len(chosen) :] if self._succeed else self.waiting
        return [Released(replace(each, enqueued_at=LATER), each) for each in chosen]

    async def progress(self, identity_ids: Collection[UUID]) -> tuple[set[UUID], set[UUID]]:
        return set(), set(identity_ids) if self._succeed else set()

    async def resume_domain(self, domain: str, *, actor: str) -> int:
        raise NotImplementedError


class SilentRedis(FakeAnnouncements):
    """Each call takes as long as one that is not answered."""

    async def replace(self, request: Request, held: Sequence[str]) -> None:
        await asyncio.sleep(0.25)
        await super().replace(request, held)

    async def announce(self, requests: Sequence[Request]) -> None:
        await asyncio.sleep(0.25)
        await super().announce(requests)

    async def remove(self, members: Sequence[str]) -> None:
        await asyncio.sleep(0.25)
        await super().remove(members)


def in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(Random(1))) as runner:
        return runner.run(main)


def release_of(waiting: Waiting, announcements: FakeAnnouncements) -> Release:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return Release(waiting, announcements, Alone(), VirtualClock(loop), wake=lambda: None)


def test_the_rest_after_a_failure_outlasts_the_lead() -> None:
    async def ten_minutes() -> list[float]:
        waiting, stop = Waiting(100), asyncio.Event()
        asyncio.get_running_loop().call_later(600, stop.set)
        await release_of(waiting, FakeAnnouncements()).run(stop)
        return waiting.at

    at = in_virtual_time(ten_minutes())
    rests = [later - earlier for earlier, later in pairwise(at)]
    assert [round(rest / 15) for rest in rests] == [1, 2, 4, 8, 16]


def test_a_silent_redis_holds_a_look_up_no_longer_for_more_requests() -> None:
    """Else the loop would be late, and whoever routes hooks by the readiness would send none here."""
    redis = SilentRedis()

    async def longest_look() -> float:
        waiting = Waiting(400, succeed=True)
        release, longest = release_of(waiting, redis), 0.0
        while waiting.waiting:
            began = asyncio.get_running_loop().time()
            await release.turn()
            longest = max(longest, asyncio.get_running_loop().time() - began)
        return longest

    assert in_virtual_time(longest_look()) < 1
    assert len(redis.announced) == 400
    assert {RetryJob.from_json(member).enqueued_at for member in redis.removed} == {START}
