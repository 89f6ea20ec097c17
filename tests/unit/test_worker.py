"""The worker: who is claimed, who runs beside whom, and what happens when it must stop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from eventually import eventually
from fakes import (
    START,
    FakeAnnouncements,
    FakeBreakers,
    FakeMailServer,
    FakeOverdue,
    FakeReminders,
    FakeRequests,
    request_of,
)
from postroom.clock import SystemClock
from postroom.domain.member import RetryJob
from postroom.domain.request import Request, State, Status
from postroom.errors import Transient
from postroom.ports import Reminder
from postroom.provisioning.attempt import Attempts
from postroom.provisioning.slots import Slots
from postroom.retry import worker as worker_module
from postroom.retry.probe import Probe
from postroom.retry.waking import Waking
from postroom.retry.worker import Limits, Worker


def waiting(**fields: Any) -> Request:
    return request_of(**({"state": State.WAITING, "holder": None, "retries": 1, "due_at": START} | fields))


def member_of(request: Request) -> str:
    return RetryJob.of(request).to_json()


def reminder_of(request: Request) -> Reminder:
    return Reminder(request.identity_id, member_of(request))


class World:
    """A worker among fakes; every request in it is reminded of once, by Redis."""

    def __init__(self, *requests: Request, slots: int = 4, pace: float = 0, lease: float = 30, drain: float = 5):
        self.requests = FakeRequests(*requests)
        self.breakers = FakeBreakers()
        self.mail_server = FakeMailServer()
        self.announcements = FakeAnnouncements()
        self.redis = FakeReminders(*[reminder_of(request) for request in requests])
        self.slots = Slots(slots)
        clock = SystemClock()
        attempts = Attempts(self.requests, self.breakers, self.mail_server, self.announcements, clock)
        self.worker = Worker(
            self.requests,
            attempts,
            self.announcements,
            Waking(self.redis, FakeOverdue(), FakeOverdue(), clock, failures=(ConnectionError,)),
            Probe(self.breakers, self.mail_server),
            self.slots,
            clock,
            Limits(lease=lease, pace=pace, drain=drain),
        )

    def remind(self, *reminders: Reminder) -> None:
        self.redis.queue += reminders
        self.worker.wake()

    def claims_of(self, request: Request) -> int:
        return sum(request.identity_id in claim for claim in self.requests.claims)

    def state_of(self, request: Request) -> State:
        return self.requests.rows[request.identity_id].state

    def statuses(self) -> list[Status]:
        return [move.status for _, move, _ in self.requests.settled]

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[None]:
        task = asyncio.create_task(self.worker.run())
        try:
            yield
        finally:
            if self.mail_server.gate:
                self.mail_server.gate.set()
            self.worker.stop()
            await asyncio.wait_for(task, 5)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "BREAKER_PAUSE", 0.01)
    monkeypatch.setattr(worker_module, "DATABASE_PAUSE", 0.01)


async def test_who_is_due_is_claimed_attempted_and_settled() -> None:
    request = waiting()
    world = World(request)
    async with world.working():
        await eventually(lambda: world.requests.settled, "it is settled")
    assert world.state_of(request) is State.PROVISIONED
    [(settled, held)] = world.announcements.replaced
    assert settled.state is State.PROVISIONED
    assert held == [member_of(request)]


async def test_two_members_of_one_request_are_one_claim_and_both_are_removed() -> None:
    request = waiting()
    stale = member_of(waiting(identity_id=request.identity_id, enqueued_at=START - timedelta(seconds=60)))
    world = World(request)
    world.redis.queue.append(Reminder(request.identity_id, stale))
    async with world.working():
        await eventually(lambda: world.requests.settled, "it is settled")
    assert world.claims_of(request) == 1
    [(_, held)] = world.announcements.replaced
    assert sorted(held) == sorted([stale, member_of(request)])


async def test_a_request_that_runs_here_is_not_claimed_again() -> None:
    request = waiting()
    world = World(request)
    world.mail_server.gate = asyncio.Event()
    async with world.working():
        await eventually(lambda: world.mail_server.running, "it runs")
        world.remind(reminder_of(request))
        await eventually(lambda: not world.redis.queue, "the second reminder was seen")
    assert world.claims_of(request) == 1


async def test_no_more_are_asked_for_than_there_are_free_slots() -> None:
    world = World(*[waiting() for _ in range(5)], slots=2)
    world.mail_server.gate = asyncio.Event()
    async with world.working():
        await eventually(lambda: world.mail_server.running == 2, "two run")
        assert [len(claim) for claim in world.requests.claims] == [2]
        world.mail_server.gate.set()
        await eventually(lambda: len(world.requests.settled) == 5, "all are settled")
    assert max(world.mail_server.alongside.values()) == 2


async def test_attempts_start_no_faster_than_the_pace() -> None:
    world = World(*[waiting() for _ in range(5)], pace=25)
    async with world.working():
        await eventually(lambda: len(world.requests.settled) == 5, "all are settled")
    started = world.mail_server.started
    assert started[-1] - started[0] >= 4 / 25 - 0.01


@pytest.mark.parametrize("pace", [0, 0.001])
async def test_those_that_came_early_keep_to_slots_and_pace_when_their_time_comes(pace: float) -> None:
    """A Redis clock that is ahead would make of them one claim, and their leases would run while they queue."""
    requests = [waiting() for _ in range(6)]
    world = World(*requests, slots=2, pace=pace)
    world.redis.queue.clear()
    world.worker._early = dict.fromkeys((each.identity_id for each in requests), 0.0)
    world.mail_server.gate = asyncio.Event()
    async with world.working():
        can_start = 1 if pace else 2
        await eventually(lambda: world.mail_server.running >= can_start, "they run")
        running = [each for each in requests if world.state_of(each) is State.RUNNING]
        assert len(running) == can_start, "nobody is claimed who cannot start"


async def test_who_came_early_is_claimed_when_its_time_comes_without_redis() -> None:
    request = waiting(due_at=START + timedelta(seconds=0.1))
    world = World(request)
    async with world.working():
        await eventually(lambda: world.claims_of(request), "it came early")
        assert world.state_of(request) is State.WAITING
        world.requests.now += timedelta(seconds=0.1)
        await eventually(lambda: world.requests.settled, "it is settled")
    assert world.redis.queue == []
    assert world.announcements.restored == []


async def test_who_came_much_too_early_gets_its_true_score_back() -> None:
    request = waiting(due_at=START + timedelta(seconds=1800))
    world = World(request)
    async with world.working():
        await eventually(lambda: world.announcements.restored, "its score is restored")
    assert world.announcements.restored == [(member_of(request), request.due_at)]
    assert world.announcements.removed == []


async def test_a_stale_member_of_a_waiting_request_is_removed_and_not_restored() -> None:
    request = waiting(due_at=START + timedelta(seconds=1800))
    world = World(request)
    stale = member_of(waiting(identity_id=request.identity_id, retries=0))
    world.redis.queue = [Reminder(request.identity_id, stale)]
    async with world.working():
        await eventually(lambda: world.announcements.removed, "the stale member is removed")
    assert world.announcements.removed == [stale]
    assert world.announcements.restored == []


@pytest.mark.parametrize("state", [State.PROVISIONED, State.DEAD, None])
async def test_a_member_of_nobody_who_waits_is_removed(state: State | None) -> None:
    request = waiting(state=state or State.WAITING)
    world = World(request)
    if state is None:
        world.requests.rows.clear()
    async with world.working():
        await eventually(lambda: world.announcements.removed, "it is removed")
    assert world.announcements.removed == [member_of(request)]
    assert world.mail_server.asked == []


async def test_a_member_of_a_request_that_runs_elsewhere_is_left_alone() -> None:
    request = waiting(state=State.RUNNING, holder=uuid4())
    world = World(request)
    async with world.working():
        await eventually(lambda: world.claims_of(request), "it is asked for")
    assert world.announcements.removed == []
    assert world.announcements.restored == []
    assert world.announcements.replaced == []


async def test_members_that_nobody_can_read_are_removed_and_the_others_run() -> None:
    request = waiting()
    world = World(request)
    world.redis.queue.insert(0, Reminder(None, "what is this?"))
    async with world.working():
        await eventually(lambda: world.requests.settled, "the other is settled")
    assert world.announcements.removed == ["what is this?"]


async def test_a_crashed_request_runs_alone() -> None:
    """It waits for who runs, and nobody starts while it runs: a poison request takes nobody with it."""
    neighbours = [waiting(), waiting()]
    crashed, later = waiting(crashes=1), waiting()
    world = World(*neighbours, crashed)
    gate = world.mail_server.gate = asyncio.Event()
    async with world.working():
        await eventually(lambda: world.claims_of(crashed) == 1, "it is asked for")
        await eventually(lambda: world.mail_server.running == 2, "its neighbours run")
        world.mail_server.gate = asyncio.Event()
        gate.set()
        await eventually(lambda: crashed.identity_id in world.mail_server.alongside, "it runs")
        world.requests.rows[later.identity_id] = later
        world.remind(reminder_of(later))
        assert not await world.slots.take(within=0.05), "in-line attempts wait too"
        assert world.claims_of(later) == 0
        world.mail_server.gate.set()
        await eventually(lambda: world.state_of(later) is State.PROVISIONED, "the others go on")
    assert world.mail_server.alongside[crashed.identity_id] == 1
    assert world.state_of(crashed) is State.PROVISIONED


async def test_a_request_that_runs_alone_is_interrupted_past_the_drain_like_any_other() -> None:
    """A process that is killed instead would count one more crash, and the third buries the request."""
    crashed = waiting(crashes=1)
    world = World(crashed, drain=0.05)
    world.mail_server.gate = asyncio.Event()
    task = asyncio.create_task(world.worker.run())
    await eventually(lambda: world.mail_server.running, "it runs")
    world.worker.stop()
    _, late = await asyncio.wait([task], timeout=1)
    world.mail_server.gate.set()
    await task
    assert not late, "the worker did not end with its drain"
    assert world.statuses() == [Status.INTERRUPTED]


async def test_while_the_breaker_is_open_nobody_is_claimed_and_the_server_is_probed() -> None:
    request = waiting()
    world = World(request)
    world.breakers.is_open = world.requests.breaker_open = True
    world.mail_server.ill = Transient("mail server answered 503")
    async with world.working():
        await eventually(lambda: world.mail_server.asked.count("well") >= 3, "it is probed")
        assert world.requests.claims == []
        world.mail_server.ill = None
        world.requests.breaker_open = False
        await eventually(lambda: world.requests.settled, "it runs when the server is well")
    assert world.breakers.closed == 1


async def test_a_claim_that_meets_an_open_breaker_leads_to_probing_and_to_no_more_claims() -> None:
    """The breaker opened after the worker had looked."""
    request, later = waiting(), waiting()
    world = World(request)
    world.breakers.is_open = world.requests.breaker_open = True
    world.breakers.probes_left = 0
    world.worker._next_probe = float("inf")
    async with world.working():
        await eventually(lambda: world.requests.claims, "the claim met the breaker")
        reads = world.breakers.reads
        world.requests.rows[later.identity_id] = later
        world.remind(reminder_of(later))
        await eventually(lambda: world.breakers.reads >= reads + 3, "it looks at the breaker")
        assert world.claims_of(later) == 0
        assert world.mail_server.asked == [], "the probe is another process' to make"
        world.breakers.is_open = world.requests.breaker_open = False
        await eventually(lambda: world.state_of(later) is State.PROVISIONED, "it goes on")


async def test_a_probe_is_made_even_while_nobody_is_due() -> None:
    world = World()
    world.breakers.is_open = True
    async with world.working():
        await eventually(lambda: world.breakers.closed, "the breaker closes")


async def test_postgresql_away_is_waited_out() -> None:
    request = waiting()
    world = World(request)
    world.requests.away = 1
    async with world.working():
        await eventually(lambda: world.requests.away == 0, "the first claim failed")
        world.remind(reminder_of(request))
        await eventually(lambda: world.requests.settled, "it is settled")


async def test_who_waits_in_vain_for_a_slot_is_due_again_and_spends_nothing() -> None:
    request = waiting()
    world = World(request, slots=1, lease=0.1)
    await world.slots.take(within=0)  # an in-line attempt
    async with world.working():
        await eventually(lambda: world.requests.settled, "it is given up")
        world.redis.queue.clear()
        world.slots.give_back()
    assert world.statuses()[0] is Status.INTERRUPTED
    assert world.requests.rows[request.identity_id].retries == 1
    assert world.mail_server.asked == []


async def test_attempts_under_way_may_end_within_the_drain() -> None:
    world = World(waiting(), waiting())
    gate = world.mail_server.gate = asyncio.Event()
    task = asyncio.create_task(world.worker.run())
    await eventually(lambda: world.mail_server.running == 2, "both run")
    world.worker.stop()
    await asyncio.sleep(0)
    assert not task.done()
    gate.set()
    await asyncio.wait_for(task, 5)
    assert world.statuses() == [Status.SUCCESS, Status.SUCCESS]


async def test_attempts_past_the_drain_are_interrupted_and_due_at_once() -> None:
    request = waiting(retries=2)
    world = World(request, drain=0.02)
    world.mail_server.gate = asyncio.Event()
    task = asyncio.create_task(world.worker.run())
    await eventually(lambda: world.mail_server.running, "it runs")
    world.worker.stop()
    await asyncio.wait_for(task, 5)
    assert world.statuses() == [Status.INTERRUPTED]
    row = world.requests.rows[request.identity_id]
    assert (row.state, row.due_at, row.retries) == (State.WAITING, START, 2)


async def test_a_stopped_worker_claims_nothing_more() -> None:
    request = waiting()
    world = World()
    async with world.working():
        await eventually(lambda: world.redis.limits, "it looks")
    world.requests.rows[request.identity_id] = request
    world.remind(reminder_of(request))
    await asyncio.sleep(0.05)
    assert world.requests.claims == []


async def test_the_log_tells_of_the_worker_in_the_words_of_the_contract() -> None:
    request = waiting(email="bob@example.org", retries=2)
    world = World(request)
    world.mail_server.creates.append(Transient("cut"))
    with capture_logs() as logs:
        async with world.working():
            await eventually(lambda: world.requests.settled, "it is settled")
    told = [entry["event"] for entry in logs]
    assert told == [
        "Email provisioning retry worker started",
        "Retrying provisioning for bob@example.org (attempt 2/3)",
        "Retry attempt 2 failed: cut",
        "Enqueued retry job for bob@example.org (attempt 3/3, delay: 1800s)",
        "Processed 1 retry jobs",
    ]


async def test_an_attempt_that_breaks_is_logged_and_stops_nobody() -> None:
    broken, fine = waiting(), waiting()
    world = World(broken, fine)
    world.mail_server.creates.append(ZeroDivisionError("a bug"))
    with capture_logs() as logs:
        async with world.working():
            await eventually(lambda: world.requests.settled, "the other is settled")
    assert [entry["identity_id"] for entry in logs if entry["event"].startswith("Attempt broke")] == [identity(broken)]
    assert world.state_of(fine) is State.PROVISIONED


def identity(request: Request) -> str:
    assert isinstance(request.identity_id, UUID)
    return str(request.identity_id)


async def test_who_waits_for_a_slot_when_the_worker_stops_is_given_up_at_once() -> None:
    """Its lease would run out, and that would count as a crash."""
    request = waiting()
    world = World(request, slots=1, drain=5)
    await world.slots.take(within=0)
    async with world.working():
        await eventually(lambda: world.state_of(request) is State.RUNNING, "it is claimed")
        world.worker.stop()
        await eventually(lambda: world.statuses() == [Status.INTERRUPTED], "it is given up", 1)
    assert world.mail_server.asked == []
