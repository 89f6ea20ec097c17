"""The mail server in memory: addresses stay unique over accounts and marks, whatever the requests are."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from postroom.domain.mailbox import Mailbox, StalwartAccount, mark_of
from postroom.errors import Conflict, MailServerError, Misconfigured, Permanent, Transient


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    email: str
    mark: str | None
    """None for a stranger's mailbox"""


class MailModel:
    """`ill` makes the error that it answers while it is unhealthy; `refused` are addresses that it never creates,
    `poison` those whose create kills the calling process."""

    def __init__(self) -> None:
        self.accounts: list[Account] = []
        self._by_mark: dict[str, Account] = {}
        self._addresses: set[str] = set()
        self.seconds = 0.0
        """seconds to create or find a mailbox"""
        self.ill: Callable[[], MailServerError] | None = None
        self.full = False
        """its store accepts no writes, but reads work"""
        self.makes_none: Callable[[], MailServerError] | None = None
        """makes the error of every create, also of ours, although the server is healthy"""
        self._has_probe = False
        self.refused: set[str] = set()
        self.poison: set[str] = set()
        self.fails: Callable[[Mailbox], MailServerError | None] = lambda _: None
        """the error of a create although the server is healthy"""
        self.creates: Counter[UUID] = Counter()
        self.failures_while_healthy: Counter[UUID] = Counter()
        """transient failures of attempts after which the health check succeeded"""

    def create(self, mailbox: Mailbox) -> StalwartAccount:
        if error := self.fails(mailbox):
            raise error
        self._serve()
        if self.makes_none:
            raise self.makes_none()
        self.creates[mailbox.identity_id] += 1
        if ours := self.find(mailbox):
            return ours
        if self.full:
            raise Transient("mail server answered serverUnavailable", outcome_unknown=True)
        if mailbox.email in self.refused:
            raise Permanent("invalidProperties: the address is refused")
        if mailbox.email in self._addresses:
            raise Conflict(f"{mailbox.email} is held by a stranger")
        account = Account(f"a{len(self.accounts)}", mailbox.email, mark_of(mailbox.identity_id))
        self.add(account)
        return StalwartAccount(account.id, account.email)

    def add(self, account: Account) -> None:
        self.accounts.append(account)
        self._addresses.add(account.email)
        if account.mark:
            self._by_mark[account.mark] = account

    def find(self, mailbox: Mailbox) -> StalwartAccount | None:
        self._serve()
        account = self._by_mark.get(mark_of(mailbox.identity_id))
        return StalwartAccount(account.id, account.email) if account else None

    def health_check(self) -> MailServerError | None:
        if self.full:
            return Transient("mail server does not write: serverUnavailable")
        problem = self.ill() if self.ill else None
        return None if isinstance(problem, Misconfigured) and problem.domain else problem

    def create_probe(self) -> None:
        self._serve()
        if self.makes_none:
            raise self.makes_none()
        if self.full and not self._has_probe:
            raise Transient("mail server answered serverUnavailable", outcome_unknown=True)
        self._has_probe = True

    def _serve(self) -> None:
        if self.ill:
            raise self.ill()
