"""One attempt of a change: what Kratos says goes before the mail server is asked, and without it nothing is given."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from fakes import request_of
from postroom.domain.account_change import Addresses, Alias, Because, Holder, Login, Observed, Permissions, Role
from postroom.domain.difference import Kind
from postroom.domain.identity import AddressPolicy, Identity
from postroom.domain.request import RequestStep
from postroom.domain.wish import Wish, Wishing
from postroom.errors import DatabaseUnavailable, KratosUnavailable, Unstorable
from postroom.provisioning.mailbox_changes import READS, MailboxChanges
from postroom.provisioning.wishes import Wishes, Written
from simulation.account_model import OURS, AccountModel

NOW = datetime(2026, 12, 1, tzinfo=UTC)
A, B, C = (f"{name}@example.org" for name in "abc")
BEN = UUID(int=7)
OFF = Login(Permissions.MERGE, off=True, sole=True)


class Rows:
    """`email_requests` and `addresses` of one identity."""

    def __init__(self, known: Wishing) -> None:
        self.known: Wishing | None = known
        self.own = {known.email: Role.HELD}
        self.others: dict[str, Holder] = {}
        self.dropped = 0
        self.unstorable = False
        self.asked: list[Collection[str]] = []
        self.doubts: list[tuple[Kind, str | None]] = []
        self.ended: list[Kind] = []

    async def read(self, identity_id: UUID) -> Wishing | None:
        return self.known

    async def write(self, known: Wishing, wish: Wish, *, action: str) -> Written | None:
        assert self.known
        if self.unstorable:
            raise Unstorable("DataError")
        if self.dropped:
            self.dropped -= 1
            return None
        new = (wish.email or known.email, wish.name or known.name, wish.because)
        is_new = new != (known.email, known.name, known.because)
        email, name, because = new
        if wish.email and email not in self.own | self.others:
            self.own[email] = Role.WANTED
        self.known = replace(known, email=email, name=name, because=because, goal=known.goal + is_new)
        request = request_of(known.identity_id, step=RequestStep.CHANGE, goal=self.known.goal)
        return Written(request, wish, is_new)

    async def addresses(self, identity_id: UUID, asked: Collection[str]) -> Addresses:
        self.asked.append(asked)
        return Addresses(self.own, {each: holder for each, holder in self.others.items() if each in asked})

    async def store(self, found: Sequence[Any], ended: Sequence[tuple[UUID, Kind]], **_: Any) -> Mapping[Kind, int]:
        self.doubts += [(each.kind, each.seen) for each in found]
        self.ended += [kind for _, kind in ended]
        return {}


class World:
    def __init__(self, *, account: Observed | None = None, **known: Any) -> None:
        self.server = AccountModel(account or Observed(OURS, A, "Ann"), Observed("theirs", "else@example.org"))
        usual = Wishing(self.server.identity_id, NOW, A, "Ann", version=NOW, goal=1)
        self.rows = Rows(replace(usual, **known))
        self.kratos: Identity | KratosUnavailable | None = self.identity()
        wishes = Wishes(self.rows, self.rows, AddressPolicy({"example.org"}, set()))  # type: ignore[arg-type]
        self.changes = MailboxChanges(wishes, self, self.server)  # type: ignore[arg-type]

    def identity(self, email: str = A, *, active: bool = True, version: datetime = NOW) -> Identity:
        return Identity(self.server.identity_id, {"email": email, "name": "Ann"}, active, updated_at=version)

    async def read(self, identity_id: UUID) -> Identity | None:
        if isinstance(self.kratos, KratosUnavailable):
            raise self.kratos
        return self.kratos

    async def attempt(self) -> Any:
        return await self.changes.attempt(self.server.identity_id, lambda: 1.0)

    @property
    def account(self) -> Observed:
        return self.server.accounts[OURS]


async def test_attempt_gives_what_the_identity_wants_now_and_names_that_goal() -> None:
    """Its goal may be older: somebody changed the address again since."""
    world = World(email=C)
    world.kratos = world.identity(B)
    changed = await world.attempt()
    assert (world.account.email, changed.goal, changed.nearer.next, changed.unasked) == (B, 2, None, None)


async def test_addresses_of_all_that_the_account_has_are_asked_for() -> None:
    """Somebody may have given it an alias that the records give to somebody else."""
    world = World(account=Observed(OURS, A, "Ann", (Alias(C),)))
    world.rows.others[C] = Holder(BEN, Role.HELD)
    world.kratos = world.identity(B)
    with capture_logs() as logs:
        await world.attempt()
    assert set(world.rows.asked[0]) == {A, B, C}
    assert world.account.aliases == (Alias(C, enabled=False),)
    assert world.account.email == A, "what takes away goes alone"
    assert not [each for each in logs if each["log_level"] == "error"], "it is disabled"


@pytest.mark.parametrize("kratos", [KratosUnavailable("away"), None], ids=["away", "gone"])
async def test_nothing_is_given_while_kratos_does_not_say_what_the_identity_wants(kratos: Any) -> None:
    world = World(account=Observed(OURS, A, "Ann", login=OFF, note=frozenset([Because.INACTIVE])), email=B)
    world.kratos = kratos
    changed = await world.attempt()
    assert (world.account.email, world.account.login.off) == (A, True)
    assert changed.unasked
    assert changed.nearer.next


@pytest.mark.parametrize(
    ("known", "kratos", "is_off"),
    [
        ({"because": Because.INACTIVE}, KratosUnavailable("away"), True),
        ({"is_suspended": True}, KratosUnavailable("away"), True),
        ({"because": Because.ABSENT}, KratosUnavailable("away"), False),
        ({"because": Because.ABSENT}, None, True),
    ],
    ids=["inactive", "operator", "absent", "absent again"],
)
async def test_login_is_switched_off_from_the_record_and_for_an_absent_one_only_if_kratos_says_so_again(
    known: Any, kratos: Any, is_off: bool
) -> None:
    world = World(**known)
    world.kratos = kratos
    await world.attempt()
    assert world.account.login.off is is_off


@pytest.mark.parametrize("is_absent", [True, False])
async def test_identity_that_whole_passes_and_this_attempt_do_not_find_is_locked_out(is_absent: bool) -> None:
    world = World(is_absent=is_absent)
    world.kratos = None
    changed = await world.attempt()
    assert (world.account.because, changed.goal) == (({Because.ABSENT}, 2) if is_absent else (frozenset(), 1))
    assert world.rows.ended == [Kind.ABSENT] * is_absent


async def test_identity_that_is_there_again_ends_absent_whatever_its_version() -> None:
    world = World(account=Observed(OURS, A, "Ann", login=OFF, note=frozenset([Because.ABSENT])), because=Because.ABSENT)
    world.kratos = world.identity(B, version=NOW - timedelta(days=1))
    await world.attempt()
    assert (world.account.email, world.account.login.off) == (A, False)


async def test_older_version_is_not_followed_and_alarms_once() -> None:
    world = World()
    older = NOW - timedelta(days=1)
    world.kratos = world.identity(B, version=older)
    with capture_logs() as logs:
        await world.attempt()
        assert world.rows.known
        world.rows.known = replace(world.rows.known, doubts=[Kind.OLDER])
        await world.attempt()
    assert world.account.email == A
    assert (Kind.OLDER, older.isoformat()) in world.rows.doubts
    assert [each["event"] for each in logs] == ["Identity is older than it was: it is not followed"]


async def test_part_that_waits_for_an_operator_is_a_doubt_and_the_rest_is_followed() -> None:
    world = World(renamed_lately=True, doubts=[Kind.INACTIVE, Kind.ADDRESS])
    world.kratos = world.identity(B)
    await world.attempt()
    assert world.rows.doubts == [(Kind.RENAME, B)]
    assert world.rows.ended == [Kind.INACTIVE], "the sweep reports an address that cannot be assigned"


@pytest.mark.parametrize(("dropped", "email"), [(1, B), (READS, A)])
async def test_identity_is_read_again_when_somebody_else_wrote_meanwhile(dropped: int, email: str) -> None:
    world = World()
    world.kratos, world.rows.dropped = world.identity(B), dropped
    changed = await world.attempt()
    assert (world.account.email, changed.unasked is None) == (email, email == B)


async def test_wish_that_cannot_be_stored_is_not_followed() -> None:
    world = World()
    world.kratos, world.rows.unstorable = world.identity(B), True
    assert (await world.attempt()).unasked
    assert world.account.email == A


async def test_request_that_is_gone_changes_nothing() -> None:
    world = World()
    world.rows.known = None
    with pytest.raises(DatabaseUnavailable):
        await world.attempt()


@pytest.mark.parametrize(
    ("name", "login", "notified"), [("Anna", Login(), True), ("Ann", Login(), False), ("Anna", OFF, False)]
)
async def test_person_gets_the_new_name_of_an_account_that_can_log_in(name: str, login: Login, notified: bool) -> None:
    world = World(account=Observed(OURS, A, name, login=login, note=frozenset([Because.INACTIVE] if login.off else [])))
    world.kratos = world.identity(active=not login.off)
    names: list[tuple[str | None, Collection[str]]] = []

    async def renamed(_: UUID, account: Observed, given: Collection[str]) -> None:
        names.append((account.name, given))

    world.changes.renamed = renamed
    changed = await world.attempt()
    await world.changes.settled(world.server.identity_id, changed.nearer)
    assert names == ([("Ann", ["Anna"])] if notified else [])
