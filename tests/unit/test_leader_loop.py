"""A loop that one process leads, in virtual time."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from postroom.errors import DatabaseUnavailable
from postroom.process.leader_loop import run_as_leader
from postroom.process.telemetry import REGISTRY
from simulation.virtual_time import in_virtual_time

EVERY = 5.0
AWAY = DatabaseUnavailable("away")


class World:
    """`errors` are raised first, one by each turn, and `unled`, one by each try to lead; `leads`: whether this process
    becomes leader. `tried`, `turns` and `beats` hold the times of the tries to lead, the turns and the heartbeats."""

    def __init__(
        self, *errors: Exception, unled: Sequence[Exception] = (), leads: bool = True, next_in: float = 2.0
    ) -> None:
        self.errors = list(errors)
        self.unled = list(unled)
        self.leads = leads
        self.next_in = next_in
        self.stop = asyncio.Event()
        self.tried: list[float] = []
        self.turns: list[float] = []
        self.beats: list[float] = []
        self.beats_in_vain: list[float] = []
        self.time = asyncio.get_running_loop().time

    @asynccontextmanager
    async def lead(self, name: str) -> AsyncGenerator[bool]:
        assert name == "sweep"
        self.tried.append(self.time())
        if self.unled:
            raise self.unled.pop(0)
        yield self.leads

    async def turn(self) -> float:
        if self.errors:
            raise self.errors.pop(0)
        self.turns.append(self.time())
        return self.next_in

    def beat(self, *, in_vain: bool = False) -> None:
        (self.beats_in_vain if in_vain else self.beats).append(self.time())

    async def run(self, seconds: float, *, lead_for: float = 0.0) -> None:
        """Run the loop. It is asked to stop after so many seconds."""
        asyncio.get_running_loop().call_later(seconds, self.stop.set)
        await run_as_leader(
            "sweep",
            self,
            self.turn,
            self.stop,
            every=EVERY,
            lead_for=lead_for,
            monotonic=self.time,
            beat=self.beat,
        )


@pytest.mark.parametrize(
    ("loop", "seconds", "lead_for", "turns", "tried"),
    [
        ({"next_in": 2.0}, 5, 0, [0, 2, 4], [0, 2, 4]),
        ({"next_in": 2.0}, 11, 5, [0, 2, 4, 6, 8, 10], [0, 6]),
        ({"next_in": 3600}, 12, 60, [0, 5, 10], [0]),
        ({"leads": False}, 11, 0, [], [0, 5, 10]),
    ],
    ids=["for each turn", "for a set time", "no pause longer than its interval", "not led"],
)
@in_virtual_time
async def test_leadership_is_kept_for_a_set_time_and_then_released(
    loop: dict[str, Any], seconds: float, lead_for: float, turns: list[float], tried: list[float]
) -> None:
    world = World(**loop)
    await world.run(seconds, lead_for=lead_for)
    assert (world.turns, world.tried, sorted(set(world.beats))) == (turns, tried, turns or tried)
    assert world.time() == seconds, "the stop ended the pause"


@in_virtual_time
async def test_stop_during_a_turn_starts_no_other_turn() -> None:
    world = World(next_in=0)
    await world.run(0, lead_for=1e9)
    assert set(world.turns) == {0}


@in_virtual_time
async def test_leader_loop_counts_an_unavailable_database_and_tries_again() -> None:
    def errors() -> float:
        return REGISTRY.get_sample_value("postroom_database_errors_total", {"where": "sweep"}) or 0

    before = errors()
    world = World(DatabaseUnavailable("away"))
    await world.run(6)
    assert (world.turns, errors()) == ([5], before + 1)


@pytest.mark.parametrize(
    "world", [{"unled": [AWAY, AWAY]}, {"errors": [AWAY, AWAY]}], ids=["no try to lead", "no turn"]
)
@in_virtual_time
async def test_leader_loop_that_postgresql_keeps_from_its_work_beats_in_vain(world: dict[str, list[Exception]]) -> None:
    loop = World(*world.get("errors", ()), unled=world.get("unled", ()))
    await loop.run(11)
    assert (sorted(set(loop.beats)), loop.beats_in_vain[:3]) == ([10], [0, 5, 10])


@in_virtual_time
async def test_stopped_leader_loop_no_longer_tries_to_lead() -> None:
    world = World()
    world.stop.set()
    await world.run(0)
    assert world.tried == []


@in_virtual_time
async def test_unexpected_error_ends_the_leader_loop() -> None:
    with pytest.raises(ZeroDivisionError):
        await World(ZeroDivisionError()).run(1)
