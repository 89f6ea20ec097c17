"""The ports of people's mailboxes. Adapters implement them, and so do tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from postroom.mailboxes.preparation import MailboxRecord


@dataclass(frozen=True, slots=True)
class MailAccount:
    """The mailbox of an identity, ready for use. `account_id` is its JMAP accountId at the mail server."""

    identity_id: UUID
    email: str
    account_id: str


class MailAccounts(Protocol):
    """The provisioned mailboxes. Raises `DatabaseUnavailable`."""

    async def of(self, identity_id: UUID) -> MailAccount | None: ...


class MailboxRecords(Protocol):
    """What is shown to people of their mailboxes. Raises `DatabaseUnavailable`."""

    async def of(self, identity_ids: Sequence[UUID]) -> Sequence[MailboxRecord]:
        """The record of each, in one read."""
        ...

    async def changed(self, known: Mapping[UUID, str | None]) -> Mapping[UUID, str]:
        """The present version of each record that is not in the `known` version; None: it was not read yet."""
        ...


class MailAuthorization(Protocol):
    """How Postroom acts for a person at the mail server: by impersonation or by an app password."""

    async def header(self, account: MailAccount) -> str:
        """The value of `Authorization`. Raises `MailServerError`s and `DatabaseUnavailable`."""
        ...

    async def refused(self, account: MailAccount, header: str) -> bool:
        """The mail server answered 401 to `header`: drop it. True if a new one may be tried once. Raises
        `MailServerError`s and `DatabaseUnavailable`."""
        ...
