"""App passwords: mail programs and Postroom itself log in with them instead of a person's own password."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from postroom.errors import Permanent
from postroom.mailboxes.ports import MailAccount

WEBMAIL = "Postroom webmail"
"""The name of the app passwords that Postroom makes for itself; a device cannot have it."""


@dataclass(frozen=True, slots=True)
class AppPassword:
    """`id` is unique within an account, but may be reused after a revocation (seen on Stalwart 0.16.19). `expires_at`
    is None if it does not expire."""

    id: str
    name: str
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewAppPassword:
    """`secret` is shown once; the mail server stores only its hash."""

    app_password: AppPassword
    secret: str = field(repr=False)


class TooManyAppPasswords(Permanent):
    """The account has reached its limit of app passwords. `limit` is None if the mail server does not state it."""

    def __init__(self, limit: int | None) -> None:
        super().__init__(f"the mailbox has reached its limit of {f'{limit} ' if limit else ''}app passwords")
        self.limit = limit


class AppPasswords(Protocol):
    """The app passwords at the mail server. Raises `MailServerError`s and `DatabaseUnavailable`."""

    async def of(self, account: MailAccount) -> Sequence[AppPassword]:
        """Oldest first."""
        ...

    async def make(self, account: MailAccount, name: str, expires_at: datetime | None = None) -> NewAppPassword:
        """It can read and send mail, but not make or revoke app passwords. Raises `TooManyAppPasswords`."""
        ...

    async def revoke(self, account: MailAccount, app_password_id: str) -> bool:
        """False if the account has none with this id."""
        ...


@dataclass(frozen=True, slots=True)
class MailCredential:
    """The app password that Postroom stores for a person. `encrypted` is its encrypted secret; `age` is in seconds."""

    identity_id: UUID
    account_id: str
    app_password_id: str
    encrypted: bytes = field(repr=False)
    age: float = 0.0


class MailCredentials(Protocol):
    """The store of Postroom's own app passwords, one for each person. Raises `DatabaseUnavailable`."""

    async def of(self, identity_id: UUID) -> MailCredential | None: ...

    async def store(self, credential: MailCredential, *, instead_of: MailCredential | None) -> bool:
        """False, and nothing stored, if the stored one is not `instead_of` any more."""
        ...
