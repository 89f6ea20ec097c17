"""Finds the identity that an operator means, and asks Kratos, PostgreSQL and Stalwart for it at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from postroom.domain.account_change import Observed
from postroom.domain.address import stored_form
from postroom.domain.identity import AddressPolicy, Identity, as_sent
from postroom.errors import ConfigurationError, PostroomError, Refused
from postroom.kratos.identities import KratosIdentities
from postroom.operations.overview import NOBODY, Overview, Source
from postroom.operations.timeline import SUPPORT_NUMBER
from postroom.postgres.whole_record import OnRecord, WholeRecords
from postroom.provisioning.ports import FoundAccount
from postroom.stalwart.account_changes import StalwartAccountChanges
from postroom.stalwart.accounts import StalwartAccounts

T = TypeVar("T")

LIMIT = 2.0
"""Seconds for each source."""

MOST = 20
"""Identities that are listed, of those whom an address may mean."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The identities that an address may mean, each with the places where it was found."""

    who: str
    found: Mapping[UUID, Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Meant:
    found: dict[UUID, list[str]] = field(default_factory=dict[UUID, list[str]])
    accounts: Sequence[FoundAccount] = ()


class Overviews:
    """`kratos` is None where its admin API is not configured. `ready` raises what prevents the use of PostgreSQL."""

    def __init__(
        self,
        kratos: KratosIdentities | None,
        records: WholeRecords,
        accounts: StalwartAccounts,
        changes: StalwartAccountChanges,
        policy: AddressPolicy,
        *,
        follows: bool,
        ready: Callable[[], Awaitable[object]],
    ) -> None:
        self._kratos = kratos
        self._records = records
        self._accounts = accounts
        self._changes = changes
        self._policy = policy
        self._follows = follows
        self._ready = ready

    async def of(self, who: str) -> Overview | Candidates:
        """`who` is an identity's id, an address, or a support number. Raises `Refused` if nothing is known of it."""
        asking = _Asking()
        try:
            meant = _Meant({UUID(who): []})
        except ValueError:
            meant = await self._meant(asking, who)
        if len(meant.found) > 1:
            return Candidates(who, meant.found)
        overview = await self._overview(asking, meant)
        if not (overview.identity or overview.account or overview.strangers or _is_on_record(overview)):
            raise Refused("unknown", _unknown(who, overview.silent))
        return overview

    async def _meant(self, asking: "_Asking", who: str) -> _Meant:
        stored = stored_form(as_sent(who) or "")
        concerned, identities, accounts = await asyncio.gather(
            asking.ask(Source.POSTGRESQL, self._concerned, stored),
            asking.ask(Source.KRATOS, self._with_identifier, who),
            asking.ask(Source.STALWART, self._at_address, stored),
        )
        meant = _Meant(accounts=accounts or ())
        marked = [(each, "its account at Stalwart") for account in meant.accounts for each in account.marked_for]
        logs_in = [(each, "its login at Kratos") for each in identities or ()]
        for identity_id, how in (*(concerned or ()), *logs_in, *marked):
            meant.found.setdefault(identity_id, []).append(how)
        if not meant.found and not meant.accounts:
            former = await asking.ask(Source.POSTGRESQL, self._former, who)
            meant.found.update({each: ["it asked for the address once"] for each in former or ()})
        return meant

    async def _overview(self, asking: "_Asking", meant: _Meant) -> Overview:
        identity_id = next(iter(meant.found), None)
        identity, on_record, account, addresses = None, None, None, NOBODY
        if identity_id:
            identity, on_record, account = await asyncio.gather(
                asking.ask(Source.KRATOS, self._identity, identity_id),
                asking.ask(Source.POSTGRESQL, self._on_record, identity_id),
                asking.ask(Source.STALWART, self._observe, identity_id),
            )
        if identity_id and on_record and on_record.record:
            asked = {on_record.record.wishing.email, *(account.addresses if account else ())}
            addresses = (
                await asking.ask(Source.POSTGRESQL, self._records.wishes.addresses, identity_id, asked) or NOBODY
            )
        return Overview(
            identity_id,
            identity,
            on_record,
            account,
            self._policy,
            self._follows,
            addresses,
            [each for each in meant.accounts if identity_id not in each.marked_for],
            asking.silent,
        )

    async def _concerned(self, stored: str) -> list[tuple[UUID, str]]:
        await self._ready()
        return [(each, f"on record: {how}") for each, how in await self._records.concerned(stored, limit=MOST)]

    async def _former(self, who: str) -> list[UUID]:
        found = await self._records.former(who, limit=MOST)
        if not found and SUPPORT_NUMBER.fullmatch(who.strip()):
            found = await self._records.of_number(who.strip(), limit=MOST)
        return found

    async def _on_record(self, identity_id: UUID) -> OnRecord:
        await self._ready()
        return await self._records.of(identity_id)

    async def _with_identifier(self, who: str) -> list[UUID]:
        return [each.id for each in await self._admin.with_identifier(who.strip().lower())]

    async def _identity(self, identity_id: UUID) -> Identity | None:
        return await self._admin.read(identity_id)

    @property
    def _admin(self) -> KratosIdentities:
        if self._kratos is None:
            raise ConfigurationError("POSTROOM_KRATOS_ADMIN_URL is not set")
        return self._kratos

    async def _observe(self, identity_id: UUID) -> Observed | None:
        return await self._changes.observe(identity_id, deadline=LIMIT)

    async def _at_address(self, stored: str) -> list[FoundAccount]:
        return await self._accounts.at_address(stored, deadline=LIMIT) if "@" in stored else []


class _Asking:
    """Who did not answer is not asked again."""

    def __init__(self) -> None:
        self.silent: dict[Source, str] = {}

    async def ask(self, source: Source, asked: Callable[..., Awaitable[T]], *arguments: object) -> T | None:
        if source in self.silent:
            return None
        try:
            async with asyncio.timeout(LIMIT):
                return await asked(*arguments)
        except TimeoutError:
            self.silent[source] = f"no response within {LIMIT:g} s"
        except PostroomError as error:
            self.silent[source] = error.with_fix
        return None


def _is_on_record(overview: Overview) -> bool:
    return bool(overview.on_record and (overview.on_record.record or overview.on_record.log))


def _unknown(who: str, silent: Mapping[Source, str]) -> str:
    not_asked = "".join(f"; {each} does not say: {why}" for each, why in silent.items())
    return f"nothing is known of {who}; give an address, or the id of a Kratos identity{not_asked}"
