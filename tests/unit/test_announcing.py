"""The loop from the outbox to the announcer: woken, patient, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from eventually import eventually
from fakes import unasked
from postroom.errors import AnnouncerAway, Unavailable
from postroom.mail import announcing
from postroom.mail.announcing import Announcing
from postroom.mail.ports import LiveEvent
from postroom.pause import pause
from postroom.telemetry import LIVE_EVENTS

ALICE = UUID(int=1)


def event(number: int) -> LiveEvent:
    return LiveEvent(number, ALICE, "mail")


class FakeOutbox:
    def __init__(self, *ids: int) -> None:
        self.waiting = list(ids)
        self.done: list[int] = []
        self.claims = 0
        self.released: list[int] = []
        self.pruned = 0
        self.away = 0

    async def claim(self, limit: int) -> Sequence[LiveEvent]:
        self.claims += 1
        if self.away:
            self.away -= 1
            raise Unavailable("PostgreSQL cannot be reached")
        claimed, self.waiting = self.waiting, []
        return [event(number) for number in claimed]

    async def announced(self, ids: Sequence[int]) -> None:
        self.done += ids

    async def release(self, ids: Sequence[int]) -> None:
        self.released += ids
        self.waiting = [*ids, *self.waiting]

    async def prune(self) -> int:
        self.pruned += 1
        return 0

    after = newest = settled = unasked


class FakeAnnouncer:
    """Away for the first `away` batches; refuses the ids in `refuses`."""

    def __init__(self, *, away: int = 0, refuses: Sequence[int] = ()) -> None:
        self.away = away
        self.refuses = refuses
        self.times: list[float] = []
        self.told: list[int] = []

    async def announce(self, events: Sequence[LiveEvent]) -> Sequence[LiveEvent]:
        self.times.append(asyncio.get_running_loop().time())
        if self.away:
            self.away -= 1
            raise AnnouncerAway("Centrifugo did not answer")
        self.told += [each.id for each in events]
        return [each for each in events if each.id in self.refuses]

    disconnect = unasked


@asynccontextmanager
async def running(outbox: FakeOutbox, announcer: FakeAnnouncer) -> AsyncIterator[Announcing]:
    loop, stop = Announcing(outbox, announcer), asyncio.Event()
    task = asyncio.create_task(loop.run(stop))
    try:
        yield loop
    finally:
        stop.set()
        await asyncio.wait_for(task, 1)


async def test_what_waits_is_announced_once_and_noted() -> None:
    outbox, announcer = FakeOutbox(1, 2), FakeAnnouncer()
    async with running(outbox, announcer):
        await eventually(lambda: outbox.done == [1, 2], "noted")
    assert announcer.told == [1, 2]


async def test_after_announcing_it_looks_again_at_once_for_what_had_to_wait() -> None:
    outbox = FakeOutbox(1)
    async with running(outbox, FakeAnnouncer()):
        await eventually(lambda: outbox.claims == 2, "a second look", within=0.5)


async def test_a_wake_ends_the_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "SAFETY_LOOK", 60.0)
    outbox = FakeOutbox()
    async with running(outbox, FakeAnnouncer()) as loop:
        await eventually(lambda: outbox.claims == 1, "the first look")
        outbox.waiting = [7]
        loop.wake()
        await eventually(lambda: outbox.done == [7], "announced", within=1)


async def test_without_a_wake_the_safety_look_finds_it_and_costs_one_query_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(announcing, "SAFETY_LOOK", 0.2)
    outbox = FakeOutbox()
    async with running(outbox, FakeAnnouncer()):
        await eventually(lambda: outbox.claims == 1, "the first look")
        outbox.waiting = [7]
        await eventually(lambda: outbox.done == [7], "announced", within=2)
        started = asyncio.get_running_loop().time()
        before = outbox.claims
        await eventually(lambda: outbox.claims == before + 4, "four more looks")
        assert asyncio.get_running_loop().time() - started > 0.5


async def test_while_the_announcer_is_away_nothing_is_lost_and_wakes_do_not_hammer_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(announcing, "pause", lambda seconds, *until: pauses.append(seconds) or pause(seconds, *until))
    outbox, announcer = FakeOutbox(1), FakeAnnouncer(away=2)
    with capture_logs() as logs:
        async with running(outbox, announcer) as loop:
            await eventually(lambda: outbox.released == [1], "released")
            outbox.waiting.append(2)
            loop.wake()
            await eventually(lambda: outbox.done == [1, 2], "announced in the end")
    first, second, third = announcer.times[:3]
    assert second - first >= 0.25
    assert third - second >= 0.5
    assert pauses[:2] == [0.25, 0.5]
    assert [line["log_level"] for line in logs] == ["warning", "info"]  # once, however often it is tried


async def test_the_pause_is_short_again_after_a_success() -> None:
    outbox, announcer = FakeOutbox(1), FakeAnnouncer(away=2)
    async with running(outbox, announcer) as loop:
        await eventually(lambda: outbox.done == [1], "announced")
        announcer.away = 1
        outbox.waiting = [2]
        loop.wake()
        await eventually(lambda: outbox.done == [1, 2], "announced")
    assert announcer.times[-1] - announcer.times[-2] < 0.5


async def test_what_can_never_be_announced_is_noted_and_counted() -> None:
    def refused() -> float:
        return LIVE_EVENTS.labels(result="refused")._value.get()

    before = refused()
    outbox = FakeOutbox(*range(1, 31))
    with capture_logs() as logs:
        async with running(outbox, FakeAnnouncer(refuses=range(5, 31))):
            await eventually(lambda: len(outbox.done) == 30, "noted")
    assert refused() == before + 26
    (line,) = logs
    assert (line["log_level"], line["count"], line["event_ids"]) == ("error", 26, list(range(5, 25)))


async def test_postgresql_being_away_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "DATABASE_PAUSE", 0.02)
    outbox = FakeOutbox(1)
    outbox.away = 3
    async with running(outbox, FakeAnnouncer()):
        await eventually(lambda: outbox.done == [1], "announced")


async def test_it_forgets_at_the_start_and_then_once_a_minute() -> None:
    outbox, now = FakeOutbox(), [0.0]
    loop, stop = Announcing(outbox, FakeAnnouncer(), monotonic=lambda: now[0]), asyncio.Event()
    task = asyncio.create_task(loop.run(stop))
    await eventually(lambda: outbox.pruned == 1, "the first")
    for moment, times in ((59.0, 1), (60.0, 2)):
        now[0] = moment
        before = outbox.claims
        loop.wake()
        await eventually(lambda before=before: outbox.claims > before, "a look")
        assert outbox.pruned == times
    stop.set()
    await task
