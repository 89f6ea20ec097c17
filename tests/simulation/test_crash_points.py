"""One run is repeated with a fault at its k-th call, for every k: a crash is harmless at any moment."""

from collections.abc import Iterator
from random import Random

import pytest

from postroom.domain.identity import Identity
from postroom.domain.mailbox import Mailbox
from simulation.checker import violations
from simulation.faults import Fault, FaultAt
from simulation.run import failing, run
from simulation.world import DOMAIN, World

PARTS = [0, *(pytest.param(part, marks=pytest.mark.long) for part in (1, 2, 3))]
"""Each has a quarter of the faults at every call."""


async def three_people(world: World) -> None:
    """A hook succeeds, a first attempt fails on a healthy server, and only the sweep finds the third person."""
    people = [Mailbox(world.new_id(), f"user-{number}@{DOMAIN}") for number in range(3)]
    world.start(2)
    await world.hook(people[0])
    end_failing = failing(world, 1.0)
    await world.hook(people[1])
    end_failing()
    await world.hook(people[1])
    for mailbox in people:
        world.identities.append(Identity(mailbox.identity_id, {"email": mailbox.email}, active=True))


def with_fault_at(k: int, fault: Fault | None) -> tuple[World, FaultAt]:
    faults = FaultAt(k, fault)
    return run(three_people, faults, Random(1)), faults


def test_scenario_without_a_fault_covers_every_part() -> None:
    world, faults = with_fault_at(0, None)
    assert violations(world) == []
    assert sorted(entry["status"] for entry in world.sql.log) == [
        *["done", "failed"],
        *["pending"] * 4,
        *["success"] * 3,
    ]
    assert faults.calls > 80


def points(part: int) -> Iterator[tuple[int, Fault]]:
    _, faults = with_fault_at(0, None)
    for k in range(1, faults.calls + 1):
        yield from ((k, fault) for place, fault in enumerate(Fault) if (k + place) % len(PARTS) == part)


@pytest.mark.parametrize("part", PARTS)
def test_a_fault_at_any_call_breaks_no_invariant(part: int) -> None:
    struck: set[str] = set()
    for k, fault in points(part):
        world, faults = with_fault_at(k, fault)
        assert violations(world) == [], f"{faults.struck}, call {k}: {fault}"
        assert all(row["state"] == "provisioned" for row in world.sql.requests.values()), f"call {k}: {fault}"
        assert len(world.sql.requests) == len(world.mail.accounts) == 3, f"call {k}: {fault}"
        struck.add(faults.struck or "")
    assert {"postgres accept", "postgres claim", "postgres settle", "mail create"} <= struck
