"""How a worker stops, in virtual time: it starts no attempt, and leaves no attempt running until its lease ends."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from fakes import START
from postroom.domain.mailbox import StalwartAccount
from postroom.domain.request import State, Status
from postroom.errors import Transient
from postroom.provisioning.attempt import FINISH_WITHIN, STOPPED
from postroom.retry.worker import EARLY
from simulation.virtual_time import in_virtual_time
from worker_world import WorkerWorld, in_seconds, waiting


@in_virtual_time
async def test_running_attempts_may_finish_within_the_drain() -> None:
    world = WorkerWorld(waiting(), waiting(), drain=5)
    gate = world.mail_server.gate = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.call_later(1, world.worker.stop)
    loop.call_later(5.9, gate.set)
    await world.worker.run()
    assert world.statuses() == [Status.SUCCESS, Status.SUCCESS]


@pytest.mark.parametrize("crashes", [0, 1])
@in_virtual_time
async def test_attempt_running_after_the_drain_is_interrupted_and_due_at_once(crashes: int) -> None:
    """Also an exclusive attempt: killing the process would count as another crash."""
    request = waiting(retries=2, crashes=crashes)
    world = WorkerWorld(request, drain=5)
    world.mail_server.gate = asyncio.Event()
    asyncio.get_running_loop().call_later(1, world.worker.stop)
    with capture_logs() as logs:
        await world.worker.run()
    row = world.requests.rows[request.identity_id]
    assert (row.state, row.due_at, row.retries) == (State.WAITING, START + timedelta(seconds=6), 2)
    assert (world.statuses(), logs[-1]["event"]) == ([Status.INTERRUPTED], "Processed 1 retry jobs")


@in_virtual_time
async def test_unanswered_poll_of_redis_ends_with_the_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    world, loop = WorkerWorld(waiting(), drain=5), asyncio.get_running_loop()
    world.mail_server.gate = asyncio.Event()
    loop.call_later(1, monkeypatch.setattr, world.redis, "due", lambda _: asyncio.Event().wait())
    loop.call_later(4, world.worker.stop)
    await asyncio.wait_for(world.worker.run(), 60)
    assert (world.statuses(), loop.time()) == ([Status.INTERRUPTED], 4 + 5)


@in_virtual_time
async def test_attempt_that_ignores_its_interruption_is_logged_and_abandoned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = asyncio.Event()

    async def swallows_a_cancellation(*_: object, **__: object) -> StalwartAccount:
        with suppress(asyncio.CancelledError):
            await gate.wait()
        await gate.wait()
        raise Transient("late")

    world = WorkerWorld(waiting(), drain=5)
    monkeypatch.setattr(world.mail_server, "create", swallows_a_cancellation)
    asyncio.get_running_loop().call_later(1, world.worker.stop)
    with capture_logs() as logs:
        await asyncio.wait_for(world.worker.run(), 60)
    assert asyncio.get_running_loop().time() == 1 + 5 + FINISH_WITHIN + 1
    event = "Attempts did not end with the worker; their leases will run out"
    assert logs[-1] == {"event": event, "log_level": "error", "attempts": 1}


@in_virtual_time
async def test_stopped_worker_claims_nothing_more() -> None:
    request = waiting()
    world = WorkerWorld()
    await world.work()
    world.arrives(request)
    await asyncio.sleep(10)
    assert world.requests.claims == []


@in_virtual_time
async def test_unexpected_error_ends_the_worker_and_is_raised_to_its_caller() -> None:
    world = WorkerWorld()
    world.redis.errors = [ZeroDivisionError("a bug")]
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(world.worker.run(), 60)


@pytest.mark.parametrize(("taken", "due_in"), [(1, 0), (0, EARLY)])
@in_virtual_time
async def test_claimed_request_not_started_is_interrupted_at_once_when_the_worker_stops(
    taken: int, due_in: float
) -> None:
    """It had no slot, or was not due yet. When its lease ended, that would count as a crash."""
    request = in_seconds(due_in)
    world = WorkerWorld(request, slots=1)
    for _ in range(taken):
        await world.slots.acquire(within=0)
    await world.work(0.01)
    assert (world.statuses(), asyncio.get_running_loop().time()) == ([Status.INTERRUPTED], 0.01)
    assert (world.mail_server.asked, world.requests.rows[request.identity_id].last_error) == ([], STOPPED)
