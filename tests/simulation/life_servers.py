"""Kratos and the mail server of whole lives, in memory. The mail server changes accounts by the rules of Stalwart."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeVar
from uuid import UUID

from fakes import uncalled
from postroom.domain.account_change import Alias, Observed, Step
from postroom.domain.identity import Identity
from postroom.domain.mailbox import Mailbox, StalwartAccount
from postroom.domain.missing import Sighting
from postroom.errors import Conflict, KratosUnavailable, MailServerError, Transient
from postroom.provisioning.change_attempt import Read
from postroom.provisioning.ports import IdentityPage, Seen
from simulation.account_model import Killed, login_after, receives

T = TypeVar("T")


class LifeKratos:
    """Its identities by id; `version` is the clock of `updated_at`, which never goes back, whatever is restored."""

    def __init__(self) -> None:
        self.identities: dict[UUID, Identity] = {}
        self.away = False
        self._version = datetime(2026, 1, 1, tzinfo=UTC)

    def put(self, identity_id: UUID, email: str, *, active: bool = True) -> None:
        self._version += timedelta(seconds=1)
        before = self.identities.get(identity_id)
        created = before.created_at if before else self._version
        traits = {"email": email, "name": email}
        self.identities[identity_id] = Identity(identity_id, traits, active, created, self._version)

    async def read(self, identity_id: UUID) -> Identity | None:
        self._require()
        return self.identities.get(identity_id)

    async def existing(self, identity_ids: Sequence[UUID]) -> set[UUID]:
        self._require()
        return {each for each in identity_ids if each in self.identities}

    async def page(self, token: str | None) -> IdentityPage:
        self._require()
        return IdentityPage(sorted(self.identities.values(), key=lambda each: each.id), None)

    def _require(self) -> None:
        if self.away:
            raise KratosUnavailable("Kratos is away")


class LifeMailServer:
    """Accounts by their ids, with the identity that the mark of each names. `meanwhile` is awaited around each request:
    what others do at that moment. A fault meets a request before or after its effect, kills its process, or lets the
    effect come late."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.accounts: dict[str, Observed] = {}
        self.marks: dict[str, UUID] = {}
        self.fault_rate = 0.0
        self.late: list[Callable[[], object]] = []
        """updates whose client has gone, and which arrive later"""
        self.gave: list[tuple[UUID, str]] = []
        """addresses that our requests let an account receive mail to"""
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        self._number = 0

    def of(self, identity_id: UUID) -> Observed | None:
        return next((self.accounts[each] for each, mark in self.marks.items() if mark == identity_id), None)

    def holder(self, address: str) -> str | None:
        return next((number for number, each in self.accounts.items() if address in each.addresses), None)

    def put(self, changed: Observed) -> MailServerError | None:
        """Somebody changes an account, or a request of ours."""
        for address in changed.addresses:
            if (holder := self.holder(address)) not in (None, changed.account_id):
                return Conflict(f"{address} is held by the account {holder}")
        self.accounts[changed.account_id] = changed
        return None

    async def create(self, mailbox: Mailbox, *, deadline: float) -> StalwartAccount:
        return await self._exchange(lambda: self._create(mailbox))

    async def find(self, mailbox: Mailbox, *, deadline: float) -> StalwartAccount | None:
        found = await self._exchange(lambda: self.of(mailbox.identity_id))
        return found and StalwartAccount(found.account_id, found.email)

    async def observe(self, identity_id: UUID, *, deadline: float) -> Observed | None:
        return await self._exchange(lambda: self.of(identity_id))

    async def change(self, identity_id: UUID, observed: Observed, step: Step, *, deadline: float) -> Read:
        return await self._exchange(lambda: self._change(observed.account_id, step))

    async def look_up(self, accounts: Mapping[UUID, str], *, deadline: float) -> Mapping[UUID, Seen]:
        return {each: self._seen(each, number) for each, number in accounts.items()}

    count = page = uncalled

    async def health_check(self) -> None:
        return None

    create_probe = change_probe = health_check

    def _seen(self, identity_id: UUID, number: str) -> Seen:
        if number not in self.accounts:
            return Seen(Sighting.MISSING)
        if self.marks[number] != identity_id:
            return Seen(Sighting.UNMARKED)
        return Seen(Sighting.PRESENT, self.accounts[number])

    def _create(self, mailbox: Mailbox) -> StalwartAccount:
        if ours := self.of(mailbox.identity_id):
            return StalwartAccount(ours.account_id, ours.email)
        self._number += 1
        made = Observed(f"k{self._number}", mailbox.email, mailbox.display_name)
        if refused := self.put(made):
            raise refused
        self.marks[made.account_id] = mailbox.identity_id
        self.gave.append((mailbox.identity_id, mailbox.email))
        return StalwartAccount(made.account_id, made.email)

    def _change(self, number: str, step: Step) -> Read:
        first = self.accounts.get(number)
        if first is None:
            raise Transient("mail server does not show the account any more")
        changed = replace(first, email=step.email or first.email, name=step.name or first.name)
        if step.aliases is not None:
            aliases = tuple(each for each in step.aliases if each.address != changed.email)
            changed = replace(changed, aliases=aliases, note=step.note)
        if step.login is not None:
            changed = replace(changed, login=login_after(first.login, on=step.login))
        error = self.put(changed)
        last = self.accounts[number]
        self.gave += [(self.marks[number], each) for each in sorted(receives(last) - receives(first))]
        return Read(first, last, error)

    async def _exchange(self, effect: Callable[[], T]) -> T:
        if self.meanwhile:
            await self.meanwhile()
        cut = Transient("cut", outcome_unknown=True)
        match self._chance.choice(["before", "after", "late", "killed"]) if self._draw() else None:
            case "before":
                raise cut
            case "late":
                self.late.append(effect)
                raise cut
            case "after":
                effect()
                raise cut
            case "killed":
                effect()
                raise Killed
            case _:
                return effect()

    def _draw(self) -> bool:
        return self._chance.random() < self.fault_rate

    def arrive(self) -> None:
        """What was late arrives."""
        late, self.late = self.late, []
        for effect in late:
            try:
                effect()
            except MailServerError:
                continue  # the server refuses it, and nobody hears that

    def hand(self, number: str, what: str, address: str) -> None:
        """Somebody changes an account by hand."""
        account = self.accounts[number]
        if what == "rename" and address not in account.addresses:
            self.put(replace(account, email=address))
        elif what == "alias" and address not in account.addresses:
            self.put(replace(account, aliases=(*account.aliases, Alias(address))))
        elif what == "lock":
            self.put(replace(account, login=login_after(account.login, on=False)))
        elif what == "unlock":
            self.put(replace(account, login=login_after(account.login, on=True)))
