"""App passwords: what a mail program, or Postroom itself, logs in with instead of a person's own password."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from postroom.errors import Permanent
from postroom.mail.ports import MailAccount

WEBMAIL = "Postroom webmail"
"""The name of those that Postroom makes for itself; no device is called so."""


@dataclass(frozen=True, slots=True)
class AppPassword:
    """`id` is unique among those of one account, and may be given again after a revocation (seen on Stalwart
    0.16.19). `expires_at` is None if it does not expire."""

    id: str
    name: str
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewAppPassword:
    """`secret` is told this once; the mail server keeps its hash alone."""

    app_password: AppPassword
    secret: str = field(repr=False)


class TooManyAppPasswords(Permanent):
    """The account has as many as it may have. `limit` is that number, None if the mail server does not say it."""

    def __init__(self, limit: int | None) -> None:
        super().__init__(f"the mailbox has {limit or 'all the'} app passwords already that it may have")
        self.limit = limit


class AppPasswords(Protocol):
    """The app passwords at the mail server. Raises `MailServerError`s and `DatabaseUnavailable`."""

    async def of(self, account: MailAccount) -> Sequence[AppPassword]:
        """Oldest first."""
        ...

    async def make(self, account: MailAccount, name: str, expires_at: datetime | None = None) -> NewAppPassword:
        """It reads and sends mail, and cannot make or revoke passwords by itself. Raises `TooManyAppPasswords`."""
        ...

    async def revoke(self, account: MailAccount, app_password_id: str) -> bool:
        """False if there is none with this id."""
        ...


@dataclass(frozen=True, slots=True)
class MailCredential:
    """The app password that Postroom keeps for a person. `sealed` is its secret, encrypted; `age` is in seconds."""

    identity_id: UUID
    account_id: str
    app_password_id: str
    sealed: bytes = field(repr=False)
    age: float = 0.0


class MailCredentials(Protocol):
    """Where Postroom keeps its own app passwords, one a person. Raises `DatabaseUnavailable`."""

    async def of(self, identity_id: UUID) -> MailCredential | None: ...

    async def keep(self, credential: MailCredential, *, instead_of: MailCredential | None) -> bool:
        """False, and nothing kept, if there is another one than `instead_of` by now."""
        ...
