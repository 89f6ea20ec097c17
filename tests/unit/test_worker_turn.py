"""One turn of the worker at a time, on a clock that stands still: who is asked for, and how long it sleeps then."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from eventually import eventually
from fakes import (
    START,
    FakeAnnouncements,
    FakeBreakers,
    FakeClock,
    FakeMailServer,
    FakeReminders,
    FakeRequests,
    request_of,
)
from postroom.domain.member import RetryJob
from postroom.domain.request import Request, State, Status
from postroom.ports import Answer, Claim, Due, Reminder
from postroom.provisioning.attempt import Attempts
from postroom.provisioning.slots import Slots
from postroom.retry import worker as worker_module
from postroom.retry.probe import Probe
from postroom.retry.worker import LONGEST_SLEEP, PROBE_LOOK, SHORTEST_SLEEP, Limits, Worker
from postroom.telemetry import REGISTRY


def waiting(due_in: float = 0, **fields: Any) -> Request:
    usual = {"state": State.WAITING, "holder": None, "retries": 1, "due_at": START + timedelta(seconds=due_in)}
    return request_of(**(usual | fields))


def member_of(request: Request) -> str:
    return RetryJob.of(request).to_json()


class FakeWaking(FakeReminders):
    looks_now = 0

    def nothing_claimed(self, due: Due) -> bool:
        return False

    def look_now(self) -> None:
        self.looks_now += 1


class World:
    """A worker whose turns are the test's to make; every request in it is reminded of once."""

    def __init__(self, *requests: Request, slots: int = 4, pace: float = 0, lease: float = 30, drain: float = 5):
        self.requests = FakeRequests(*requests)
        self.breakers = FakeBreakers()
        self.mail_server = FakeMailServer()
        self.announcements = FakeAnnouncements()
        self.waking: Any = FakeWaking(*[Reminder(each.identity_id, member_of(each)) for each in requests])
        self.slots = Slots(slots)
        self.clock = FakeClock()
        self.worker = Worker(
            self.requests,
            Attempts(self.requests, self.breakers, self.mail_server, self.announcements, self.clock),
            self.announcements,
            self.waking,
            Probe(self.breakers, self.mail_server),
            self.slots,
            self.clock,
            Limits(lease=lease, pace=pace, drain=drain),
        )

    async def turn(self) -> float:
        return await self.worker._turn()

    async def all_ended(self) -> None:
        await eventually(lambda: not self.worker._running, "every attempt has ended")

    async def act_on(self, answer: Answer, request: Request | None, due_in: float | None, *held: str) -> None:
        identity_id = request.identity_id if request else uuid4()
        await self.worker._act_on(Claim(identity_id, answer, request, due_in), list(held), self.clock.monotonic())


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"postroom_{name}", labels) or 0


@pytest.mark.parametrize(
    ("next_in", "pause"), [(None, LONGEST_SLEEP), (60.0, 3.0), (1.5, 1.45), (0.02, SHORTEST_SLEEP), (0, SHORTEST_SLEEP)]
)
async def test_it_sleeps_until_50_ms_before_the_next_is_due_and_3_s_at_most(
    next_in: float | None, pause: float
) -> None:
    world = World()
    world.waking.next_in = next_in
    assert await world.turn() == pytest.approx(pause)


async def test_who_came_early_ends_the_sleep_and_is_claimed_50_ms_before_the_time() -> None:
    request = waiting()
    world = World(request)
    world.waking.queue.clear()
    world.waking.next_in = 2.0
    world.worker._early = {request.identity_id: world.clock.monotonic() + 0.5}
    assert await world.turn() == pytest.approx(0.45)
    world.clock.seconds += 0.45
    assert await world.turn() == 0.0
    assert world.requests.claims == [(request.identity_id,)]
    await world.all_ended()
    assert await world.turn() == pytest.approx(1.95)
    assert len(world.requests.claims) == 1


async def test_it_asks_for_as_many_as_can_run_beside_those_who_came_early() -> None:
    early = [waiting(), waiting()]
    world = World(*early, slots=3)
    world.waking.queue.clear()
    world.worker._early = {each.identity_id: world.clock.monotonic() for each in early}
    await world.turn()
    assert world.waking.limits == [1]
    await world.all_ended()
    await world.turn()
    assert world.waking.limits == [1, 3]


async def test_while_as_many_came_early_as_can_run_nobody_else_is_asked_for() -> None:
    early = [waiting(), waiting()]
    world = World(*early, slots=2)
    world.worker._early = {each.identity_id: world.clock.monotonic() for each in early}
    await world.turn()
    assert world.waking.limits == []
    await world.all_ended()


@pytest.mark.parametrize("pace", [0, 4])
async def test_while_every_slot_is_taken_it_sleeps_and_asks_for_nobody(pace: float) -> None:
    world = World(waiting(), waiting(), slots=1, pace=pace)
    gate = world.mail_server.gate = asyncio.Event()
    assert await world.turn() == 0.0
    world.clock.seconds += 1
    assert await world.turn() == LONGEST_SLEEP
    assert world.waking.limits == [1]
    gate.set()
    await world.all_ended()


async def test_at_a_pace_one_is_asked_for_and_the_next_when_its_time_has_come() -> None:
    world = World(waiting(), waiting(), pace=4)
    assert await world.turn() == 0.0
    world.clock.seconds += 0.1
    assert await world.turn() == pytest.approx(0.15)
    assert world.waking.limits == [1]
    world.clock.seconds += 0.15
    assert await world.turn() == 0.0
    assert world.waking.limits == [1, 1]
    await world.all_ended()


async def test_who_was_not_granted_costs_nothing_of_the_pace() -> None:
    world = World(waiting(state=State.DEAD), waiting(), pace=4)
    await world.turn()
    await world.turn()
    assert world.waking.limits == [1, 1]
    await world.all_ended()


@pytest.mark.parametrize(
    ("fields", "next_in", "pause"),
    [
        ({}, None, 0.0),
        ({"crashes": 1}, None, 0.0),
        ({"state": State.RUNNING}, None, 0.0),
        ({"state": State.DEAD}, None, 0.2),
        ({"state": State.PROVISIONED}, 0.15, 0.1),
        ({"state": State.DEAD}, 0.06, 0.05),
        ({"due_in": 60.0}, 1.0, 0.2),
    ],
)
async def test_after_a_claim_it_looks_at_once_if_there_may_be_more_and_else_a_little_later(
    fields: dict[str, Any], next_in: float | None, pause: float
) -> None:
    """At once in any case, a wrong clock would make of it a loop without a rest."""
    world = World(waiting(**fields))
    world.waking.next_in = next_in
    assert await world.turn() == pytest.approx(pause)
    await world.all_ended()


async def test_the_breaker_is_looked_at_every_5_s_even_while_nobody_is_due() -> None:
    world = World()
    reads = []
    for seconds in (0.0, 1.0, PROBE_LOOK - 1, 1.0):
        world.clock.seconds += seconds
        await world.turn()
        reads.append(world.breakers.reads)
    assert reads == [1, 1, 2, 2]


async def test_a_breaker_that_a_claim_met_is_waited_out_and_then_all_that_is_due_is_looked_at() -> None:
    world = World(waiting())
    world.breakers.is_open = world.requests.breaker_open = True
    world.worker._next_probe = float("inf")
    assert await world.turn() == 0.0
    assert (world.breakers.closed, world.waking.looks_now) == (1, 1)


async def test_a_breaker_that_the_look_found_open_is_waited_out_before_anybody_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_module, "BREAKER_PAUSE", 0.001)
    world = World(waiting())
    world.breakers.is_open, world.breakers.probes_left = True, 0
    turn = asyncio.create_task(world.turn())
    await eventually(lambda: world.breakers.reads > 2, "it looks again and again")
    world.breakers.is_open = False
    assert await asyncio.wait_for(turn, 5) == 0.0
    assert (world.waking.limits, world.waking.looks_now) == ([], 1)


async def test_a_stopped_worker_does_not_wait_for_the_breaker() -> None:
    world = World()
    world.breakers.is_open, world.breakers.probes_left = True, 0
    world.worker.stop()
    async with asyncio.timeout(5):
        await world.worker._wait_for_the_breaker()
    assert world.breakers.reads == 0


@pytest.mark.parametrize(("due_in", "again"), [(0.5, 0.55), (-3.0, None), (1.0, None), (20.0, None), (None, None)])
async def test_who_runs_elsewhere_is_looked_at_again_when_his_lease_ends_if_that_is_soon(
    due_in: float | None, again: float | None
) -> None:
    """Its holder may have died: Redis put it off when that lease began, and nobody else would come for 30 s."""
    world, request = World(), waiting(state=State.RUNNING)
    await world.act_on(Answer.RUNNING, request, due_in, "member")
    expected = {} if again is None else {request.identity_id: pytest.approx(world.clock.monotonic() + again)}
    assert world.worker._early == expected
    assert world.announcements.removed == []


@pytest.mark.parametrize(("due_in", "here"), [(29.0, True), (30.0, True), (30.1, False)])
async def test_who_came_early_waits_here_if_it_is_for_no_longer_than_a_lease(due_in: float, here: bool) -> None:
    """Redis has put it off by a lease; for longer its score is restored."""
    world, request = World(), waiting()
    await world.act_on(Answer.WAITING, request, due_in, member_of(request))
    assert world.worker._early == ({request.identity_id: world.clock.monotonic() + due_in} if here else {})
    assert world.announcements.restored == ([] if here else [(member_of(request), request.due_at)])


@pytest.mark.parametrize("due_in", [-1.0, -1.5])
async def test_who_waits_although_long_overdue_is_left_to_the_safety_look(due_in: float) -> None:
    """Somebody holds its row: claiming it again at once would go round and round."""
    world, request = World(), waiting()
    await world.act_on(Answer.WAITING, request, due_in, member_of(request))
    assert world.worker._early == {}
    assert world.announcements.restored == []


@pytest.mark.parametrize(("due_in", "late"), [(-2.0, 2.0), (0.04, 0.0), (0.0, 0.0), (None, 0.0)])
async def test_the_lateness_of_each_claim_is_measured(due_in: float | None, late: float) -> None:
    world, request = World(), request_of()
    world.requests.rows[request.identity_id] = request
    before = sample("lateness_seconds_sum"), sample("lateness_seconds_count")
    await world.act_on(Answer.GRANTED, request, due_in)
    assert sample("lateness_seconds_sum") == pytest.approx(before[0] + late)
    assert sample("lateness_seconds_count") == before[1] + 1
    await world.all_ended()


async def test_who_is_granted_a_moment_early_starts_when_it_is_due() -> None:
    world, request = World(), request_of()
    world.requests.rows[request.identity_id] = request
    granted = asyncio.get_running_loop().time()
    await world.act_on(Answer.GRANTED, request, 0.05)
    await world.all_ended()
    assert world.mail_server.started[0] - granted >= 0.05


@pytest.mark.parametrize("crashes", [0, 1])
async def test_an_attempt_has_two_thirds_of_its_lease(crashes: int) -> None:
    """The rest is for asking whether the server is well, and for the settle."""
    world = World(waiting(crashes=crashes), lease=30)
    await world.turn()
    await world.turn()
    await world.all_ended()
    assert world.mail_server.deadlines == [20.0]


async def test_who_ran_alone_has_its_members_removed() -> None:
    request = waiting(crashes=1)
    world = World(request)
    with capture_logs() as logs:
        await world.turn()
        await world.turn()
    assert [held for _, held in world.announcements.replaced] == [[member_of(request)]]
    assert {
        "event": "Running a request alone: an attempt ended without an outcome",
        "log_level": "warning",
        "email": "alice@example.org",
    } in logs


async def test_who_shall_run_alone_and_was_put_off_meanwhile_gets_its_true_member() -> None:
    request = waiting(crashes=2)
    world = World(request)
    await world.turn()
    put_off = waiting(due_in=300, identity_id=request.identity_id, crashes=2)
    world.requests.rows[request.identity_id] = put_off
    await world.turn()
    assert world.announcements.replaced == [(put_off, [member_of(request)])]
    assert world.mail_server.asked == []


async def test_a_locked_row_that_must_run_alone_is_asked_for_again_later_and_keeps_nobody_waiting() -> None:
    """Otherwise the worker would take all slots for it in circles."""
    locked, other = waiting(crashes=1), waiting()
    world = World(locked, other)
    world.requests.locked = {locked.identity_id}
    for _ in range(3):
        world.waking.queue.insert(0, Reminder(locked.identity_id))
        await world.turn()
    await world.all_ended()
    assert world.requests.rows[other.identity_id].state is State.PROVISIONED
    assert sum(locked.identity_id in claim for claim in world.requests.claims) <= 4
    world.clock.seconds += worker_module.LOCKED_PAUSE
    world.requests.locked.clear()
    world.waking.queue.append(Reminder(locked.identity_id))
    await world.turn()
    await world.turn()
    await world.all_ended()
    assert world.requests.rows[locked.identity_id].state is State.PROVISIONED


async def test_who_finds_no_slot_within_its_lease_is_given_up_with_its_members() -> None:
    request = waiting()
    world = World(request, slots=1, lease=0)
    await world.slots.take(within=0)
    await world.turn()
    async with asyncio.timeout(0.8):
        await world.all_ended()
    assert [held for _, held in world.announcements.replaced] == [[member_of(request)]]
    assert [move.status for _, move, _ in world.requests.settled] == [Status.INTERRUPTED]


async def test_who_is_stopped_before_it_found_a_slot_is_due_again_with_its_members() -> None:
    """Left running it would count as a crash when its lease is over."""
    request = waiting(retries=2)
    world = World(request, slots=1, drain=0.01)
    await world.slots.take(within=0)
    await world.turn()
    with capture_logs() as logs:
        world.worker.stop()
        await world.worker.run()
    assert logs[-1]["event"] == "Processed 1 retry jobs", "the drain ends when that is stored, and not before"
    row = world.requests.rows[request.identity_id]
    assert (row.state, row.retries, row.due_at) == (State.WAITING, 2, START)
    assert world.announcements.replaced == [(row, [member_of(request)])]


async def test_bytes_that_nobody_can_read_are_removed_all_of_them() -> None:
    world = World()
    world.waking.queue = [Reminder(None, "one"), Reminder(None, "two"), Reminder(None)]
    assert await world.turn() > 0
    assert world.announcements.removed == ["one", "two"]
    assert world.requests.claims == []


async def test_the_log_counts_those_who_ran_since_it_was_idle() -> None:
    world = World(waiting(), waiting())
    with capture_logs() as logs:
        await world.turn()
        await world.all_ended()
        world.worker._start(request_of(), [], world.clock.monotonic(), 0.0)
        await world.all_ended()
    processed = [entry["event"] for entry in logs if entry["event"].startswith("Processed")]
    assert processed == ["Processed 2 retry jobs", "Processed 1 retry jobs"]


async def test_a_retry_is_told_with_its_identity_and_a_first_attempt_is_not_a_retry() -> None:
    retry, first = waiting(retries=2, email="bob@example.org"), waiting(retries=0)
    world = World(retry, first)
    with capture_logs() as logs:
        await world.turn()
        await world.all_ended()
    assert [entry for entry in logs if entry["event"].startswith("Retrying")] == [
        {
            "event": "Retrying provisioning for bob@example.org (attempt 2/3)",
            "log_level": "info",
            "identity_id": str(retry.identity_id),
        }
    ]


async def test_an_attempt_that_broke_is_told_with_its_error_and_postgresql_away_is_counted() -> None:
    world = World(waiting(), waiting(crashes=1))
    bug = ZeroDivisionError("a bug")
    world.mail_server.creates.append(bug)
    before = sample("database_errors_total", where="worker")
    with capture_logs() as logs:
        await world.turn()
        await world.all_ended()
        world.requests.away = 1
        await world.turn()
    broke = [entry for entry in logs if entry["event"].startswith("Attempt broke")]
    assert [(entry["event"], entry["log_level"], entry["exc_info"]) for entry in broke] == [
        ("Attempt broke; its lease will run out", "error", bug)
    ]
    assert sample("database_errors_total", where="worker") == before + 1


async def test_postgresql_away_is_counted_told_and_followed_by_a_look_at_all_that_is_due() -> None:
    world = World(waiting())
    world.requests.away = 1
    before = sample("database_errors_total", where="worker")
    with capture_logs() as logs:
        task = asyncio.create_task(world.worker.run())
        await eventually(lambda: world.waking.looks_now, "it met the absence")
        world.worker.stop()
        await asyncio.wait_for(task, 5)
    assert sample("database_errors_total", where="worker") == before + 1
    assert {
        "event": "Worker waits for PostgreSQL",
        "log_level": "warning",
        "error": "PostgreSQL cannot be reached",
    } in logs


async def test_who_shall_go_first_is_claimed_before_all_that_was_due_earlier() -> None:
    first = waiting()
    world = World(waiting(), pace=4)
    world.requests.rows[first.identity_id] = first
    world.worker._works = True
    world.worker.wake(first.identity_id)
    await world.turn()
    assert world.requests.claims == [(first.identity_id,)]
    await world.all_ended()


async def test_a_worker_at_work_remembers_who_shall_go_first() -> None:
    first = waiting()
    world = World()
    task = asyncio.create_task(world.worker.run())
    await eventually(lambda: world.waking.limits, "it works")
    world.requests.rows[first.identity_id] = first
    world.worker.wake(first.identity_id)
    await eventually(lambda: world.requests.settled, "it is settled")
    world.worker.stop()
    await asyncio.wait_for(task, 5)


async def test_a_worker_that_does_not_work_keeps_nobody_for_later() -> None:
    """A service whose worker runs elsewhere would keep every sign-up for ever."""
    world = World()
    world.worker.wake(uuid4())
    assert world.worker._early == {}


async def test_between_two_that_run_alone_the_others_have_their_turn() -> None:
    first, second, other = waiting(crashes=1), waiting(crashes=1), waiting()
    world = World(first, second, other)
    world.waking.queue = [Reminder(first.identity_id), Reminder(second.identity_id)]
    await world.turn()
    world.waking.queue = [Reminder(other.identity_id)]
    await world.turn()
    await world.all_ended()
    states = [world.requests.rows[each.identity_id].state for each in (first, second, other)]
    assert states.count(State.PROVISIONED) == 2
    assert states[2] is State.PROVISIONED
