"""The backlog of a 40-minute outage, in virtual time and at full length: its requests are done at the set pace, and
people who sign up meanwhile do not wait for them."""

import asyncio
from bisect import bisect_left
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

import pytest

from postroom.domain.mailbox import Mailbox
from postroom.provisioning.accept import Ready
from postroom.retry.worker import WorkerLimits
from simulation.checker import violations
from simulation.faults import NoFaults, Trouble
from simulation.run import made_at, run
from simulation.virtual_time import START
from simulation.world import DOMAIN, World

# The long one computes for four minutes on a busy machine.
PEOPLE = [2_000, pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(900)])]
OUTAGE = 2400.0
LONGEST_PROBE = 15.0
MAILBOX_TAKES = 0.3
"""Seconds to create a mailbox: at the set pace three of the four slots of a process are always in use."""
CROWD = 60
"""People who sign up at once: more than the slots serve within the deadline of the hooks."""
NEARLY_DONE = 200
"""When only so many requests wait, nobody signs up any more: those who did must be served before the last of them."""


@dataclass
class Backlog:
    """The result of an outage: seconds of virtual time, and who signed up after it, singly or in a crowd."""

    people: int
    closed: float = 0.0
    """when the breaker closed"""
    singly: dict[UUID, float] = field(default_factory=dict[UUID, float])
    in_a_crowd: dict[UUID, float] = field(default_factory=dict[UUID, float])

    async def scenario(self, world: World) -> None:
        ill = await world.begin_to_suffer(Trouble.MAIL_OUTAGE, OUTAGE)
        async with asyncio.TaskGroup() as group:
            for number in range(self.people):
                mailbox = Mailbox(world.new_id(), f"user-{number}@{DOMAIN}")
                group.create_task(_at((OUTAGE - 1) * number / self.people, world, mailbox))
        await ill
        while world.sql.breaker["open"]:  # noqa: ASYNC110 — these seconds take no time
            await asyncio.sleep(0.1)
        self.closed = world.loop.time()
        async with asyncio.TaskGroup() as group:
            for second in range(10 * self.people):
                if world.sql.run("waiting_counts", {"steps": ["create"]})[0]["waiting"] < NEARLY_DONE:
                    break
                if second % 3 == 0:
                    group.create_task(_sign_up(world, self.singly))
                if second % 120 == 61:
                    for _ in range(CROWD):
                        group.create_task(_sign_up(world, self.in_a_crowd))
                await asyncio.sleep(1.0)


async def _at(seconds: float, world: World, mailbox: Mailbox) -> None:
    await asyncio.sleep(seconds)
    await world.hook(mailbox)


async def _sign_up(world: World, times: dict[UUID, float]) -> None:
    mailbox = Mailbox(world.new_id(), f"new-{world.new_id()}@{DOMAIN}")
    times[mailbox.identity_id] = world.loop.time()
    await world.hook(mailbox)


def _claims(world: World) -> list[float]:
    """When workers started attempts; the pace does not limit those that hooks start inline."""
    return [
        (at - START).total_seconds()
        for at, old, new in world.sql.moves
        if old and old["state"] == "waiting" and new["state"] == "running"
    ]


def _most_within(seconds: float, times: list[float]) -> int:
    return max(bisect_left(times, first + seconds) - place for place, first in enumerate(times))


def _longest(signed_up: dict[UUID, float], provisioned: dict[UUID, float]) -> float:
    return max(provisioned[identity_id] - at for identity_id, at in signed_up.items())


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("people", PEOPLE)
def test_requests_after_a_40_minute_outage_run_at_the_set_pace_and_new_sign_ups_go_first(
    workers: int, people: int
) -> None:
    backlog = Backlog(people)

    async def outage(world: World) -> None:
        world.mail.seconds = MAILBOX_TAKES
        world.start(workers)
        await backlog.scenario(world)

    world = run(outage, NoFaults(), Random(workers), delay_factor=1.0)
    provisioned = made_at(world)
    of_outage = {row["identity_id"] for row in world.sql.requests.values() if row["email"].startswith("user-")}
    done = max(provisioned[each] for each in of_outage)
    claims = [at for at in _claims(world) if at >= backlog.closed]
    pace = WorkerLimits().pace * workers
    print(  # noqa: T201 — for -rP
        f"{workers} workers: breaker closed {backlog.closed - OUTAGE:.0f} s after the outage, {len(claims)} claims in "
        f"{(done - backlog.closed) / 60:.1f} min, {len(claims) / (done - backlog.closed):.2f}/s, most in a second "
        f"{_most_within(1, claims)}, in a minute {_most_within(60, claims)}; {len(backlog.singly)} sign-ups waited "
        f"{_longest(backlog.singly, provisioned):.2f} s at most, {len(backlog.in_a_crowd)} in crowds "
        f"{_longest(backlog.in_a_crowd, provisioned):.2f} s"
    )

    assert violations(world) == []
    assert {row["state"] for row in world.sql.requests.values()} == {"provisioned"}
    assert len(of_outage) == people
    # The outage spends no retry: requests it interrupted wait for the first one, all others for their first attempt.
    assert not world.mail.failures_while_healthy
    assert max(row["retries"] for row in world.sql.requests.values()) == 0
    assert sum(row["attempts"] > 1 for row in world.sql.requests.values()) <= 4 * workers

    assert OUTAGE <= backlog.closed <= OUTAGE + LONGEST_PROBE + 5
    assert _most_within(1, claims) <= pace + workers
    assert _most_within(60, claims) <= 60 * pace + workers
    # Up to a fifth is lost to calls of 13 ms, to two workers that check the same request, and to crowds.
    assert 0.98 < (done - backlog.closed) * pace / len(claims) < 1.2

    signed_up = backlog.singly | backlog.in_a_crowd
    assert len(signed_up) > 0.04 * people
    assert max(provisioned[each] for each in signed_up) < done
    assert _longest(backlog.singly, provisioned) < 5
    assert _longest(backlog.in_a_crowd, provisioned) < 12
    in_line = [answered for answered in world.answered if answered.mailbox.identity_id in backlog.singly]
    assert {type(answered.answer) for answered in in_line} == {Ready}
