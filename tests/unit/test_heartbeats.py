"""Whether a loop still runs: a loop that hangs sends no heartbeat, even if its process still responds."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from eventually import eventually
from fakes import FakeClock
from postroom.arrivals.outbox_publisher import OutboxPublisher
from postroom.arrivals.ports import LiveEvent
from postroom.process.heartbeats import LATE_AFTER, STUCK_AFTER, Heartbeats
from postroom.process.telemetry import REGISTRY


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def heartbeats(clock: FakeClock) -> Heartbeats:
    return Heartbeats(monotonic=clock.monotonic)


def test_loop_is_late_after_its_limit_without_a_round(heartbeats: Heartbeats, clock: FakeClock) -> None:
    worker, sweep = heartbeats.of("worker"), heartbeats.of("sweep")
    worker()
    sweep()
    clock.seconds += LATE_AFTER["worker"] + 1
    assert (heartbeats.late(), heartbeats.ages()) == (["worker"], {"worker": 31.0, "sweep": 31.0})
    assert REGISTRY.get_sample_value("postroom_loop_seconds_since_last_round", {"loop": "worker"}) == 31.0
    worker()
    assert heartbeats.late() == []


def test_a_loop_that_has_not_begun_is_not_late(heartbeats: Heartbeats, clock: FakeClock) -> None:
    heartbeats.of("worker")
    clock.seconds += 3600
    assert heartbeats.late() == heartbeats.stuck() == []


def test_a_loop_is_stuck_long_after_it_is_late(heartbeats: Heartbeats, clock: FakeClock) -> None:
    heartbeats.of("worker")()
    clock.seconds += STUCK_AFTER * LATE_AFTER["worker"] - 1
    assert heartbeats.stuck() == []
    clock.seconds += 2
    assert heartbeats.stuck() == ["worker"]


def test_a_loop_that_runs_in_vain_is_late_but_no_restart_would_help(heartbeats: Heartbeats, clock: FakeClock) -> None:
    beat = heartbeats.of("release")
    beat(in_vain=True)
    clock.seconds += STUCK_AFTER * LATE_AFTER["release"] + 1
    beat(in_vain=True)
    assert (heartbeats.late(), heartbeats.stuck()) == (["release"], [])
    beat()
    assert heartbeats.late() == []


def test_a_loop_without_a_limit_cannot_have_a_heartbeat() -> None:
    with pytest.raises(ValueError, match="LATE_AFTER"):
        Heartbeats().of("a new one")


async def test_loop_that_hangs_in_a_call_sends_no_heartbeat() -> None:
    answered, asked, beats, stop = asyncio.Event(), list[int](), list[int](), asyncio.Event()

    class SilentOutbox:
        async def prune(self) -> int:
            return 0

        async def claim(self, limit: int) -> Sequence[LiveEvent]:
            asked.append(limit)
            await answered.wait()
            return ()

    loop = OutboxPublisher(cast(Any, SilentOutbox()), cast(Any, None), beat=lambda: beats.append(1))
    running = asyncio.create_task(loop.run(stop))
    await eventually(lambda: asked, "the loop hangs in the call")
    loop.wake()
    await asyncio.sleep(0.05)
    assert len(beats) == 1
    answered.set()
    loop.wake()
    await eventually(lambda: len(beats) > 1, "the loop runs again")
    stop.set()
    await asyncio.wait_for(running, 1)
