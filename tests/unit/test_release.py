"""How a leader releases requests after the cause that they waited for has ended."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

from structlog.testing import capture_logs

from fakes import START, AlwaysLeader, FakeClock, FakeRetryIndex, request_of
from postroom.domain.member import RetryJob
from postroom.domain.request import CHANGES, State
from postroom.domain.slow_start import LONGEST_PAUSE
from postroom.ports import Released
from postroom.process.telemetry import REGISTRY
from postroom.retry.release import CHANGES_REMEMBERED, FAILED_AFTER, REMEMBERED, Release
from simulation.virtual_time import VirtualClock, in_virtual_time

CAUSE = "domain:example.org"
LATER = START + timedelta(minutes=1)


class Probes:
    """Creates work; changes do as a test says."""

    def __init__(self) -> None:
        self.changes: list[bool] = []

    async def probe_if_due(self) -> None:
        pass

    async def changes_work(self) -> bool:
        return self.changes.pop(0)


class Waiting:
    """`number` requests that wait for a domain, whose trouble ended at `ended_at`. A released request fails at once."""

    ended_at = START
    cause = CAUSE

    def __init__(self, number: int) -> None:
        self.waiting = [request_of(uuid4(), state=State.WAITING, holder=None) for _ in range(number)]
        self.at: list[float] = []
        """The times of the releases."""

    async def causes(self) -> Mapping[str, datetime | None]:
        return {self.cause: self.ended_at}

    async def release(self, cause: str, limit: int, *, excluding: Collection[UUID]) -> Sequence[Released]:
        assert cause == self.cause
        self.at.append(asyncio.get_running_loop().time())
        chosen = [each for each in self.waiting if each.identity_id not in excluding][:limit]
        return [Released(replace(each, enqueued_at=LATER), each) for each in chosen]

    async def progress(self, identity_ids: Collection[UUID]) -> tuple[set[UUID], set[UUID]]:
        return set(), set()


@in_virtual_time
async def test_release_backoff_after_a_failure_survives_a_change_of_leadership() -> None:
    waiting, stop, loop = Waiting(100), asyncio.Event(), asyncio.get_running_loop()
    loop.call_later(590, stop.set)
    leadership = AlwaysLeader()
    await Release(waiting, FakeRetryIndex(), leadership, VirtualClock(loop), Probes(), wake=lambda: None).run(stop)
    assert [later - earlier for earlier, later in pairwise(waiting.at)] == [15, 30, 60, 120, 240]
    assert leadership.led == ["release"] * 10


class Scripted(Waiting):
    """The test decides what happens to released requests: they are `under_way`, or else they succeeded."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.under_way: set[UUID] = set()
        self.limits: list[int] = []

    async def release(self, cause: str, limit: int, *, excluding: Collection[UUID]) -> Sequence[Released]:
        self.limits.append(limit)
        return await super().release(cause, limit, excluding={*excluding, *self.under_way})

    async def progress(self, identity_ids: Collection[UUID]) -> tuple[set[UUID], set[UUID]]:
        return self.under_way & set(identity_ids), set(identity_ids) - self.under_way


def releasing(releases: Waiting, clock: FakeClock) -> Release:
    return Release(releases, FakeRetryIndex(), AlwaysLeader(), clock, Probes(), wake=lambda: None)


async def test_released_requests_are_added_in_one_call_and_old_members_removed_in_another_and_wake_the_worker() -> None:
    """With an unresponsive Redis each call takes its full timeout. With one call per request, a release would take too
    long."""
    releases, retry_index, woken = Scripted(8), FakeRetryIndex(), list[bool]()
    release = Release(releases, retry_index, AlwaysLeader(), FakeClock(), Probes(), wake=lambda: woken.append(True))
    before = REGISTRY.get_sample_value("postroom_released_requests_total") or 0
    with capture_logs() as logs:
        assert [await release.step() for _ in range(3)] == [1, 2, 4]
    assert (retry_index.calls, woken) == (["add", "remove"] * 3, [True] * 3)
    assert {each.enqueued_at for each in retry_index.added} == {LATER}
    assert {RetryJob.from_json(each).enqueued_at for each in retry_index.removed} == {START}
    assert (REGISTRY.get_sample_value("postroom_released_requests_total") or 0) - before == 7
    assert [(each["event"], each["waited_for"]) for each in logs][1:] == [
        ("Released 2 requests", CAUSE),
        ("Released 4 requests", CAUSE),
    ]


async def test_running_released_requests_reduce_the_next_release() -> None:
    releases = Scripted(8)
    release = releasing(releases, FakeClock())
    for under_way in (0, 1, 4, 4):
        await release.step()
        releases.under_way = {each.identity_id for each in releases.waiting[:under_way]}
    assert releases.limits == [1, 2, 3, 0]


async def test_release_starts_slowly_again_after_a_long_quiet_time() -> None:
    clock, releases = FakeClock(), Scripted(1000)
    release = releasing(releases, clock)
    for _ in range(5):
        clock.seconds += 1
        await release.step()
    assert releases.limits == [1, 2, 4, 8, 16]
    waiting, releases.waiting = releases.waiting, []
    clock.seconds += 1
    await release.step()  # no request is left
    clock.seconds += LONGEST_PAUSE + 1
    releases.waiting = waiting
    await release.step()
    assert releases.limits[-1] == 1


async def test_locked_released_request_delays_the_others_only_for_a_while() -> None:
    clock, releases = FakeClock(), Scripted(3)
    release = releasing(releases, clock)
    assert await release.step() == 1
    releases.under_way = {each.identity_id for each in releases.waiting[:1]}
    clock.seconds += FAILED_AFTER
    assert await release.step() == 0
    clock.seconds += 1
    assert await release.step() == 1


async def test_request_that_fails_after_its_release_is_not_released_for_a_day() -> None:
    clock, releases = FakeClock(), Waiting(1)
    release = releasing(releases, clock)
    assert await release.step() == 1
    assert await release.step() == 0  # the released request failed
    clock.seconds += REMEMBERED - 1
    assert await release.step() == 0
    clock.seconds += 1
    assert [await release.step() for _ in range(2)] == [1, 0]
    releases.ended_at = LATER
    assert await release.step() == 1, "an operator can still release it"


async def test_changes_go_on_once_a_change_probe_succeeds_which_is_made_once_a_minute() -> None:
    releases, clock, probes = Scripted(8), FakeClock(), Probes()
    releases.cause = CHANGES
    probes.changes = [False, True]
    release = Release(releases, FakeRetryIndex(), AlwaysLeader(), clock, probes, wake=lambda: None)
    assert [await release.step() for _ in range(3)] == [0, 0, 0]
    clock.seconds += CHANGES_REMEMBERED
    assert [await release.step() for _ in range(3)] == [1, 2, 4]
    assert probes.changes == []
