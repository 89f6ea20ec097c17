"""Outages and failures in virtual time, at their full length."""

import asyncio
from itertools import pairwise
from random import Random

import pytest

from postroom.domain.mailbox import Mailbox
from simulation.checker import violations
from simulation.faults import Event, NoFaults, Trouble
from simulation.run import failing, run
from simulation.world import DOMAIN, World

SEEDS = range(10)


def people(world: World, number: int) -> list[Mailbox]:
    return [Mailbox(world.new_id(), f"user-{each}@{DOMAIN}") for each in range(number)]


@pytest.mark.parametrize("number", [1, 6])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_40_minute_outage_of_the_mail_server_buries_nobody_and_spends_one_retry_at_most(
    seed: int, number: int
) -> None:
    """10,000 are in `test_backlog.py`."""

    async def outage(world: World) -> None:
        world.start(2)
        await world.suffer(Event(Trouble.MAIL_OUTAGE, 0.0, 60.0))
        ill = world.loop.create_task(world.suffer(Event(Trouble.MAIL_OUTAGE, 0.0, 2400.0)))
        await asyncio.sleep(1.0)  # by then it has begun
        for mailbox in people(world, number):
            await world.hook(mailbox)
        await ill

    world = run(outage, NoFaults(), Random(seed), delay_factor=1.0)
    assert violations(world) == []
    rows = list(world.sql.requests.values())
    assert [row["state"] for row in rows] == ["provisioned"] * number
    assert max(row["retries"] for row in rows) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_what_keeps_failing_on_a_healthy_server_is_dead_after_its_third_retry_and_not_before(seed: int) -> None:
    async def always_failing(world: World) -> None:
        world.start(2)
        failing(world, 1.0)
        for mailbox in people(world, 3):
            await world.hook(mailbox)

    world = run(always_failing, NoFaults(), Random(seed), delay_factor=1.0)
    assert violations(world) == []
    for row in world.sql.requests.values():
        assert (row["state"], row["attempts"], row["retries"]) == ("dead", 4, 3)
        times = [
            entry["created_at"]
            for entry in world.sql.log
            if entry["kratos_identity_id"] == row["identity_id"] and entry["status"] == "pending"
        ]
        waits = [(after - before).total_seconds() for before, after in pairwise(times)]
        assert waits == [pytest.approx(seconds, abs=4) for seconds in (60, 300, 1800)]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_request_that_kills_every_process_takes_nobody_with_it(seed: int) -> None:
    async def poisoned(world: World) -> None:
        poison, *others = people(world, 7)
        world.mail.poison.add(poison.email)
        world.start(1)
        failing_for_all = failing(world, 1.0)
        for mailbox in (*others, poison):
            await world.hook(mailbox)
        failing_for_all()

    world = run(poisoned, NoFaults(), Random(seed))
    assert [each for each in violations(world) if not each.startswith("I10")] == []
    dead = [row for row in world.sql.requests.values() if row["state"] == "dead"]
    assert [(row["email"], row["crashes"]) for row in dead] == [("user-0@example.org", 3)]
