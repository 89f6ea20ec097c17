"""The pace of the arrival sweep, and that it omits no stale account."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast
from uuid import UUID

import pytest

from fakes import FakeClock
from postroom.arrivals import arrival_sweep
from postroom.arrivals.arrival_sweep import LEADER, MOST_PACE, ArrivalSweep
from postroom.arrivals.arrivals import Arrivals
from postroom.arrivals.ports import MailState, MailStates
from postroom.errors import DatabaseUnavailable
from postroom.mailboxes.ports import MailAccount
from postroom.process.telemetry import DATABASE_ERRORS

EVERY = 300.0


class Watched:
    """`number` watched accounts, with the time of the last poll of each. It stands in for `MailStates` and for
    `Arrivals`."""

    def __init__(self, number: int, clock: FakeClock, *, ages: float = 0.0) -> None:
        self.clock = clock
        self.checked = {str(each): clock.seconds - ages for each in range(number)}
        self.oldest = 0.0
        """The longest time, in seconds, that an account waited for a poll."""
        self.polls: list[float] = []
        self.full = 0
        """How many of the next hints are rejected because the queue is full."""
        self.unavailable = 0
        """How many of the next sweeps find PostgreSQL unavailable."""

    async def forget(self) -> int:
        self.unavailable -= 1
        if self.unavailable >= 0:
            raise DatabaseUnavailable("PostgreSQL cannot be reached")
        return 0

    async def stale(self, seconds: float) -> AsyncIterator[Sequence[MailState]]:
        horizon = self.clock.seconds - seconds
        found = sorted((at, each) for each, at in self.checked.items() if at <= horizon)
        for start in range(0, len(found), 500):
            yield [MailState(_account(each), "s0", 0.0) for _, each in found[start : start + 500]]

    def hint(self, account_ids: Iterable[str]) -> Sequence[str]:
        account_ids = list(account_ids)
        if self.full:
            self.full -= 1
            return account_ids
        for each in account_ids:
            self.oldest = max(self.oldest, self.clock.seconds - self.checked[each])
            self.checked[each] = self.clock.seconds
            self.polls.append(self.clock.seconds)
        return []


def _account(account_id: str) -> MailAccount:
    return MailAccount(UUID(int=int(account_id) + 1), "somebody@example.org", account_id)


@dataclass
class Leadership:
    leads: bool

    @asynccontextmanager
    async def lead(self, name: str) -> AsyncIterator[bool]:
        assert name == LEADER
        yield self.leads


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock()

    async def sleep(seconds: float, *_: asyncio.Event) -> None:
        clock.seconds += max(0.0, seconds)

    monkeypatch.setattr(arrival_sweep, "pause", sleep)
    return clock


def sweep_of(watched: Watched, *, leads: bool = True, **more: Any) -> ArrivalSweep:
    states, arrivals = cast(MailStates, watched), cast(Arrivals, watched)
    longest: Any = {"uniform": lambda low, high: {(0.9, 1.1): high}[low, high]} | more
    leadership = Leadership(leads)
    return ArrivalSweep(states, arrivals, leadership, every=EVERY, monotonic=watched.clock.monotonic, **longest)


async def sweeps(watched: Watched, seconds: float, **more: Any) -> None:
    stop, ends = asyncio.Event(), watched.clock.seconds + seconds
    sweep = sweep_of(watched, **more)
    once = sweep.sweep

    async def until_the_end(stop: asyncio.Event) -> None:
        await once(stop)
        if watched.clock.seconds >= ends:
            stop.set()

    sweep.sweep = until_the_end
    await sweep.run(stop)


@pytest.mark.parametrize("number", [1, 1000, 30_000])
async def test_arrival_sweep_polls_every_account_within_ten_minutes(number: int, clock: FakeClock) -> None:
    """Although every account was polled at the worst moment: just too late for a sweep to include it."""
    watched = Watched(number, clock, ages=arrival_sweep.STALE_AFTER * EVERY - 1)
    beats: list[float] = []
    await sweeps(watched, 4000, beat=lambda: beats.append(clock.seconds))
    assert watched.oldest <= 600
    assert len(watched.polls) >= 5 * number
    assert max(after - before for before, after in pairwise(beats)) < arrival_sweep.LONGEST_SLEEP + 0.1


async def test_arrival_sweeps_start_at_a_fixed_interval_even_after_one_without_postgresql(
    clock: FakeClock,
) -> None:
    def errors() -> float:
        return DATABASE_ERRORS.labels(where="arrival_sweep")._value.get()

    watched, began, before = Watched(45, clock, ages=EVERY), clock.seconds, errors()
    watched.unavailable = 1
    await sweeps(watched, 600)
    assert [watched.polls[number] - began for number in (0, 45)] == pytest.approx([1.1 * EVERY, 2.2 * EVERY])
    assert errors() == before + 1


async def test_arrival_sweep_of_many_accounts_respects_the_pace_and_omits_none(clock: FakeClock) -> None:
    watched = Watched(100_000, clock, ages=EVERY)
    began = clock.seconds
    await sweeps(watched, 3000)
    assert len(watched.polls) <= MOST_PACE * (clock.seconds - began)
    assert len(watched.polls) >= 0.9 * MOST_PACE * 3000, "without a pause between the sweeps"
    assert watched.oldest <= 1200
    assert all(at > began for at in watched.checked.values())


async def test_arrival_sweep_spreads_the_polls_of_a_few_accounts_over_time(clock: FakeClock) -> None:
    watched = Watched(100, clock, ages=EVERY)
    await sweep_of(watched).sweep(asyncio.Event())
    assert len(watched.polls) == 100
    assert watched.polls[-1] - watched.polls[0] == pytest.approx(9.9)


async def test_arrival_sweep_without_leadership_gives_no_hints(clock: FakeClock) -> None:
    watched = Watched(5, clock, ages=EVERY)
    await sweep_of(watched, leads=False).sweep(asyncio.Event())
    assert watched.polls == []


async def test_arrival_sweep_repeats_a_hint_that_found_no_room(clock: FakeClock) -> None:
    watched = Watched(5, clock, ages=EVERY)
    watched.full = 7
    beats: list[float] = []
    await sweep_of(watched, beat=lambda: beats.append(clock.seconds)).sweep(asyncio.Event())
    assert len(watched.polls) == 5
    assert max(after - before for before, after in pairwise(beats)) < arrival_sweep.LONGEST_SLEEP
    assert watched.oldest >= EVERY + 7


async def test_arrival_sweep_that_finds_no_room_still_stops(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(5, clock, ages=EVERY)
    watched.full = 1000
    stop = asyncio.Event()

    async def sleep(seconds: float, *_: asyncio.Event) -> None:
        stop.set()

    monkeypatch.setattr(arrival_sweep, "pause", sleep)
    await sweep_of(watched).sweep(stop)
    assert watched.polls == []
    assert watched.full >= 998
