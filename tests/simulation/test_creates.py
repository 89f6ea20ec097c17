"""A healthy mail server that makes no mailbox for anybody: nobody pays for it, and its end is noticed in a minute."""

import asyncio
from collections.abc import Callable
from random import Random

import pytest

from postroom.domain.mailbox import Mailbox
from postroom.errors import Conflict, MailServerError, Misconfigured, Permanent, Transient
from simulation.checker import violations
from simulation.faults import NoFaults
from simulation.run import made_at, run
from simulation.world import DOMAIN, World

HOURS = 2.5 * 3600
NUMBER = 10
FAULTS: dict[str, Callable[[], MailServerError]] = {
    "500": lambda: Transient("mail server answered 500", outcome_unknown=True),
    "forbidden": lambda: Misconfigured("mail server forbids it", domain=DOMAIN),
    "invalidProperties": lambda: Permanent("mail server refused the mailbox (invalidProperties): quotas"),
    "primaryKeyViolation": lambda: Conflict("its address is held by the account k"),
}
"""One for each kind of error; `tests/unit/test_create_probe.py` has the answers that stand for them."""


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_fault_of_every_create_costs_nobody_anything_and_all_are_made_within_90_seconds_of_its_end(
    fault: Callable[[], MailServerError],
) -> None:
    ended: list[float] = []
    costs: list[tuple[str, int]] = []

    async def broken(world: World) -> None:
        world.start(2)
        world.mail.makes_none = fault
        for number in range(NUMBER):
            await world.hook(Mailbox(world.new_id(), f"user-{number}@{DOMAIN}"))
            await asyncio.sleep(HOURS / NUMBER)
        costs.extend((row["state"], row["retries"]) for row in world.sql.requests.values())
        world.mail.makes_none = None
        ended.append(world.loop.time())

    world = run(broken, NoFaults(), Random(1), delay_factor=1.0)
    assert violations(world) == []
    assert set(costs) == {("waiting", 0)}
    made = made_at(world).values()
    assert len(made) == NUMBER
    assert max(made) - ended[0] < 90
    assert world.sql.create_faults == 1, "one alarm"


@pytest.mark.parametrize("error", [FAULTS["500"], FAULTS["invalidProperties"]], ids=["500", "invalidProperties"])
def test_poison_request_dies_also_while_and_after_no_mailbox_can_be_made(error: Callable[[], MailServerError]) -> None:
    async def poisoned(world: World) -> None:
        world.start(2)
        world.mail.makes_none = FAULTS["500"]
        never = Mailbox(world.new_id(), f"never@{DOMAIN}")
        world.mail.fails = lambda asked: error() if asked == never else None
        await world.hook(never)
        await asyncio.sleep(3600)
        world.mail.makes_none = None
        for number in range(5):
            await world.hook(Mailbox(world.new_id(), f"user-{number}@{DOMAIN}"))

    world = run(poisoned, NoFaults(), Random(1), delay_factor=1.0)
    assert violations(world) == []
    states = {row["email"]: row["state"] for row in world.sql.requests.values()}
    assert (states.pop(f"never@{DOMAIN}"), set(states.values())) == ("dead", {"provisioned"})


@pytest.mark.parametrize("fault", [FAULTS["invalidProperties"], FAULTS["primaryKeyViolation"]], ids=["new", "held"])
def test_fault_that_ends_between_a_refusal_and_its_probe_buries_nobody(fault: Callable[[], MailServerError]) -> None:
    """The probe is right then, and the refusal was nobody's fault."""

    async def ends_at_the_refusal(world: World) -> None:
        refused = set[Mailbox]()

        def refuses_once(asked: Mailbox) -> MailServerError | None:
            if asked in refused:
                return None
            refused.add(asked)
            return fault()

        world.start(2)
        world.mail.fails = refuses_once
        for number in range(NUMBER):
            await world.hook(Mailbox(world.new_id(), f"user-{number}@{DOMAIN}"))
        await asyncio.sleep(60)

    world = run(ends_at_the_refusal, NoFaults(), Random(1), delay_factor=1.0)
    assert violations(world) == []
    assert {(row["state"], row["retries"]) for row in world.sql.requests.values()} == {("provisioned", 0)}
