"""The worker in virtual time: which requests it claims and when, and which attempts run concurrently."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from fakes import START
from postroom.domain.request import Request, State, Status
from postroom.errors import Transient
from postroom.ports import DueEntry
from postroom.process.telemetry import REGISTRY
from postroom.retry.due_source import SMALLEST_POLL
from postroom.retry.worker import LOCKED_PAUSE, NO_SLOT
from simulation.virtual_time import in_virtual_time
from worker_world import WorkerWorld, entry_of, in_seconds, member_of, waiting


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"postroom_{name}", labels) or 0


@in_virtual_time
async def test_due_request_is_claimed_attempted_and_settled() -> None:
    request = waiting()
    world = WorkerWorld(request)
    await world.work()
    assert world.state_of(request) is State.PROVISIONED
    [(settled, held)] = world.retry_index.replaced
    assert settled.state is State.PROVISIONED
    assert held == [member_of(request)]


@in_virtual_time
async def test_two_members_of_one_request_cause_one_claim_and_both_are_removed() -> None:
    request = waiting()
    stale = member_of(waiting(identity_id=request.identity_id, enqueued_at=START - timedelta(seconds=60)))
    world = WorkerWorld(request)
    world.redis.queue.append(DueEntry(request.identity_id, stale))
    await world.work()
    assert world.claims_of(request) == 1
    [(_, held)] = world.retry_index.replaced
    assert sorted(held) == sorted([stale, member_of(request)])


@in_virtual_time
async def test_request_running_in_this_process_is_not_claimed_again() -> None:
    request = waiting()
    world = WorkerWorld(request)
    world.mail_server.gate = asyncio.Event()
    async with world.working():
        await asyncio.sleep(1)
        world.remind(entry_of(request))
        await asyncio.sleep(1)
    assert (world.redis.queue, world.claims_of(request)) == ([], 1)


@pytest.mark.parametrize(("next_in", "polls"), [(None, [0, 3, 4.95]), (1, [0, 0.95, 1.9]), (0.05, [0, 0.005, 0.01])])
@in_virtual_time
async def test_worker_polls_redis_just_before_the_next_request_is_due(
    next_in: float | None, polls: list[float]
) -> None:
    """Or at the fallback poll, or after three seconds."""
    world = WorkerWorld()
    world.redis.next_in = next_in
    await world.work(5)
    assert world.redis.at[:3] == pytest.approx(polls)


@pytest.mark.parametrize(("pace", "asked_for"), [(0, [2]), (8, [1, 1])])
@in_virtual_time
async def test_worker_asks_for_no_more_requests_than_free_slots(pace: float, asked_for: list[int]) -> None:
    world = WorkerWorld(*[waiting() for _ in range(5)], slots=2, pace=pace)
    world.mail_server.gate = asyncio.Event()
    async with world.working():
        await asyncio.sleep(10)
        assert world.redis.limits == asked_for
        world.mail_server.gate.set()
        await asyncio.sleep(1)
    assert (len(world.requests.settled), max(world.mail_server.alongside.values())) == (5, 2)


@in_virtual_time
async def test_worker_claims_no_more_than_can_start_although_postgresql_lists_more() -> None:
    world = WorkerWorld(slots=2)
    requests = [waiting() for _ in range(3)]
    world.requests.rows = {each.identity_id: each for each in requests}
    world.overdue.queue = [DueEntry(each.identity_id) for each in requests]
    world.mail_server.gate = asyncio.Event()
    async with world.working():
        await asyncio.sleep(1)
        assert sorted(map(world.state_of, requests)) == [State.RUNNING, State.RUNNING, State.WAITING]


@pytest.mark.parametrize(
    ("slots", "pace", "starts"), [(2, 0, [10, 10, 10]), (4, 0, [10, 10, 10]), (4, 1, [10, 10.95, 11.95])]
)
@in_virtual_time
async def test_requests_polled_early_respect_slots_and_pace_when_due(
    slots: int, pace: float, starts: list[float]
) -> None:
    """If the clock of Redis is ahead, they would be claimed together, and their leases would run out while they
    wait."""
    world = WorkerWorld(*[in_seconds(10) for _ in range(3)], slots=slots, pace=pace)
    await world.work(15)
    assert world.mail_server.started == pytest.approx(starts)
    assert max(map(len, world.requests.claims)) <= (1 if pace else slots)
    assert min(world.redis.limits) > 0
    assert max(world.redis.limits) <= slots


@pytest.mark.parametrize(("due_in", "claimed_at"), [(2, [0, 1.95]), (0.05, [0]), (0, [0])])
@in_virtual_time
async def test_request_polled_a_moment_early_starts_when_it_is_due(due_in: float, claimed_at: list[float]) -> None:
    """A request that was returned early is claimed again when it is due, without asking Redis."""
    world = WorkerWorld(in_seconds(due_in))
    await world.work(3)
    assert (world.requests.claimed_at, world.mail_server.started) == (claimed_at, [due_in])
    assert world.retry_index.restored == []


@pytest.mark.parametrize(("lease_ends", "claimed_at"), [(0.5, [0, 0.5, 0.5]), (1, [0]), (30, [0])])
@in_virtual_time
async def test_request_running_elsewhere_is_not_claimed_unless_its_lease_ends_soon(
    lease_ends: float, claimed_at: list[float]
) -> None:
    """Otherwise it would wait for the fallback poll."""
    world = WorkerWorld(in_seconds(lease_ends, state=State.RUNNING, holder=uuid4()))
    await world.work(2)
    assert (world.requests.claimed_at, world.retry_index.removed) == (claimed_at, [])
    assert world.retry_index.restored == []


@pytest.mark.parametrize("crashes", [0, 1])
@in_virtual_time
async def test_attempt_may_use_two_thirds_of_its_lease(crashes: int) -> None:
    """The rest is for the health check and for settling."""
    world = WorkerWorld(waiting(crashes=crashes), lease=30)
    await world.work()
    assert world.mail_server.deadlines == [20]


@pytest.mark.parametrize(("crashes", "taken"), [(0, 0), (1, 0), (0, 4)])
@in_virtual_time
async def test_worker_retries_storing_an_outcome_until_the_lease_ends(crashes: int, taken: int) -> None:
    """The outcome of an attempt, of an exclusive attempt, and of a request that got no slot."""
    world = WorkerWorld(waiting(crashes=crashes), lease=30)
    world.mail_server.gate = asyncio.Event()
    for _ in range(taken):
        await world.slots.acquire(within=0)
    async with world.working():
        await asyncio.sleep(1)
        world.requests.unavailable = 10**6
        world.mail_server.gate.set()
        await asyncio.sleep(28)
        assert world.requests.settled == []
        world.requests.unavailable = 0
        await asyncio.sleep(1)
        assert world.requests.settled


@pytest.mark.parametrize("late", [2.0, 0.0, -0.04])
@in_virtual_time
async def test_lateness_of_each_claim_is_measured(late: float) -> None:
    world = WorkerWorld(in_seconds(-late))
    before = sample("lateness_seconds_sum"), sample("lateness_seconds_count")
    await world.work()
    assert sample("lateness_seconds_sum") == pytest.approx(before[0] + max(0, late))
    assert sample("lateness_seconds_count") == before[1] + 1


@pytest.mark.parametrize(("due_in", "restored"), [(30, False), (31, True), (1800, True)])
@in_virtual_time
async def test_member_polled_earlier_than_a_lease_gets_its_true_score_back(due_in: float, restored: bool) -> None:
    request = in_seconds(due_in)
    world = WorkerWorld(request)
    await world.work()
    assert world.retry_index.restored == ([(member_of(request), request.due_at)] if restored else [])
    assert world.retry_index.removed == []


@in_virtual_time
async def test_stale_member_of_a_waiting_request_is_removed() -> None:
    request = in_seconds(1800)
    world = WorkerWorld(request)
    stale = member_of(waiting(identity_id=request.identity_id, retries=2))
    world.redis.queue = [DueEntry(request.identity_id, stale)]
    await world.work()
    assert world.retry_index.removed == [stale]


@pytest.mark.parametrize("state", [State.PROVISIONED, State.DEAD, None])
@in_virtual_time
async def test_worker_removes_a_member_without_a_waiting_request(state: State | None) -> None:
    request = waiting(state=state or State.WAITING)
    world = WorkerWorld(request)
    if state is None:
        world.requests.rows.clear()
    await world.work()
    assert (world.retry_index.removed, world.mail_server.asked) == ([member_of(request)], [])


@in_virtual_time
async def test_worker_removes_unreadable_members_and_runs_the_others() -> None:
    world = WorkerWorld(waiting())
    world.redis.queue = [DueEntry(None, "what is"), DueEntry(None, "this?"), *world.redis.queue]
    await world.work()
    assert (world.retry_index.removed, world.statuses()) == (["what is", "this?"], [Status.SUCCESS])


@pytest.mark.parametrize(("locked", "polls"), [(SMALLEST_POLL, [0, 0]), (SMALLEST_POLL - 1, [0, 3])])
@in_virtual_time
async def test_worker_polls_again_at_once_if_a_full_page_of_rows_was_locked(locked: int, polls: list[float]) -> None:
    """More rows may be due. The same rows are polled again later, not in a busy loop."""
    world = WorkerWorld()
    world.requests.rows = {each.identity_id: each for each in (waiting() for _ in range(locked))}
    world.requests.locked = set(world.requests.rows)
    world.overdue.queue = list(map(DueEntry, world.requests.rows))
    await world.work(4)
    assert [*world.requests.claimed_at[:1], *world.redis.at][:2] == polls


@in_virtual_time
async def test_worker_polls_redis_soon_after_a_locked_request_that_came_early() -> None:
    """The worker had not polled because one request was due already and the pace allowed no more."""
    request = in_seconds(2)
    world = WorkerWorld(request, pace=1)
    world.requests.locked = {request.identity_id}
    await world.work(2.5)
    assert world.redis.at == pytest.approx([0, 2.05])


@in_virtual_time
async def test_crashed_request_runs_exclusively() -> None:
    """It waits for running attempts, and no other attempt starts while it runs. So a request that crashes the process
    affects no other request."""
    crashed, later = waiting(crashes=1), waiting()
    world = WorkerWorld(waiting(), waiting())
    gate = world.mail_server.gate = asyncio.Event()
    async with world.working():
        await asyncio.sleep(1)
        world.arrives(crashed)
        await asyncio.sleep(1)
        assert (world.claims_of(crashed), world.mail_server.running) == (1, 2)
        world.mail_server.gate = asyncio.Event()
        gate.set()
        await asyncio.sleep(1)
        world.arrives(later)
        assert not await world.slots.acquire(within=1), "attempts of webhooks wait, too"
        assert (world.claims_of(later), world.mail_server.alongside[crashed.identity_id]) == (0, 1)
        world.mail_server.gate.set()
        await asyncio.sleep(0.1)
        assert world.statuses() == [Status.SUCCESS] * 4, "the others continue"


@in_virtual_time
async def test_other_requests_run_between_two_exclusive_ones() -> None:
    other = waiting()
    poison = [waiting(crashes=1), waiting(crashes=1)]
    world = WorkerWorld(*poison)
    before = sample("attempts_total", status="crashed")
    world.requests.rows[other.identity_id] = other
    gate = world.mail_server.gate = asyncio.Event()
    with capture_logs() as logs:
        async with world.working():
            await asyncio.sleep(1)
            world.redis.queue.append(entry_of(other))
            gate.set()
            await asyncio.sleep(1)
    assert list(world.mail_server.alongside)[1] == other.identity_id
    exclusive = [
        (each["log_level"], each["email"]) for each in logs if each["event"].startswith("Running a request exclusively")
    ]
    assert (exclusive, [len(held) for _, held in world.retry_index.replaced]) == (
        [("warning", "alice@example.org")] * 2,
        [1] * 3,
    )
    assert sum(int(each["event"].split()[1]) for each in logs if each["event"].startswith("Processed")) == 3
    crashed = [each["identity_id"] for each in logs if each["event"] == "Attempt ended without an outcome"]
    assert (set(crashed), sample("attempts_total", status="crashed")) == (set(map(identity, poison)), before + 2)


@in_virtual_time
async def test_postponed_exclusive_request_gets_its_true_member() -> None:
    request = waiting(crashes=2)
    world = WorkerWorld(request)
    await world.slots.acquire(within=0)
    async with world.working():
        await asyncio.sleep(1)
        put_off = in_seconds(2, identity_id=request.identity_id, crashes=2)
        world.requests.rows[request.identity_id] = put_off
        world.slots.release()
        await asyncio.sleep(0.1)
    assert (world.retry_index.replaced, world.mail_server.asked) == ([(put_off, [member_of(request)])], [])


@in_virtual_time
async def test_postgresql_unavailable_for_an_exclusive_claim_is_counted_and_no_defect() -> None:
    world = WorkerWorld(waiting(crashes=1))
    before = sample("database_errors_total", where="worker")
    await world.slots.acquire(within=0)
    with capture_logs() as logs:
        async with world.working():
            await asyncio.sleep(1)
            world.requests.unavailable = 1
            world.slots.release()
            await asyncio.sleep(1)
    assert sample("database_errors_total", where="worker") == before + 1
    assert [entry["log_level"] for entry in logs] == ["info", "info"]


@in_virtual_time
async def test_locked_exclusive_request_is_claimed_again_later_without_delaying_others() -> None:
    """Otherwise the worker would acquire all slots for it again and again."""
    locked, other = waiting(crashes=1), waiting()
    world = WorkerWorld(locked)
    world.requests.locked = {locked.identity_id}
    world.requests.rows[other.identity_id] = other
    async with world.working():
        for _ in range(2):
            await asyncio.sleep(1)
            world.remind(entry_of(locked))
        await asyncio.sleep(1)
        assert world.claims_of(locked) == 4, "it could not be claimed exclusively, and was then postponed"
        world.remind(entry_of(other))
        await asyncio.sleep(LOCKED_PAUSE)
        assert world.state_of(other) is State.PROVISIONED
        world.requests.locked.clear()
        world.remind(entry_of(locked))
        await asyncio.sleep(1)
    assert world.state_of(locked) is State.PROVISIONED


@in_virtual_time
async def test_open_breaker_stops_claims_and_the_mail_server_is_probed() -> None:
    request = waiting()
    world = WorkerWorld(request)
    world.breakers.is_open = world.requests.breaker_open = True
    world.mail_server.ill = Transient("mail server answered 503")
    async with world.working():
        await asyncio.sleep(2.5)
        assert (set(world.mail_server.asked), world.requests.claims) == ({"health_check"}, [])
        world.mail_server.ill = None
        world.requests.breaker_open = False
        await asyncio.sleep(1)
    assert (world.breakers.closed, world.mail_server.started) == (1, [3])


@in_virtual_time
async def test_claim_that_finds_the_breaker_open_stops_claiming_and_starts_probing() -> None:
    """The breaker opened after the worker's poll."""
    request, later = waiting(), waiting()
    world = WorkerWorld()
    world.breakers.probes_left = 0
    async with world.working():
        await asyncio.sleep(1)
        world.breakers.is_open = world.requests.breaker_open = True
        world.arrives(request)
        await asyncio.sleep(0.1)
        reads = world.breakers.reads
        world.arrives(later)
        await asyncio.sleep(2.5)
        assert (world.claims_of(request), world.claims_of(later), world.breakers.reads) == (1, 0, reads + 3)
        assert world.mail_server.asked == [], "another process makes the probe"
        world.breakers.is_open = world.requests.breaker_open = False
        await asyncio.sleep(1)
    assert world.state_of(later) is State.PROVISIONED


@in_virtual_time
async def test_probe_is_made_even_while_no_request_is_due() -> None:
    world = WorkerWorld()
    async with world.working():
        await asyncio.sleep(1)
        world.breakers.is_open = True
        await asyncio.sleep(7)
    assert (world.breakers.reads, world.breakers.closed) == (3, 1)


@in_virtual_time
async def test_postgresql_outage_is_counted_and_logged_and_ends_with_a_poll_of_all_due_requests() -> None:
    """Redis has postponed the members that it returned during the outage."""
    request = waiting()
    world = WorkerWorld(request)
    world.requests.unavailable = 1
    world.exact.queue = [DueEntry(request.identity_id)]
    before = sample("database_errors_total", where="worker")
    with capture_logs() as logs:
        await world.work()
    assert (world.statuses(), world.requests.claimed_at) == ([Status.SUCCESS], [0.5])
    assert world.retry_index.replaced[0][1] == [member_of(request)]
    assert sample("database_errors_total", where="worker") == before + 1
    reported = [entry["error"] for entry in logs if entry["event"] == "Worker waits for PostgreSQL"]
    assert reported == ["PostgreSQL cannot be reached"]


@in_virtual_time
async def test_request_without_a_free_slot_is_due_again_and_uses_no_retry() -> None:
    request = waiting()
    world = WorkerWorld(request, slots=1, lease=30)
    await world.slots.acquire(within=0)  # an attempt of a webhook
    await asyncio.sleep(1)
    await world.work(21)
    assert [(move.status, move.error) for _, move, _ in world.requests.settled] == [(Status.INTERRUPTED, NO_SLOT)]
    row = world.requests.rows[request.identity_id]
    assert (row.retries, row.due_at) == (1, START + timedelta(seconds=21))
    assert (world.mail_server.asked, world.retry_index.replaced[0][1]) == ([], [member_of(request)])


@in_virtual_time
async def test_prioritised_request_is_claimed_before_requests_due_earlier() -> None:
    first = waiting()
    world = WorkerWorld(waiting(), waiting(), slots=1)
    gate = world.mail_server.gate = asyncio.Event()
    async with world.working():
        await asyncio.sleep(1)
        world.requests.rows[first.identity_id] = first
        world.worker.wake(first.identity_id)
        gate.set()
        await asyncio.sleep(1)
    assert list(world.mail_server.alongside)[1] == first.identity_id
    assert len(world.requests.settled) == 3


@in_virtual_time
async def test_worker_that_is_not_running_queues_no_woken_request() -> None:
    """Otherwise a service whose worker runs elsewhere would keep every woken request in memory forever."""
    world = WorkerWorld()
    world.worker.wake(uuid4())
    await world.work()
    assert world.requests.claims == []


@in_virtual_time
async def test_first_attempt_is_not_logged_as_a_retry() -> None:
    world = WorkerWorld(waiting(retries=0, attempts=0))
    with capture_logs() as logs:
        await world.work()
    assert not [entry for entry in logs if entry["event"].startswith("Retrying")]


@in_virtual_time
async def test_worker_log_messages_are_those_of_the_contract() -> None:
    request = waiting(email="bob@example.org", retries=2, attempts=5)
    world = WorkerWorld(request)
    world.mail_server.creates.append(Transient("cut"))
    with capture_logs() as logs:
        await world.work()
    reported = [entry["event"] for entry in logs]
    assert reported == [
        "Email provisioning retry worker started",
        "Retrying provisioning for bob@example.org (attempt 2/3)",
        "Retry attempt 2 failed: cut",
        "Enqueued retry job for bob@example.org (attempt 3/3, delay: 1800s)",
        "Processed 1 retry jobs",
    ]
    assert logs[1]["identity_id"] == identity(request)


@in_virtual_time
async def test_attempt_after_an_outage_is_logged_as_the_first_retry() -> None:
    """The outage has spent no retry."""
    world = WorkerWorld(waiting(email="bob@example.org", retries=0, attempts=1))
    with capture_logs() as logs:
        await world.work()
    assert logs[1]["event"] == "Retrying provisioning for bob@example.org (attempt 1/3)"


@in_virtual_time
async def test_unexpected_error_in_an_attempt_is_logged_and_stops_no_other() -> None:
    broken, fine = waiting(), waiting()
    world = WorkerWorld(broken, fine)
    bug = ZeroDivisionError("a bug")
    world.mail_server.creates.append(bug)
    with capture_logs() as logs:
        await world.work()
    reported = [(each["identity_id"], each["exc_info"]) for each in logs if each["event"].startswith("Attempt broke")]
    assert (reported, logs[-1]["event"]) == ([(identity(broken), bug)], "Processed 2 retry jobs")
    assert world.state_of(fine) is State.PROVISIONED


def identity(request: Request) -> str:
    assert isinstance(request.identity_id, UUID)
    return str(request.identity_id)
