"""Where a worker learns which requests are due: Redis; PostgreSQL if Redis fails; and the fallback poll in any case."""

from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from fakes import FakeClock, FakeDueQueue, FakeOverdue
from postroom.ports import DueEntry
from postroom.process.telemetry import REGISTRY
from postroom.retry.due_source import FALLBACK_POLL, SMALLEST_POLL, SOON, DueSource
from postroom.retry.worker import EARLY


class World:
    def __init__(self, *, redis: FakeDueQueue | None) -> None:
        self.clock = FakeClock()
        self.overdue = FakeOverdue()
        self.exact = FakeOverdue()
        self.due_source = DueSource(redis, self.overdue, self.exact, self.clock, failures=(ConnectionError,))


async def test_due_requests_come_from_postgresql_without_redis() -> None:
    world = World(redis=None)
    world.exact.queue = [DueEntry(uuid4())]
    world.exact.next_in = 1.5
    due = await world.due_source.due(4)
    assert (len(due.entries), due.next_in) == (1, 1.5)
    assert (world.exact.limits, world.overdue.limits) == ([SMALLEST_POLL], [])


async def test_postgresql_takes_over_at_once_when_redis_fails() -> None:
    redis = FakeDueQueue()
    redis.errors = [ConnectionError("redis://:secret@127.0.0.1")]
    world = World(redis=redis)
    world.exact.queue = [DueEntry(uuid4())]
    before = counted()
    with capture_logs() as logs:
        assert len((await world.due_source.due(4)).entries) == 1
    assert logs == [
        {
            "event": "Redis cannot be used; PostgreSQL takes over",
            "log_level": "warning",
            "call": "due",
            "error": "ConnectionError",
        }
    ], "the kind of the error, but not its text, which may contain the password"
    assert counted() == before + 1
    await world.due_source.due(4)
    assert redis.limits == [4, 4], "Redis is asked again"
    assert world.exact.limits == [SMALLEST_POLL]


def counted() -> float:
    return REGISTRY.get_sample_value("postroom_redis_errors_total") or 0


async def test_due_source_does_not_hide_unexpected_errors() -> None:
    redis = FakeDueQueue()
    redis.errors = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        await World(redis=redis).due_source.due(4)


async def test_first_poll_and_one_every_five_seconds_are_fallback_polls() -> None:
    world = World(redis=FakeDueQueue())
    for _ in range(3):
        await world.due_source.due(4)
    assert len(world.overdue.limits) == 1
    world.clock.seconds += FALLBACK_POLL
    await world.due_source.due(4)
    assert len(world.overdue.limits) == 2


async def test_fallback_poll_returns_requests_that_redis_lost_before_those_it_has() -> None:
    known, lost = DueEntry(uuid4(), "member"), DueEntry(uuid4())
    world = World(redis=FakeDueQueue(known))
    world.overdue.queue = [lost]
    assert (await world.due_source.due(4)).entries == [lost]
    world.overdue.queue.clear()
    assert (await world.due_source.due(4)).entries == [known]


async def test_fallback_poll_runs_even_if_redis_always_has_due_requests() -> None:
    """After an outage thousands are due. A request that Redis lost must not wait until all others have run."""
    world = World(redis=FakeDueQueue(*[DueEntry(uuid4(), "member") for _ in range(100)]))
    lost = DueEntry(uuid4())
    world.overdue.queue = [lost]
    found = [entry for _ in range(3) for entry in (await world.due_source.due(1)).entries]
    assert lost in found


async def test_fallback_poll_repeats_at_once_until_it_finds_no_request() -> None:
    world = World(redis=FakeDueQueue())
    world.overdue.queue = [DueEntry(uuid4()) for _ in range(2)]
    for _ in range(2):
        world.overdue.queue.remove((await world.due_source.due(1)).entries[0])
    for _ in range(3):
        await world.due_source.due(1)
    assert len(world.overdue.limits) == 3, "two polls that found requests, and one that did not"


@pytest.mark.parametrize("with_redis", [True, False])
async def test_thousand_locked_rows_do_not_hide_a_free_one(with_redis: bool) -> None:
    """A poll none of whose rows could be claimed is followed by one of the rows after them, and at the end by one from
    the beginning."""
    world = World(redis=FakeDueQueue() if with_redis else None)
    postgres = world.overdue if with_redis else world.exact
    free = DueEntry(uuid4())
    postgres.queue = [DueEntry(uuid4()) for _ in range(1000)] + [free]
    while free not in (due := await world.due_source.due(1)).entries:
        assert world.due_source.nothing_claimed(due), "more requests are due"
    assert postgres.limits == [10, 100, 1000]
    postgres.queue.remove(free)
    due = await world.due_source.due(1)
    assert not world.due_source.nothing_claimed(due)
    world.clock.seconds += FALLBACK_POLL
    await world.due_source.due(1)
    assert postgres.behind[-1] is None


@pytest.mark.parametrize(("next_in", "expected"), [(None, 4.0), (1.0, 1.0), (1000.0, 4.0)])
async def test_next_poll_is_no_later_than_the_next_fallback_poll(next_in: float | None, expected: float) -> None:
    redis = FakeDueQueue()
    redis.next_in = next_in
    world = World(redis=redis)
    await world.due_source.due(4)
    world.clock.seconds += FALLBACK_POLL - 4
    assert (await world.due_source.due(4)).next_in == pytest.approx(expected)


async def test_next_poll_after_an_outage_asks_postgresql_for_all_due_requests() -> None:
    """Redis had postponed the members of requests that could not be claimed while the breaker was open."""
    world = World(redis=FakeDueQueue())
    await world.due_source.due(4)
    world.due_source.poll_now()
    await world.due_source.due(4)
    await world.due_source.due(4)
    assert (len(world.overdue.limits), len(world.exact.limits)) == (1, 1)


@pytest.mark.parametrize("before", [EARLY, SOON])
async def test_worker_that_wakes_just_before_the_fallback_poll_polls_redis_once(before: float) -> None:
    """Otherwise an idle worker that wakes 50 ms early would poll every 5 ms until the poll is due."""
    redis = FakeDueQueue()
    world = World(redis=redis)
    await world.due_source.due(4)
    world.clock.seconds += FALLBACK_POLL - before
    due = await world.due_source.due(4)
    assert due.next_in is not None
    assert due.next_in > 1
