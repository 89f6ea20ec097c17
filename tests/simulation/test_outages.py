"""Outages and failures in virtual time, at their full length."""

import asyncio
from itertools import pairwise
from random import Random

import pytest

from postroom.domain.mailbox import Mailbox
from postroom.errors import Misconfigured, Transient
from simulation.checker import violations
from simulation.faults import Event, NoFaults, Trouble
from simulation.run import failing, made_at, run
from simulation.world import DOMAIN, LEASE, Scenario, World

SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 20))]


def undisturbed(scenario: Scenario, seed: int = 1) -> World:
    """A run at full length, without faults but those of the scenario; no invariant was violated."""
    world = run(scenario, NoFaults(), Random(seed), delay_factor=1.0)
    assert violations(world) == []
    return world


def people(world: World, number: int) -> list[Mailbox]:
    return [Mailbox(world.new_id(), f"user-{each}@{DOMAIN}") for each in range(number)]


@pytest.mark.parametrize("number", [1, 6])
@pytest.mark.parametrize("seed", SEEDS)
def test_40_minute_mail_server_outage_makes_no_dead_letter_and_uses_no_retry(seed: int, number: int) -> None:
    """`test_backlog.py` has many more."""

    async def outage(world: World) -> None:
        world.start(2)
        await world.suffer(Event(Trouble.MAIL_OUTAGE, 0.0, 60.0))
        ill = await world.begin_to_suffer(Trouble.MAIL_OUTAGE, 2400.0)
        for mailbox in people(world, number):
            await world.hook(mailbox)
        await ill

    world = undisturbed(outage, seed)
    rows = list(world.sql.requests.values())
    assert [row["state"] for row in rows] == ["provisioned"] * number
    assert max(row["retries"] for row in rows) == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_after_an_outage_the_first_of_a_hundred_mailboxes_comes_within_15_seconds_and_the_last_15_later(
    seed: int,
) -> None:
    """The README says "within seconds"."""
    ended = list[float]()

    async def outage(world: World) -> None:
        world.start(1)
        ill = await world.begin_to_suffer(Trouble.MAIL_OUTAGE, 90.0)
        for mailbox in people(world, 100):
            await world.hook(mailbox)
        await ill
        ended.append(world.loop.time())

    made = sorted(made_at(undisturbed(outage, seed)).values())
    assert len(made) == 100
    assert made[0] - ended[0] <= 15
    assert made[-1] - made[0] <= 15


@pytest.mark.parametrize("seed", SEEDS)
def test_request_that_keeps_failing_on_a_healthy_server_is_dead_only_after_its_third_retry(seed: int) -> None:
    async def always_failing(world: World) -> None:
        world.start(2)
        failing(world, 1.0)
        for mailbox in people(world, 3):
            await world.hook(mailbox)

    world = undisturbed(always_failing, seed)
    for row in world.sql.requests.values():
        assert (row["state"], row["attempts"], row["retries"]) == ("dead", 4, 3)
        own = (entry for entry in world.sql.log if entry["kratos_identity_id"] == row["identity_id"])
        times = [entry["created_at"] for entry in own if entry["status"] == "pending"]
        waits = [(after - before).total_seconds() for before, after in pairwise(times)]
        assert waits == [pytest.approx(seconds, abs=4) for seconds in (60, 300, 1800)]


@pytest.mark.parametrize("seed", SEEDS)
def test_request_that_crashes_every_process_causes_no_crash_of_others(seed: int) -> None:
    async def poisoned(world: World) -> None:
        poison, *others = people(world, 7)
        world.mail.poison.add(poison.email)
        world.start(1)
        failing_for_all = failing(world, 1.0)
        for mailbox in (*others, poison):
            await world.hook(mailbox)
        failing_for_all()

    world = run(poisoned, NoFaults(), Random(seed))
    others = [row for row in world.sql.requests.values() if row["email"] != "user-0@example.org"]
    assert {(row["state"], row["crashes"]) for row in others} == {("provisioned", 0)}


def test_crashes_never_make_a_dead_letter_and_recur_at_growing_intervals() -> None:
    """A killed process, an error of ours, a suspended host: none of them is the fault of the request."""

    async def poisoned(world: World) -> None:
        (poison,) = people(world, 1)
        world.mail.poison.add(poison.email)
        world.start(1)
        await world.hook(poison)
        await asyncio.sleep(2.5 * 3600)
        world.mail.poison.clear()

    world = run(poisoned, NoFaults(), Random(1), delay_factor=1.0)
    (row,) = world.sql.requests.values()
    assert (row["state"], row["crashes"], row["retries"]) == ("provisioned", 0, 0)
    at = [entry["created_at"] for entry in world.sql.log if entry["status"] == "crashed"]
    waits = [(after - before).total_seconds() for before, after in pairwise(at)]
    # The lease of an exclusive attempt passes before each of them.
    assert waits[:6] == [pytest.approx(LEASE + delay, abs=8) for delay in (0, 300, 600, 1200, 2400, 3600)]


@pytest.mark.parametrize("number", [1, 300])
def test_full_store_behind_a_healthy_echo_makes_no_dead_letter_but_a_poison_request_still_dies(number: int) -> None:
    async def full(world: World) -> None:
        world.start(2)
        ill = await world.begin_to_suffer(Trouble.MAIL_FULL, 1.5 * 3600)
        for mailbox in people(world, number):
            await world.hook(mailbox)
        await ill
        never = Mailbox(world.new_id(), f"never@{DOMAIN}")
        world.mail.fails = lambda asked: Transient("mail server answered 500") if asked == never else None
        await world.hook(never)

    world = undisturbed(full, number)
    states = {row["email"]: row["state"] for row in world.sql.requests.values()}
    assert (states.pop(f"never@{DOMAIN}"), set(states.values())) == ("dead", {"provisioned"})
    assert len(states) == number


@pytest.mark.parametrize("trouble", [Trouble.MAIL_KEY_UNKNOWN, Trouble.MAIL_DOMAIN_GONE, Trouble.MAIL_OUTAGE])
def test_request_that_waits_for_a_cause_runs_within_seconds_of_its_end(trouble: Trouble) -> None:
    """It is not released when its own hour is over."""
    ended: list[float] = []

    async def mended(world: World) -> None:
        world.start(2)
        ill = await world.begin_to_suffer(trouble, 4000.0)
        for mailbox in people(world, 5):
            await world.hook(mailbox)
        await ill
        ended.append(world.loop.time())
        await world.resume(DOMAIN)

    world = undisturbed(mended, 3)
    made = made_at(world).values()
    assert len(made) == 5
    assert max(made) - ended[0] < 15


def test_mailbox_rejected_on_its_own_is_attempted_hourly_however_many_others_are_made() -> None:
    """Each mailbox of another request shows that the domain works, but not that this request does."""

    async def refused(world: World) -> None:
        world.start(1)
        (never,) = people(world, 1)
        world.mail.fails = lambda asked: Misconfigured("forbidden", domain=DOMAIN) if asked == never else None
        await world.hook(never)
        for number in range(5 * 60):
            await asyncio.sleep(60.0)
            await world.hook(Mailbox(world.new_id(), f"other-{number}@{DOMAIN}"))
        world.mail.fails = lambda _: None

    world = undisturbed(refused)
    assert {row["state"] for row in world.sql.requests.values()} == {"provisioned"}
    (attempts,) = [row["attempts"] for row in world.sql.requests.values() if row["email"] == "user-0@example.org"]
    assert 5 <= attempts <= 10


@pytest.mark.parametrize("seed", SEEDS)
def test_locked_rows_do_not_delay_free_requests(seed: int) -> None:
    async def locked(world: World) -> None:
        for mailbox in (first := people(world, 400)):
            await world.hook_without_slot(mailbox)
        world.sql.locked = {mailbox.identity_id for mailbox in first}
        for number in range(10):
            await world.hook_without_slot(Mailbox(world.new_id(), f"free-{number}@{DOMAIN}"))
        world.start(1)
        await asyncio.sleep(20)
        free = [row["state"] for row in world.sql.requests.values() if row["email"].startswith("free-")]
        assert free == ["provisioned"] * 10
        world.sql.locked.clear()

    world = run(locked, NoFaults(), Random(seed))
    assert [each for each in violations(world) if not each.startswith("I10")] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_requests_left_by_a_clean_stop_are_interrupted_and_never_crashed(seed: int) -> None:
    """This includes hooks that arrive while it stops, and attempts that outlast the drain."""

    async def stopping(world: World) -> None:
        world.start(1)
        world.mail.seconds = world.chance.choice([0.01, 0.5, 4.0])
        async with asyncio.TaskGroup() as group:
            for round_of in range(4):
                for number in range(6):
                    mailbox = Mailbox(world.new_id(), f"user-{round_of}-{number}@{DOMAIN}")
                    group.create_task(world.hook(mailbox))
                await asyncio.sleep(world.chance.uniform(0.0, 1.0))
                group.create_task(world.suffer(Event(Trouble.STOP, 0.0, 0.0)))
                group.create_task(world.hook(Mailbox(world.new_id(), f"late-{round_of}@{DOMAIN}")))

    world = undisturbed(stopping, seed)
    assert "crashed" not in {entry["status"] for entry in world.sql.log}
