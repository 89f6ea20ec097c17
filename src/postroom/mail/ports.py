"""The ports of the mail half. Adapters implement them, and so do tests."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from postroom.domain.arrival import CreatedEmail
from postroom.domain.guess import Before, Guess
from postroom.domain.person import Person, Scope
from postroom.errors import PostroomError
from postroom.mail.preparation import MailboxRecord


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


@dataclass(frozen=True, slots=True)
class Visitor:
    """`set_cookie`: Kratos' cookies to pass on to the browser. `login_page`: Kratos' login page for browsers, None if
    unknown."""

    person: Person
    set_cookie: Sequence[str] = ()
    login_page: str | None = None


class Sessions(Protocol):
    """The sessions of Kratos."""

    async def whoami(self, *, cookie: str | None = None, token: str | None = None, refresh: bool = False) -> Visitor:
        """`refresh`: bypass the cache. Raises `NoSession`, `SecondFactorDue`, and `KratosUnavailable` if Kratos sends
        no response that can be trusted."""
        ...

    def forget(self, *, cookie: str | None = None, token: str | None = None) -> None:
        """The person logs out: drop this credential from the cache."""
        ...

    def forget_person(self, identity_id: UUID) -> None:
        """The person ended sessions that are used elsewhere: drop all of theirs from the cache."""
        ...


class Identities(Protocol):
    """The identities of Kratos."""

    async def is_active(self, identity_id: UUID) -> bool:
        """False for one that is inactive or deleted. Raises `KratosUnavailable` if Kratos sends no response that can be
        trusted."""
        ...


@dataclass(frozen=True, slots=True)
class AccessToken:
    """`last_used_at` is exact to the minute."""

    id: UUID
    identity_id: UUID
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None


class AccessTokens(Protocol):
    """Tokens for programs, stored as hashes. Raises `DatabaseUnavailable`."""

    async def add(self, token: AccessToken, token_hash: bytes, *, limit: int) -> None:
        """Raises `Refused` if the person already has `limit` live ones."""
        ...

    async def find(self, token_hash: bytes) -> AccessToken | None:
        """The token, unless it has expired; records its use."""
        ...

    async def of(self, identity_id: UUID) -> Sequence[AccessToken]:
        """The live ones, oldest first."""
        ...

    async def revoke(self, identity_id: UUID, token_id: UUID) -> bool:
        """Every process is notified. False if the person has no such token."""
        ...


class People(Protocol):
    """Identifies the sender of a request."""

    async def identify(self, method: str, headers: Mapping[str, str], *, refresh: bool = False) -> Visitor:
        """`headers` have lower-case names; `refresh`: ask Kratos for the session, bypassing the cache. Raises
        `NoSession`, `SecondFactorDue`, `CrossSite`, `KratosUnavailable`, `DatabaseUnavailable`."""
        ...


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """An event for a client: a hint without content. `id` increases with every event, over all people."""

    id: int
    identity_id: UUID
    type: str
    """`mail`: new mail in the inbox; `settings`: they were changed; `mailbox`: the mailbox is not ready any more"""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def hint(self) -> dict[str, Any]:
        """What a client receives, whatever the transport. By the id it can drop duplicates."""
        return {"id": self.id, "type": self.type, "data": dict(self.data)}


class Publisher(Protocol):
    """Publishes events to clients of all processes. Repeating an event is safe: its id identifies it."""

    async def publish(self, events: Sequence[LiveEvent]) -> Sequence[LiveEvent]:
        """Returns the events that can never be published (a misconfigured channel). Raises `PublisherUnavailable`: try
        again."""
        ...

    async def disconnect(self, identity_id: UUID) -> None:
        """End the live connections of a person who logged out or was suspended. Raises `PublisherUnavailable`."""
        ...


class Outbox(Protocol):
    """Events, committed together with their cause, until they are published. Raises `DatabaseUnavailable`."""

    async def claim(self, limit: int) -> Sequence[LiveEvent]:
        """Events of at most `limit` people to publish now, oldest first. For 10 s no other process can claim events of
        these people, so that none overtakes. Claim again after publishing, until there are none."""
        ...

    async def published(self, ids: Sequence[int]) -> None: ...

    async def release(self, ids: Sequence[int]) -> None:
        """They could not be published: the next claim returns them again."""
        ...

    async def after(self, identity_id: UUID, event_id: int, limit: int) -> Sequence[LiveEvent] | None:
        """The events that a client missed after `event_id`; None if that is too long ago."""
        ...

    async def newest(self, identity_id: UUID) -> int | None:
        """The id of the person's newest stored event, None if there is none."""
        ...

    async def settled(self) -> int:
        """The id up to which every event was published at least a minute ago: a client that is up to date has got all
        of its own events up to it, although its own last id may be lower."""
        ...

    async def prune(self) -> int:
        """Delete events that were published more than 10 minutes ago, or could not be published for a day."""
        ...


@dataclass(frozen=True, slots=True)
class MailState:
    """The state from which `Email/changes` of an account continues. `email_state` is None before the first poll; `age`:
    seconds since the last poll."""

    account: MailAccount
    email_state: str | None
    age: float = 0.0


class MailStates(Protocol):
    """The watched accounts: those of people who were online within the last day. Raises `DatabaseUnavailable`."""

    async def watch(self, account: MailAccount) -> MailState:
        """The person is online."""
        ...

    async def watched(self, account_ids: Sequence[str]) -> Sequence[MailState]:
        """Those of `account_ids` that are watched."""
        ...

    async def advance(self, state: MailState, email_state: str, events: Sequence[Mapping[str, Any]]) -> bool:
        """Store, in one commit, the new state and an event (type `mail`) for each of `events`. False, and nothing
        stored, if another process has advanced it from `state` first."""
        ...

    def stale(self, seconds: float) -> AsyncIterator[Sequence[MailState]]:
        """Pages of the watched accounts that were not polled for so long."""
        ...

    async def forget(self) -> int:
        """Delete the accounts that are not watched any more. A person who comes back starts again."""
        ...


class Guesses(Protocol):
    """The guesses of passwords and codes that were wrong or have no answer yet."""

    async def add(self, guess: Guess) -> Before:
        """Those before this one. It counts at once: of many requests at the same time none must slip through."""
        ...

    async def remove(self, guess: Guess) -> None:
        """It was right, or nobody has checked it."""
        ...

    async def remember(self, name: str, addresses: str, moment: float) -> None:
        """Whose guesses will follow under this name: that of a session which lacks the second factor, or of a flow."""
        ...

    async def addresses_of(self, name: str) -> str | None: ...


class HistoryLost(PostroomError):
    """The mail server cannot calculate the changes since that state (RFC 8620 §5.2)."""


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """`created`: new emails that still exist. `roles`: by the id of a mailbox, if it has one. `state`: after this
    page."""

    created: Sequence[CreatedEmail]
    roles: Mapping[str, str]
    state: str


class MailChanges(Protocol):
    """Raises `MailServerError`s and `DatabaseUnavailable`."""

    async def current_state(self, account: MailAccount) -> str:
        """The current state of Email."""
        ...

    def since(self, account: MailAccount, email_state: str) -> AsyncGenerator[ChangesPage]:
        """All pages of changes since then, at least one. Raises `HistoryLost`, too."""
        ...


class MailListener(Protocol):
    """Raises `MailServerError`s and `DatabaseUnavailable` if it does not help to listen again at once."""

    def listen(self, account: MailAccount) -> AsyncGenerator[str | None]:
        """Yields when something may have changed: the new state of Email, None if unknown. Yields first when listening
        begins, and again after each interruption. Ends if the server ends it."""
        ...
