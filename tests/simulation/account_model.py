"""Accounts of the mail server in memory, which change by the rules of Stalwart (tests/contract)."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

from postroom.domain.account_change import Login, Observed, Permissions, Step
from postroom.errors import Conflict, MailServerError, Misconfigured, Permanent
from postroom.provisioning.change_attempt import Read

OURS, THEIRS = "ours", "theirs"


class Killed(BaseException):
    """The process that asked is gone."""


class AccountModel:
    """Ours carries the mark of the identity. `before`, `after`: called around each request, by its number from 0; they
    may raise. `between`: called once a request was sent, before the server reads the account for it. `doubled`: each
    update arrives twice. `refuses`: addresses whose domain is gone; `no_names`: a new name is refused."""

    def __init__(self, ours: Observed, theirs: Observed) -> None:
        self.identity_id = uuid4()
        self.accounts = {OURS: ours, THEIRS: theirs}
        self.before: Callable[[int], None] = lambda _: None
        self.after: Callable[[int], None] = lambda _: None
        self.between: Callable[[int], None] = lambda _: None
        self.doubled = False
        self.refuses: frozenset[str] = frozenset()
        self.no_names = False
        self.fails: MailServerError | None = None
        """what every update is answered"""
        self.requests = 0
        self.gave: list[str] = []
        """addresses that our updates let the account receive mail to"""

    async def observe(self, identity_id: UUID, *, deadline: float) -> Observed | None:
        number = self._begin()
        found = self.accounts[OURS] if identity_id == self.identity_id else None
        self.after(number)
        return found

    async def change(self, identity_id: UUID, observed: Observed, step: Step, *, deadline: float) -> Read:
        number = self._begin()
        assert identity_id == self.identity_id
        self.between(number)
        first = self.accounts[OURS]
        error = self._update(step)
        if self.doubled:
            self._update(step)
        last = self.accounts[OURS]
        self.gave += sorted(receives(last) - receives(first))
        self.after(number)
        return Read(first, last, error)

    def hand(self, name: str, **changes: object) -> bool:
        """Somebody else changes an account. False if the server refuses it."""
        changed = replace(self.accounts[name], **changes)  # pyright: ignore[reportArgumentType]
        other = self.accounts[THEIRS if name == OURS else OURS]
        if changed.addresses & other.addresses or len(changed.addresses) <= len(changed.aliases):
            return False
        self.accounts[name] = changed
        return True

    def _begin(self) -> int:
        number, self.requests = self.requests, self.requests + 1
        self.before(number)
        return number

    def _update(self, step: Step) -> MailServerError | None:
        ours = self.accounts[OURS]
        if self.fails:
            return self.fails
        if step.email in self.refuses:
            return Misconfigured("the domain is gone", domain=str(step.email).partition("@")[2])
        if step.name and self.no_names:
            return Permanent("the name is refused")
        changed = replace(ours, email=step.email or ours.email, name=step.name or ours.name)
        if step.aliases is not None:
            # Seen on 0.16.19: an alias that is the account's own address is accepted, and changes nothing.
            aliases = tuple(each for each in step.aliases if each.address != changed.email)
            changed = replace(changed, aliases=aliases, note=step.note)
        if step.login is not None:
            changed = replace(changed, login=login_after(ours.login, on=step.login))
        if changed.addresses & self.accounts[THEIRS].addresses:
            return Conflict("held by the account theirs")
        self.accounts[OURS] = changed
        return None


def login_after(login: Login, *, on: bool) -> Login:
    if on:
        return Login() if login.sole else replace(login, off=False)
    return (
        Login(Permissions.MERGE, off=True, sole=True) if login.kind is Permissions.INHERIT else replace(login, off=True)
    )


def receives(account: Observed) -> set[str]:
    """The addresses whose mail is delivered to it."""
    return {account.email, *(each.address for each in account.aliases if each.enabled)}
