"""The loop from the outbox to the publisher, in virtual time: it wakes, waits after failures, and loses no event."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from fakes import uncalled
from postroom.arrivals.outbox_publisher import OutboxPublisher
from postroom.arrivals.ports import LiveEvent
from postroom.errors import DatabaseUnavailable, PublisherUnavailable
from postroom.process.telemetry import LIVE_EVENTS
from simulation.virtual_time import in_virtual_time

ALICE = UUID(int=1)


class FakeOutbox:
    def __init__(self, *ids: int) -> None:
        self.waiting = list(ids)
        self.done: list[int] = []
        self.claimed_at: list[float] = []
        self.released: list[int] = []
        self.pruned_at: list[float] = []
        self.unavailable = 0

    async def claim(self, limit: int) -> Sequence[LiveEvent]:
        self.claimed_at.append(asyncio.get_running_loop().time())
        if self.unavailable:
            self.unavailable -= 1
            raise DatabaseUnavailable("PostgreSQL cannot be reached")
        claimed, self.waiting = self.waiting, []
        return [LiveEvent(number, ALICE, "mail") for number in claimed]

    async def published(self, ids: Sequence[int]) -> None:
        self.done += ids

    async def release(self, ids: Sequence[int]) -> None:
        self.released += ids
        self.waiting = [*ids, *self.waiting]

    async def prune(self) -> int:
        self.pruned_at.append(asyncio.get_running_loop().time())
        return 0

    after = newest = settled = uncalled


class FakePublisher:
    """Unavailable for the first `unavailable` batches; refuses the events with the ids in `refuses`."""

    def __init__(self, *, unavailable: int = 0, refuses: Sequence[int] = ()) -> None:
        self.unavailable = unavailable
        self.refuses = refuses
        self.times: list[float] = []
        self.reported: list[int] = []

    async def publish(self, events: Sequence[LiveEvent]) -> Sequence[LiveEvent]:
        self.times.append(asyncio.get_running_loop().time())
        if self.unavailable:
            self.unavailable -= 1
            raise PublisherUnavailable("Centrifugo did not answer")
        self.reported += [each.id for each in events]
        return [each for each in events if each.id in self.refuses]

    disconnect = uncalled


async def announced(
    outbox: FakeOutbox, publisher: FakePublisher, *ids: int, at: float = 0.0, wakes: bool = False, seconds: float = 10
) -> None:
    """Run the publisher for `seconds`. After `at` seconds the events `ids` are committed to the outbox; with `wakes`,
    the publisher is woken."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    outbox_publisher = OutboxPublisher(outbox, publisher, monotonic=loop.time)

    def commit() -> None:
        outbox.waiting += ids
        if wakes:
            outbox_publisher.wake()

    loop.call_later(at, commit)
    loop.call_later(seconds, stop.set)
    await outbox_publisher.run(stop)


@in_virtual_time
async def test_publisher_publishes_waiting_events_once_and_polls_again_at_once() -> None:
    outbox, publisher = FakeOutbox(1, 2), FakePublisher()
    await announced(outbox, publisher, seconds=0.5)
    assert (publisher.reported, outbox.done, outbox.claimed_at) == ([1, 2], [1, 2], [0, 0])


@pytest.mark.parametrize(("wakes", "claims"), [(True, [0, 0.5, 0.5, 1.5]), (False, [0, 1, 1, 2])])
@in_virtual_time
async def test_outbox_publisher_finds_an_event_by_a_wake_or_at_the_latest_by_the_fallback_poll(
    wakes: bool, claims: list[float]
) -> None:
    outbox, publisher = FakeOutbox(), FakePublisher()
    await announced(outbox, publisher, 7, at=0.5, wakes=wakes, seconds=2.1)
    assert (outbox.claimed_at, publisher.times, outbox.done) == (claims, claims[1:2], [7])


@in_virtual_time
async def test_while_the_publisher_is_unavailable_nothing_is_lost_and_wakes_do_not_flood_it() -> None:
    outbox, publisher = FakeOutbox(1), FakePublisher(unavailable=6)
    with capture_logs() as logs:
        await announced(outbox, publisher, 2, at=0.1, wakes=True, seconds=13)
    assert publisher.times == [0, 0.25, 0.75, 1.75, 3.75, 7.75, 12.75]
    assert (outbox.released[:3], outbox.done) == ([1, 1, 2], [1, 2])
    assert [line["log_level"] for line in logs] == ["warning", "info"]  # one line, however many tries there are


@in_virtual_time
async def test_publisher_backoff_is_reset_after_a_success() -> None:
    outbox, publisher = FakeOutbox(1), FakePublisher(unavailable=2)
    asyncio.get_running_loop().call_later(4, setattr, publisher, "unavailable", 1)
    await announced(outbox, publisher, 2, at=4.5, wakes=True)
    assert publisher.times == [0, 0.25, 0.75, 4.5, 4.75]


@in_virtual_time
async def test_event_that_can_never_be_published_is_logged_and_counted() -> None:
    def refused() -> float:
        return LIVE_EVENTS.labels(result="refused")._value.get()

    before = refused()
    outbox = FakeOutbox(*range(1, 31))
    with capture_logs() as logs:
        await announced(outbox, FakePublisher(refuses=range(5, 31)))
    assert (len(outbox.done), refused()) == (30, before + 26)
    (line,) = logs
    assert (line["log_level"], line["count"], line["event_ids"]) == ("error", 26, list(range(5, 25)))


@in_virtual_time
async def test_publisher_retries_until_postgresql_is_back() -> None:
    outbox = FakeOutbox(1)
    outbox.unavailable = 3
    await announced(outbox, FakePublisher(), seconds=2)
    assert (outbox.claimed_at[:4], outbox.done) == ([0, 0.5, 1, 1.5], [1])


@in_virtual_time
async def test_publisher_prunes_the_outbox_at_start_and_once_a_minute() -> None:
    outbox = FakeOutbox()
    await announced(outbox, FakePublisher(), seconds=150)
    assert outbox.pruned_at == [0, 60, 120]
