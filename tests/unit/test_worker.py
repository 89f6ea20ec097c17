"""The worker: who is claimed, who runs beside whom, and what happens when it must stop."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from eventually import eventually
from fakes import START, FakeClock
from postroom.domain.request import Request, State, Status
from postroom.errors import Transient
from postroom.ports import Reminder
from postroom.provisioning.attempt import STOPPED
from postroom.retry import worker as worker_module
from postroom.retry.worker import LOCKED_PAUSE, NO_SLOT
from postroom.telemetry import REGISTRY
from worker_world import WorkerWorld, member_of, reminder_of, waiting


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"postroom_{name}", labels) or 0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "BREAKER_PAUSE", 0.01)
    monkeypatch.setattr(worker_module, "DATABASE_PAUSE", 0.01)


async def test_who_is_due_is_claimed_attempted_and_settled() -> None:
    request = waiting()
    world = WorkerWorld(request)
    async with world.working():
        await eventually(lambda: world.requests.settled, "it is settled")
    assert world.state_of(request) is State.PROVISIONED
    [(settled, held)] = world.announcements.replaced
    assert settled.state is State.PROVISIONED
    assert held == [member_of(request)]


async def test_two_members_of_one_request_are_one_claim_and_both_are_removed() -> None:
    request = waiting()
    stale = member_of(waiting(identity_id=request.identity_id, enqueued_at=START - timedelta(seconds=60)))
    world = WorkerWorld(request)
    world.redis.queue.append(Reminder(request.identity_id, stale))
    async with world.working():
        await eventually(lambda: world.requests.settled, "it is settled")
    assert world.claims_of(request) == 1
    [(_, held)] = world.announcements.replaced
    assert sorted(held) == sorted([stale, member_of(request)])


async def test_a_request_that_runs_here_is_not_claimed_again() -> None:
    request = waiting()
    world = WorkerWorld(request)
    world.mail_server.gate = asyncio.Event()
    async with world.working():
        await eventually(lambda: world.mail_server.running, "it runs")
        world.remind(reminder_of(request))
        await eventually(lambda: not world.redis.queue, "the second reminder was seen")
    assert world.claims_of(request) == 1


async def test_no_more_are_asked_for_than_there_are_free_slots() -> None:
    world = WorkerWorld(*[waiting() for _ in range(5)], slots=2)
    world.mail_server.gate = asyncio.Event()
    async with world.working():
        await eventually(lambda: world.mail_server.running == 2, "two run")
        assert [len(claim) for claim in world.requests.claims] == [2]
        world.mail_server.gate.set()
        await eventually(lambda: len(world.requests.settled) == 5, "all are settled")
    assert max(world.mail_server.alongside.values()) == 2


async def test_attempts_start_no_faster_than_the_pace() -> None:
    world = WorkerWorld(*[waiting() for _ in range(5)], pace=25)
    async with world.working():
        await eventually(lambda: len(world.requests.settled) == 5, "all are settled")
    started = world.mail_server.started
    assert started[-1] - started[0] >= 4 / 25 - 0.01


@pytest.mark.parametrize("pace", [0, 0.001])
async def test_those_that_came_early_keep_to_slots_and_pace_when_their_time_comes(pace: float) -> None:
    """A Redis clock that is ahead would make of them one claim, and their leases would run while they queue."""
    clock, requests = FakeClock(), [waiting(due_at=START + timedelta(seconds=10)) for _ in range(3)]
    world = WorkerWorld(*requests, slots=2, pace=pace, clock=clock)
    world.mail_server.gate = asyncio.Event()
    async with world.working():
        await eventually(lambda: all(map(world.claims_of, requests)), "they came early")
        world.requests.now += timedelta(seconds=10)
        clock.seconds += 10
        world.worker.wake()
        can_start = 1 if pace else 2
        await eventually(lambda: world.mail_server.running >= can_start, "they run")
        running = [each for each in requests if world.state_of(each) is State.RUNNING]
        assert len(running) == can_start, "nobody is claimed who cannot start"


async def test_who_came_early_is_claimed_when_its_time_comes_without_redis() -> None:
    request = waiting(due_at=START + timedelta(seconds=0.1))
    world = WorkerWorld(request)
    async with world.working():
        await eventually(lambda: world.claims_of(request), "it came early")
        assert world.state_of(request) is State.WAITING
        world.requests.now += timedelta(seconds=0.1)
        await eventually(lambda: world.requests.settled, "it is settled")
    assert (world.redis.queue, world.announcements.restored) == ([], [])


async def test_who_is_granted_a_moment_early_starts_when_it_is_due() -> None:
    world = WorkerWorld(waiting(due_at=START + timedelta(seconds=0.05)))
    began = asyncio.get_running_loop().time()
    async with world.working():
        await eventually(lambda: world.mail_server.started, "it starts")
    assert world.mail_server.started[0] - began >= 0.05


@pytest.mark.parametrize("crashes", [0, 1])
async def test_an_attempt_has_two_thirds_of_its_lease(crashes: int) -> None:
    """The rest is for asking whether the server is well, and for the settle."""
    world = WorkerWorld(waiting(crashes=crashes), lease=30, clock=FakeClock())
    async with world.working():
        await eventually(lambda: world.mail_server.deadlines, "it is attempted")
    assert world.mail_server.deadlines == [20]


@pytest.mark.parametrize("late", [2.0, 0.0, -0.04])
async def test_the_lateness_of_each_claim_is_measured(late: float) -> None:
    world = WorkerWorld(waiting(due_at=START - timedelta(seconds=late)))
    before = sample("lateness_seconds_sum"), sample("lateness_seconds_count")
    async with world.working():
        await eventually(lambda: world.requests.settled, "it is settled")
    assert sample("lateness_seconds_sum") == pytest.approx(before[0] + max(0, late))
    assert sample("lateness_seconds_count") == before[1] + 1


async def test_who_came_much_too_early_gets_its_true_score_back() -> None:
    request = waiting(due_at=START + timedelta(seconds=1800))
    world = WorkerWorld(request)
    async with world.working():
        await eventually(lambda: world.announcements.restored, "its score is restored")
    assert world.announcements.restored == [(member_of(request), request.due_at)]
    assert world.announcements.removed == []


async def test_a_stale_member_of_a_waiting_request_is_removed_and_not_restored() -> None:
    request = waiting(due_at=START + timedelta(seconds=1800))
    world = WorkerWorld(request)
    stale = member_of(waiting(identity_id=request.identity_id, retries=0))
    world.redis.queue = [Reminder(request.identity_id, stale)]
    async with world.working():
        await eventually(lambda: world.announcements.removed, "the stale member is removed")
    assert (world.announcements.removed, world.announcements.restored) == ([stale], [])


@pytest.mark.parametrize("state", [State.PROVISIONED, State.DEAD, None])
async def test_a_member_of_nobody_who_waits_is_removed(state: State | None) -> None:
    request = waiting(state=state or State.WAITING)
    world = WorkerWorld(request)
    if state is None:
        world.requests.rows.clear()
    async with world.working():
        await eventually(lambda: world.announcements.removed, "it is removed")
    assert (world.announcements.removed, world.mail_server.asked) == ([member_of(request)], [])


async def test_a_member_of_a_request_that_runs_elsewhere_is_left_alone() -> None:
    request = waiting(state=State.RUNNING, holder=uuid4())
    world = WorkerWorld(request)
    async with world.working():
        await eventually(lambda: world.claims_of(request), "it is asked for")
    assert (world.announcements.removed, world.announcements.restored) == ([], [])
    assert world.announcements.replaced == []


async def test_members_that_nobody_can_read_are_removed_and_the_others_run() -> None:
    request = waiting()
    world = WorkerWorld(request)
    world.redis.queue.insert(0, Reminder(None, "what is this?"))
    async with world.working():
        await eventually(lambda: world.requests.settled, "the other is settled")
    assert world.announcements.removed == ["what is this?"]


async def test_a_crashed_request_runs_alone() -> None:
    """It waits for who runs, and nobody starts while it runs: a poison request takes nobody with it."""
    neighbours = [waiting(), waiting()]
    crashed, later = waiting(crashes=1), waiting()
    world = WorkerWorld(*neighbours, crashed)
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


async def test_between_two_that_run_alone_the_others_have_their_turn() -> None:
    other = waiting()
    poison = [waiting(crashes=1), waiting(crashes=1)]
    world = WorkerWorld(*poison)
    before = sample("attempts_total", status="crashed")
    world.requests.rows[other.identity_id] = other
    gate = world.mail_server.gate = asyncio.Event()
    with capture_logs() as logs:
        async with world.working():
            await eventually(lambda: world.mail_server.running, "one of them runs")
            world.redis.queue.append(reminder_of(other))
            gate.set()
            await eventually(lambda: len(world.requests.settled) == 3, "all are settled")
    assert list(world.mail_server.alongside)[1] == other.identity_id
    alone = [(each["log_level"], each["email"]) for each in logs if each["event"].startswith("Running a request alone")]
    assert (alone, [len(held) for _, held in world.announcements.replaced]) == (
        [("warning", "alice@example.org")] * 2,
        [1] * 3,
    )
    assert sum(int(each["event"].split()[1]) for each in logs if each["event"].startswith("Processed")) == 3
    crashed = [each["identity_id"] for each in logs if each["event"] == "Attempt ended without an outcome"]
    assert (set(crashed), sample("attempts_total", status="crashed")) == (set(map(identity, poison)), before + 2)


async def test_who_shall_run_alone_and_was_put_off_meanwhile_gets_its_true_member() -> None:
    request = waiting(crashes=2)
    world = WorkerWorld(request)
    await world.slots.take(within=0)
    async with world.working():
        await eventually(lambda: world.claims_of(request), "it is asked for")
        put_off = waiting(identity_id=request.identity_id, crashes=2, due_at=START + timedelta(seconds=300))
        world.requests.rows[request.identity_id] = put_off
        world.slots.give_back()
        await eventually(lambda: world.announcements.replaced, "its member is replaced")
    assert (world.announcements.replaced, world.mail_server.asked) == ([(put_off, [member_of(request)])], [])


async def test_a_locked_row_that_must_run_alone_is_asked_for_again_later_and_keeps_nobody_waiting() -> None:
    """Otherwise the worker would take all slots for it in circles."""
    clock, locked, other = FakeClock(), waiting(crashes=1), waiting()
    world = WorkerWorld(locked, clock=clock)
    world.requests.locked = {locked.identity_id}
    world.requests.rows[other.identity_id] = other
    async with world.working():
        await eventually(lambda: world.claims_of(locked) == 2, "it was asked for, and could not be had alone")
        for asked in (3, 4):
            world.remind(reminder_of(locked))
            await eventually(lambda: world.claims_of(locked) >= asked, "it is asked for")  # noqa: B023 - awaited here
        world.remind(reminder_of(other))
        await eventually(lambda: world.state_of(other) is State.PROVISIONED, "the other has run")
        assert world.claims_of(locked) == 4, "each time it was told to wait, and not tried alone"
        clock.seconds += LOCKED_PAUSE
        world.requests.locked.clear()
        world.remind(reminder_of(locked))
        await eventually(lambda: world.state_of(locked) is State.PROVISIONED, "it has run")


async def test_a_request_that_runs_alone_is_interrupted_past_the_drain_like_any_other() -> None:
    """A process that is killed instead would count one more crash, and the third buries the request."""
    crashed = waiting(crashes=1)
    world = WorkerWorld(crashed, drain=0.05)
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
    world = WorkerWorld(request)
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
    world = WorkerWorld()
    world.breakers.probes_left = 0
    async with world.working():
        await eventually(lambda: world.redis.limits, "it has looked")
        world.breakers.is_open = world.requests.breaker_open = True
        world.requests.rows[request.identity_id] = request
        world.remind(reminder_of(request))
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
    world = WorkerWorld()
    world.breakers.is_open = True
    async with world.working():
        await eventually(lambda: world.breakers.closed, "the breaker closes")


async def test_postgresql_away_is_waited_out_counted_told_and_followed_by_a_look_at_all_that_is_due() -> None:
    """Redis has put off whoever it named meanwhile."""
    request = waiting()
    world = WorkerWorld(request)
    world.requests.away = 1
    world.overdue.queue = [Reminder(request.identity_id)]
    before = sample("database_errors_total", where="worker")
    with capture_logs() as logs:
        async with world.working():
            await eventually(lambda: world.requests.settled, "it is settled")
    assert sample("database_errors_total", where="worker") == before + 1
    told = [entry["error"] for entry in logs if entry["event"] == "Worker waits for PostgreSQL"]
    assert told == ["PostgreSQL cannot be reached"]


async def test_who_waits_in_vain_for_a_slot_is_due_again_and_spends_nothing() -> None:
    request = waiting()
    world = WorkerWorld(request, slots=1, lease=0.1)
    await world.slots.take(within=0)  # an in-line attempt
    async with world.working():
        await eventually(lambda: world.requests.settled, "it is given up")
        world.redis.queue.clear()
        world.slots.give_back()
    assert (world.statuses()[0], world.requests.settled[0][1].error) == (Status.INTERRUPTED, NO_SLOT)
    assert (world.requests.rows[request.identity_id].retries, world.mail_server.asked) == (1, [])
    assert world.announcements.replaced[0][1] == [member_of(request)]


async def test_attempts_under_way_may_end_within_the_drain() -> None:
    world = WorkerWorld(waiting(), waiting())
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
    world = WorkerWorld(request, drain=0.02)
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
    world = WorkerWorld()
    async with world.working():
        await eventually(lambda: world.redis.limits, "it looks")
    world.requests.rows[request.identity_id] = request
    world.remind(reminder_of(request))
    await asyncio.sleep(0.05)
    assert world.requests.claims == []


async def test_who_shall_go_first_is_claimed_before_all_that_was_due_earlier() -> None:
    first = waiting()
    world = WorkerWorld(waiting(), waiting(), slots=1)
    gate = world.mail_server.gate = asyncio.Event()
    async with world.working():
        await eventually(lambda: world.mail_server.running, "one runs")
        world.requests.rows[first.identity_id] = first
        world.worker.wake(first.identity_id)
        gate.set()
        await eventually(lambda: len(world.requests.settled) == 3, "all are settled")
    assert list(world.mail_server.alongside)[1] == first.identity_id


async def test_a_worker_that_does_not_work_keeps_nobody_for_later() -> None:
    """A service whose worker runs elsewhere would keep every sign-up for ever."""
    world = WorkerWorld()
    world.worker.wake(uuid4())
    async with world.working():
        await eventually(lambda: world.redis.limits, "it looks")
    assert world.requests.claims == []


async def test_a_first_attempt_is_not_told_as_a_retry() -> None:
    world = WorkerWorld(waiting(retries=0))
    with capture_logs() as logs:
        async with world.working():
            await eventually(lambda: world.requests.settled, "it is settled")
    assert not [entry for entry in logs if entry["event"].startswith("Retrying")]


async def test_the_log_tells_of_the_worker_in_the_words_of_the_contract() -> None:
    request = waiting(email="bob@example.org", retries=2)
    world = WorkerWorld(request)
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
    assert logs[1]["identity_id"] == identity(request)


async def test_an_attempt_that_breaks_is_logged_and_stops_nobody() -> None:
    broken, fine = waiting(), waiting()
    world = WorkerWorld(broken, fine)
    bug = ZeroDivisionError("a bug")
    world.mail_server.creates.append(bug)
    with capture_logs() as logs:
        async with world.working():
            await eventually(lambda: world.requests.settled, "the other is settled")
    told = [(each["identity_id"], each["exc_info"]) for each in logs if each["event"].startswith("Attempt broke")]
    assert (told, logs[-1]["event"]) == ([(identity(broken), bug)], "Processed 2 retry jobs")
    assert world.state_of(fine) is State.PROVISIONED


def identity(request: Request) -> str:
    assert isinstance(request.identity_id, UUID)
    return str(request.identity_id)


async def test_who_waits_for_a_slot_when_the_worker_stops_is_given_up_at_once() -> None:
    """Its lease would run out, and that would count as a crash."""
    request = waiting()
    world = WorkerWorld(request, slots=1, drain=5)
    await world.slots.take(within=0)
    async with world.working():
        await eventually(lambda: world.state_of(request) is State.RUNNING, "it is claimed")
        world.worker.stop()
        await eventually(lambda: world.statuses() == [Status.INTERRUPTED], "it is given up", 1)
    assert (world.mail_server.asked, world.requests.rows[request.identity_id].last_error) == ([], STOPPED)
