"""One run: everything is drawn from its seed, so the same seed repeats the run."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any
from uuid import UUID

import structlog

from postroom.domain.identity import Identity
from postroom.domain.mailbox import Mailbox
from postroom.errors import MailServerError, Transient
from simulation.faults import Faults, NoFaults, Plan, draw_faults
from simulation.mail_model import Account
from simulation.virtual_time import START, VirtualLoop
from simulation.world import DOMAIN, Scenario, World

A_MINUTE_A_SECOND = 1 / 60
LENGTH = 60.0
"""Seconds of a run with hooks and faults; after them it settles."""
SETTLE_WITHIN = 900.0
"""Seconds after the last fault within which everything must settle, with shortened delays."""


def run_seed(seed: int, *, quiet: bool = True) -> World:
    """Run a world with its own people, hooks, processes and faults. Every fortieth seed has full delays."""
    chance = Random(seed)
    factor = 1.0 if seed % 40 == 0 else A_MINUTE_A_SECOND
    longest = 2400.0 if factor == 1.0 else 40.0
    faults = draw_faults(chance, length=longest + LENGTH if factor == 1.0 else LENGTH, longest=longest)
    return run(lambda world: _drawn(world, faults), faults, chance, delay_factor=factor, quiet=quiet)


def run(
    scenario: Scenario,
    faults: Faults,
    chance: Random,
    *,
    delay_factor: float = A_MINUTE_A_SECOND,
    quiet: bool = True,
) -> World:
    """Run `scenario`, then wait in virtual time until everything has settled."""
    history = History(faults, chance, delay_factor=delay_factor, quiet=quiet)
    try:
        history.do(scenario(history.world))
    finally:
        history.end()
    return history.world


def made_at(world: World) -> dict[UUID, float]:
    """When the mailbox of each identity was made, in seconds of virtual time."""
    moves = ((at, new) for at, _, new in world.sql.moves if new["state"] == "provisioned")
    return {new["identity_id"]: (at - START).total_seconds() for at, new in moves}


class History:
    """A world, and its steps one after another."""

    def __init__(self, faults: Faults, chance: Random, *, delay_factor: float, quiet: bool = True) -> None:
        self._loop = VirtualLoop(chance)
        # Errors of tasks that a killed process left behind do not count.
        self._loop.set_exception_handler(lambda _, context: None)
        self._quiet = quiet
        self.world = World(self._loop, chance, faults, delay_factor=delay_factor)

    def do(self, what: Coroutine[Any, Any, None]) -> None:
        """Run until `what` has ended."""
        with _logs(self.world, quiet=self._quiet):
            self._loop.run_until_complete(what)

    def begin(self, what: Coroutine[Any, Any, None]) -> None:
        """Start a task that runs during the next steps."""
        self._loop.create_task(what)

    def wait(self, seconds: float) -> None:
        self.do(asyncio.sleep(seconds))

    def end(self) -> None:
        """Wait until everything has settled, then end every task."""
        try:
            self.do(_to_rest(self.world))
        finally:
            self.world.over = True
            with _logs(self.world, quiet=self._quiet):
                self._end_tasks()

    def _end_tasks(self) -> None:
        while left := asyncio.all_tasks(self._loop):
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.wait(left))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


async def _to_rest(world: World) -> None:
    ends = world.loop.time() + SETTLE_WITHIN + 3 * 5000 * world.delay_factor
    while not _at_rest(world) and world.loop.time() < ends:  # noqa: ASYNC110 — these seconds take no time
        await asyncio.sleep(1.0)
    # Calls in progress arrive, and Redis is polled once more.
    await asyncio.sleep(35.0)


def _at_rest(world: World) -> bool:
    rows = world.sql.requests
    known = all(identity.id in rows for identity in world.identities if identity.active)
    return known and all(row["state"] in ("provisioned", "dead") for row in rows.values())


async def _drawn(world: World, faults: Faults) -> None:
    """People register, with hooks or without; all other events are drawn."""
    chance = world.chance
    events = faults.events if isinstance(faults, Plan) else []
    people = [_person(world, number) for number in range(chance.randint(2, 7))]
    world.start(chance.randint(1, 3))
    if not isinstance(faults, NoFaults):
        _disturb(world, people)
    async with asyncio.TaskGroup() as group:
        for event in events:
            group.create_task(world.suffer(event))
        for mailbox in people:
            group.create_task(_registration(world, mailbox))
        group.create_task(asyncio.sleep(faults.until))
    world.faults.until = 0.0


def _disturb(world: World, people: list[Mailbox]) -> None:
    chance = world.chance
    world.redis.skew = chance.choice([0.0, 0.0, 0.0, -3.0, 3.0, 40.0])
    for mailbox in people:
        if chance.random() < 0.05:
            world.mail.refused.add(mailbox.email)
        elif chance.random() < 0.05 and mailbox.email not in {account.email for account in world.mail.accounts}:
            world.mail.add(Account(f"stranger-of-{mailbox.local_part}", mailbox.email, None))


def _person(world: World, number: int) -> Mailbox:
    chance = world.chance
    name = f"user-{number if chance.random() < 0.93 else 0}"
    return Mailbox(world.new_id(), f"{name}@{DOMAIN}")


async def _registration(world: World, mailbox: Mailbox) -> None:
    chance = world.chance
    await asyncio.sleep(chance.uniform(0.0, LENGTH * 0.6))
    traits = {"email": mailbox.email}
    world.identities.append(Identity(mailbox.identity_id, traits, active=chance.random() > 0.03))
    if not world.identities[-1].active:
        return
    draw = chance.random()
    if draw < 0.2:
        return  # its hook never arrives
    hooks = [mailbox] * (2 if draw > 0.8 else 1)
    if draw > 0.95:
        hooks.append(Mailbox(mailbox.identity_id, f"new-{mailbox.email}"))
    async with asyncio.TaskGroup() as group:
        for each in hooks:
            group.create_task(_later(chance, world.hook, each))
        if 0.75 < draw < 0.8:
            group.create_task(_later(chance, world.operator, mailbox.identity_id))


async def _later(chance: Random, what: Callable[[Any], Any], target: Mailbox | UUID) -> None:
    await asyncio.sleep(chance.choice([0.0, chance.uniform(0.0, 20.0)]))
    await what(target)


def failing(world: World, probability: float) -> Callable[[], None]:
    """Let the healthy mail server answer this fraction of its creates with an error."""

    def fails(_: Mailbox) -> MailServerError | None:
        return Transient("mail server answered 500") if world.chance.random() < probability else None

    world.mail.fails = fails
    return lambda: setattr(world.mail, "fails", lambda _: None)


@contextmanager
def _logs(world: World, *, quiet: bool) -> Iterator[None]:
    """Errors of our own code fail the run; with `quiet` nothing else is logged."""
    before = structlog.get_config()

    def note(_logger: Any, _method: str, event: Any) -> Any:
        if event["event"].startswith(("Attempt broke", "Retry index was not updated")) and not world.over:
            world.broken.append(f"{event['event']}: {event.get('exc_info')!r}")
        if quiet:
            raise structlog.DropEvent
        event["at"] = round(world.loop.time(), 3)
        return event

    level = 40 if quiet else 10
    structlog.configure(
        processors=[note, structlog.dev.ConsoleRenderer(colors=False)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    try:
        yield
    finally:
        structlog.configure(**before)
