"""How the sweep reacts to pages of identities, and to failures. Its neighbours are scripted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from fakes import AlwaysLeader, request_of
from postroom.domain.difference import OnRecord
from postroom.domain.identity import AddressPolicy, Identity, Refusal, UnreadableIdentity
from postroom.domain.mailbox import Mailbox
from postroom.domain.request import Origin, Request, State
from postroom.errors import KratosUnavailable, PageTokenRefused
from postroom.process.telemetry import REGISTRY, SWEEP_FAILURES
from postroom.provisioning.ports import Compared, IdentityPage, Scope, SweepProgress, SweptPage, Unlike
from postroom.provisioning.sweep import FAILURE_PAUSE, LONGEST_PAUSE, Sweep
from simulation.virtual_time import in_virtual_time

ADA, BOB, EVE = (UUID(int=number) for number in (1, 2, 3))
NOW = datetime(2026, 11, 25, tzinfo=UTC)
REFUSED = "PostgreSQL refuses to store it (CheckViolation)"


@dataclass
class World:
    """Kratos returns `pages`, or raises them; `compared` and `recorded` are what PostgreSQL received. The addresses of
    `held` identities belong to others; `new` identities had no request, `changed` ones have one for another address,
    and PostgreSQL refuses to store `refused` ones."""

    pages: list[IdentityPage | Exception] = field(default_factory=list)
    token: str | None = "0a"
    held: set[UUID] = field(default_factory=set)
    new: set[UUID] = field(default_factory=set)
    changed: dict[UUID, State | None] = field(default_factory=dict)
    """the state of the request once it has followed; None if another identity holds the address"""
    refused: set[UUID] = field(default_factory=set)
    compared: list[list[Mailbox]] = field(default_factory=list)
    recorded: list[Refusal] = field(default_factory=list)
    reported: list[tuple[str, Any]] = field(default_factory=list)
    due_in: float = 0.0

    async def page(self, token: str | None) -> IdentityPage:
        given = self.pages.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    async def progress(self) -> SweepProgress:
        return SweepProgress(self.token, NOW, self.due_in, None, None, NOW)

    async def start_soon(self) -> None:
        self.reported.append(("start soon", None))

    async def put_off(self, seconds: float) -> None:
        self.reported.append(("put off", seconds))

    async def restart(self, seconds: float) -> None:
        self.reported.append(("restart", seconds))

    async def compare(self, mailboxes: Sequence[Mailbox], scope: Scope, **_: Any) -> Compared:
        self.compared.append(list(mailboxes))
        record = OnRecord("old@example.org", None)
        new = dict.fromkeys({*self.new, *self.held, *self.refused}, Unlike(None, False, False, {}))
        return Compared(new | dict.fromkeys(self.changed, Unlike(record, True, False, {})))

    async def advance(self, after: str | None, token: str | None, *, due_in: float, **_: Any) -> None:
        self.reported.append((f"from {after} to {token}", due_in))

    async def store(self, mailboxes: Sequence[Mailbox]) -> SweptPage:
        of = {each.identity_id: each for each in mailboxes}
        return SweptPage(
            stored=[request_of(each) for each in of if each in self.new],
            held=[of[each] for each in of if each in self.held],
            changed=[of[each] for each in of if each in self.changed],
            refused=[(of[each], "CheckViolation") for each in of if each in self.refused],
        )

    async def follow_address(self, mailbox: Mailbox, *, origin: Origin, action: str) -> Request | None:
        state = self.changed[mailbox.identity_id]
        self.reported.append((f"followed by the {action}", mailbox.identity_id))
        return request_of(mailbox.identity_id, state=state) if state else None

    async def refuse_held(self, mailbox: Mailbox, **_: Any) -> None:
        self.reported.append(("refused as held", mailbox.identity_id))

    async def record(self, refusals: Sequence[Refusal], origin: Origin) -> None:
        self.recorded += refusals

    async def add(self, requests: Sequence[Request]) -> None:
        self.reported += [("announced", each.identity_id) for each in requests]


def sweep_of(world: World) -> Sweep:
    anything = cast(Any, world)
    policy = AddressPolicy({"example.org"}, {"admin"})
    return Sweep(
        world,
        world,
        anything,
        None,
        world,
        anything,
        anything,
        AlwaysLeader(),
        policy,
        every=300,
        uniform=lambda low, high: (low + high) / 2,
        wake=lambda: world.reported.append(("woken", None)),
    )


def identity(identity_id: UUID, email: object = "ada@example.org", *, active: bool = True) -> Identity:
    return Identity(identity_id, {"email": email}, active)


@in_virtual_time
async def test_process_starts_a_sweep_at_once_and_only_once() -> None:
    world, stop = World(due_in=300), asyncio.Event()
    asyncio.get_running_loop().call_later(60, stop.set)
    await sweep_of(world).run(stop)
    assert world.reported == [("start soon", None)]


@pytest.mark.parametrize(
    ("asked", "pause"),
    [(None, FAILURE_PAUSE), (1.0, FAILURE_PAUSE), (120.0, 120.0), (1e6, LONGEST_PAUSE)],
)
async def test_sweep_pauses_for_as_long_as_kratos_asks(asked: float | None, pause: float) -> None:
    world = World([KratosUnavailable("Kratos answered 429", retry_after=asked)])
    assert await sweep_of(world).step() == pause
    assert world.reported == [("put off", pause)]


async def test_rejected_page_token_restarts_the_sweep_after_a_pause() -> None:
    failures = SWEEP_FAILURES._value.get()
    world = World([PageTokenRefused("Kratos refuses its own page token (400)")])
    assert await sweep_of(world).step() == FAILURE_PAUSE
    assert (world.reported, SWEEP_FAILURES._value.get()) == ([("restart", FAILURE_PAUSE)], failures + 1)


async def test_new_request_of_the_sweep_is_added_to_the_retry_index_and_wakes_the_worker() -> None:
    world = World([IdentityPage([identity(ADA)], None)], new={ADA})
    await sweep_of(world).step()
    assert world.reported == [("from 0a to None", 300), ("announced", ADA), ("woken", None)]


async def test_sweep_follows_a_changed_address_as_the_webhook_does() -> None:
    """A person who corrects the address before the first attempt, while the webhook is lost, got the wrong mailbox."""
    page = [identity(each, f"new-{each.int}@example.org") for each in (ADA, BOB, EVE)]
    world = World([IdentityPage(page, None)], changed={ADA: State.WAITING, BOB: State.PROVISIONED, EVE: None})
    await sweep_of(world).step()
    assert world.reported == [
        ("from 0a to None", 300),
        ("followed by the sweep", ADA),
        ("followed by the sweep", BOB),
        ("followed by the sweep", EVE),
        ("announced", ADA),
    ]


async def test_identity_that_postgresql_refuses_is_recorded_as_a_refusal_and_the_others_are_stored() -> None:
    world = World([IdentityPage([identity(ADA), identity(BOB, "bob@example.org")], None)], new={BOB}, refused={ADA})
    with capture_logs() as lines:
        await sweep_of(world).step()
    assert ("announced", BOB) in world.reported
    assert [(each.identity_id, each.email, each.code) for each in world.recorded] == [
        (ADA, None, "unreadable_identity")
    ]
    assert [line["identities"] for line in lines if line["log_level"] == "error"] == [[f"{ADA}: {REFUSED}"]]


async def test_sweep_progress_advances_from_the_page_that_was_read() -> None:
    world = World([IdentityPage([], "0b"), IdentityPage([], None)])
    assert await sweep_of(world).step() == 0.5
    world.token = "0b"
    assert await sweep_of(world).step() == 300
    assert world.reported == [("from 0a to 0b", 0.5), ("from 0b to None", 300)]


async def test_page_that_brings_no_new_identity_restarts_the_sweep() -> None:
    """Encrypted page tokens never repeat, so they do not show it."""
    first, second = [identity(ADA)], [identity(BOB), identity(EVE)]
    world = World([IdentityPage(first, "b"), IdentityPage(second, "c"), IdentityPage(second, "d")])
    sweep = sweep_of(world)
    for world.token in (None, "b", "c"):
        await sweep.step()
    assert world.reported == [("from None to b", 0.5), ("from b to c", 0.5), ("restart", FAILURE_PAUSE)]
    world.pages = [IdentityPage(first, "e"), IdentityPage(second, None)]
    for world.token in (None, "e"):
        await sweep.step()
    assert world.reported[3:] == [("from None to e", 0.5), ("from e to None", 300)]


async def test_second_empty_page_in_a_row_restarts_the_sweep() -> None:
    """Each names another next page: the pass would never end, and nobody who is listed before be found."""
    world = World([IdentityPage([identity(ADA)], "b"), IdentityPage([], "c"), IdentityPage([], "d")])
    sweep = sweep_of(world)
    for world.token in (None, "b", "c"):
        await sweep.step()
    assert world.reported == [("from None to b", 0.5), ("from b to c", 0.5), ("restart", FAILURE_PAUSE)]


UNREADABLE = [UnreadableIdentity(BOB, "its JSON is nested too deeply")]
NOT_REPEATED: dict[str, list[tuple[str | None, IdentityPage]]] = {
    "another process swept since": [
        ("b", IdentityPage([identity(BOB)], "c")),
        ("a", IdentityPage([identity(BOB)], "b")),
    ],
    "the first page of the next pass": [
        (None, IdentityPage([identity(ADA)], None)),
        (None, IdentityPage([identity(ADA)], None)),
    ],
    "an empty page": [("b", IdentityPage([identity(ADA)], "c")), ("c", IdentityPage([], None))],
    "a page of unreadable identities only": [
        ("b", IdentityPage([identity(ADA)], "c")),
        ("c", IdentityPage([], "d", UNREADABLE)),
        ("d", IdentityPage([identity(EVE)], None)),
    ],
}


@pytest.mark.parametrize("pages", NOT_REPEATED.values(), ids=NOT_REPEATED)
async def test_page_that_repeats_nothing_restarts_no_sweep(pages: list[tuple[str | None, IdentityPage]]) -> None:
    world = World([page for _, page in pages])
    sweep = sweep_of(world)
    for world.token, _ in pages:
        await sweep.step()
    assert "restart" not in [what for what, _ in world.reported]


@pytest.mark.parametrize("between", [[], UNREADABLE], ids=["an empty page", "unreadable identities"])
async def test_page_that_repeats_those_before_the_last_page_restarts_the_sweep(
    between: list[UnreadableIdentity],
) -> None:
    again = [identity(BOB)] if between else [identity(ADA)]
    world = World([IdentityPage([identity(ADA)], "b"), IdentityPage([], "c", between), IdentityPage(again, "d")])
    sweep = sweep_of(world)
    for world.token in (None, "b", "c"):
        await sweep.step()
    assert world.reported[-1] == ("restart", FAILURE_PAUSE)


async def test_sweep_reports_unreadable_identities_and_stores_the_others() -> None:
    deep, unknown = (
        UnreadableIdentity(EVE, "its JSON is nested too deeply"),
        UnreadableIdentity(None, "its id is no UUID"),
    )
    page = [
        identity(ADA),
        identity(ADA),  # a list that contains an identity twice
        identity(BOB, "Admin@example.org\0"),
        identity(UUID(int=4), "\ud800@example.org"),
        identity(UUID(int=5), None),
        identity(UUID(int=6), active=False),
        identity(UUID(int=7), "taken@example.org"),
        identity(UUID(int=8), "newer@example.org"),
        identity(UUID(int=9), "bad@example.org"),
    ]
    world = World(
        [IdentityPage(page, None, [deep, unknown])],
        held={UUID(int=7)},
        changed={UUID(int=8): State.WAITING},
        refused={UUID(int=9)},
    )
    before = _counted()
    with capture_logs() as logs:
        await sweep_of(world).step()
    assert [each.email.partition("@")[0] for each in world.compared[0]] == ["ada", "taken", "newer", "bad"]
    assert ("refused as held", UUID(int=7)) in world.reported
    assert [(each.identity_id, each.email, each.code) for each in world.recorded] == [
        (EVE, None, "unreadable_identity"),
        (BOB, "Admin@example.org", "malformed_address"),
        (UUID(int=4), "@example.org", "unsafe_local_part"),
        (UUID(int=5), None, "no_address"),
        (UUID(int=9), None, "unreadable_identity"),
    ]
    counted = {found: number - before[found] for found, number in _counted().items()}
    assert counted == {
        "unreadable": 3,
        "refused": 3,
        "inactive": 1,
        "known": 1,
        "missing": 0,
        "held": 1,
        "changed": 1,
    }
    line, _ = [line for line in logs if line["log_level"] == "error"]
    assert (line["event"], line["count"]) == ("Sweep sets aside identities that cannot be read", 2)
    assert line["identities"] == [f"{EVE}: its JSON is nested too deeply", "without an id: its id is no UUID"]


def _counted() -> dict[str, float]:
    found = ("unreadable", "refused", "inactive", "known", "missing", "held", "changed")
    name = "postroom_swept_identities_total"
    return {each: REGISTRY.get_sample_value(name, {"found": each}) or 0 for each in found}
