"""What the mail half asks of the world. Adapters implement these; tests may, too."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from postroom.domain.arrival import CreatedEmail
from postroom.domain.person import Person, Scope
from postroom.errors import PostroomError


@dataclass(frozen=True, slots=True)
class MailAccount:
    """The mailbox of an identity, ready for use. `account_id` is its JMAP accountId at the mail server."""

    identity_id: UUID
    email: str
    account_id: str


class MailAccounts(Protocol):
    """The provisioned mailboxes. Raises `DatabaseUnavailable`."""

    async def of(self, identity_id: UUID) -> MailAccount | None: ...


class MailAuthorization(Protocol):
    """How we act for a person at the mail server: one interface, whatever the way (impersonation, app password)."""

    async def header(self, account: MailAccount) -> str:
        """The value of `Authorization`. Raises `MailServerError`s and `DatabaseUnavailable`."""
        ...

    async def refused(self, account: MailAccount, header: str) -> bool:
        """The mail server answered 401 to `header`: forget it. True if a fresh one may be tried once. Raises
        `MailServerError`s and `DatabaseUnavailable`."""
        ...


@dataclass(frozen=True, slots=True)
class Visitor:
    """`set_cookie`: what Kratos wants the browser told, to pass on. `login_page`: where Kratos logs a browser in, None
    if it does not say."""

    person: Person
    set_cookie: Sequence[str] = ()
    login_page: str | None = None


class Sessions(Protocol):
    """The sessions of Kratos."""

    async def whoami(self, *, cookie: str | None = None, token: str | None = None, refresh: bool = False) -> Visitor:
        """`refresh`: whatever is remembered. Raises `NoSession`, `SecondFactorDue`, and `KratosUnavailable` when no
        answer of Kratos can be trusted."""
        ...

    def forget(self, *, cookie: str | None = None, token: str | None = None) -> None:
        """The person logs out: what was remembered of this credential counts no more."""
        ...


class Identities(Protocol):
    """The identities of Kratos."""

    async def is_active(self, identity_id: UUID) -> bool:
        """False for one that is inactive or gone. Raises `KratosUnavailable` when no answer of Kratos can be
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
    """Tokens for programs, kept as hashes. Raises `DatabaseUnavailable`."""

    async def add(self, token: AccessToken, token_hash: bytes, *, limit: int) -> None:
        """Raises `Refused` when the person has `limit` live ones already."""
        ...

    async def find(self, token_hash: bytes) -> AccessToken | None:
        """The token, unless it has expired; notes its use."""
        ...

    async def of(self, identity_id: UUID) -> Sequence[AccessToken]:
        """The live ones, oldest first."""
        ...

    async def revoke(self, identity_id: UUID, token_id: UUID) -> bool:
        """Every process hears of it. False if the person has no such token."""
        ...


class People(Protocol):
    """Who sent this request?"""

    async def identify(self, method: str, headers: Mapping[str, str], *, refresh: bool = False) -> Visitor:
        """`headers` with lower-case names; `refresh`: a session as Kratos knows it now. Raises `NoSession`,
        `SecondFactorDue`, `CrossSite`, `KratosUnavailable`, `DatabaseUnavailable`."""
        ...


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """What a screen is told: a hint without content. `id` grows with every event, over all people."""

    id: int
    identity_id: UUID
    type: str
    """`mail`: new mail in the inbox; `mailbox`: the mailbox is not ready any more"""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def hint(self) -> dict[str, Any]:
        """What a screen receives, the same by every way. The id is for dropping what was told twice."""
        return {"id": self.id, "type": self.type, "data": dict(self.data)}


class Publisher(Protocol):
    """Tells screens, over all processes. Repeating an event is safe: it is told by its id once."""

    async def publish(self, events: Sequence[LiveEvent]) -> Sequence[LiveEvent]:
        """The events that can never be announced (a misconfigured channel). Raises `PublisherUnavailable`: try
        again."""
        ...

    async def disconnect(self, identity_id: UUID) -> None:
        """End the live connections of a person who logged out or was suspended. Raises `PublisherUnavailable`."""
        ...


class Outbox(Protocol):
    """Events committed with what caused them, until they were announced. Raises `DatabaseUnavailable`."""

    async def claim(self, limit: int) -> Sequence[LiveEvent]:
        """Events of at most `limit` people to announce now, oldest first. Nobody else is given any event of these
        people for 10 s, so that none overtakes: claim again after outbox_publisher, until there are none."""
        ...

    async def announced(self, ids: Sequence[int]) -> None: ...

    async def release(self, ids: Sequence[int]) -> None:
        """They could not be announced now: whoever claims next gets them."""
        ...

    async def after(self, identity_id: UUID, event_id: int, limit: int) -> Sequence[LiveEvent] | None:
        """What a screen missed after `event_id`; None if that is too long ago to know."""
        ...

    async def newest(self, identity_id: UUID) -> int | None:
        """The id of the person's newest event, None if there is none any more."""
        ...

    async def settled(self) -> int:
        """The id up to which every event was announced a minute ago at least: a screen that is up to date has seen
        all of its own, though it may never have been told so large an id."""
        ...

    async def prune(self) -> int:
        """Forget what was announced more than 10 minutes ago, and what could not be for a day."""
        ...


@dataclass(frozen=True, slots=True)
class MailState:
    """Where `Email/changes` of an account goes on. `email_state` is None before the first look; `age`: seconds since
    somebody looked."""

    account: MailAccount
    email_state: str | None
    age: float = 0.0


class MailStates(Protocol):
    """The accounts whose arrivals are watched: those of people who were on line in the last day. Raises
    `DatabaseUnavailable`."""

    async def watch(self, account: MailAccount) -> MailState:
        """The person is on line."""
        ...

    async def watched(self, account_ids: Sequence[str]) -> Sequence[MailState]:
        """Those of `account_ids` that are watched."""
        ...

    async def advance(self, state: MailState, email_state: str, events: Sequence[Mapping[str, Any]]) -> bool:
        """In one commit: the new state and an event (type `mail`) for each of `events`. False, and nothing done, if
        somebody else advanced it from `state` first."""
        ...

    def stale(self, seconds: float) -> AsyncIterator[Sequence[MailState]]:
        """Pages of the watched accounts that nobody looked at for so long."""
        ...

    async def forget(self) -> int:
        """Drop the accounts that are not watched any more: who comes back begins anew."""
        ...


class HistoryLost(PostroomError):
    """The mail server cannot tell what changed since that state (RFC 8620 §5.2)."""


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """`created`: those that are still there. `roles`: of the mailboxes that have one, by their ids. `state`: after
    this page."""

    created: Sequence[CreatedEmail]
    roles: Mapping[str, str]
    state: str


class MailChanges(Protocol):
    """Raises `MailServerError`s and `DatabaseUnavailable`."""

    async def present(self, account: MailAccount) -> str:
        """The state of Email now."""
        ...

    def since(self, account: MailAccount, email_state: str) -> AsyncGenerator[ChangesPage]:
        """Every page of what changed since, one at least. Raises `HistoryLost`, too."""
        ...


class MailListener(Protocol):
    """Raises `MailServerError`s and `DatabaseUnavailable` when listening again at once does not help."""

    def listen(self, account: MailAccount) -> AsyncGenerator[str | None]:
        """Something may have changed: the new state of Email, None if that is not known. The first one when listening
        begins, and again whenever it was interrupted. Ends if the server wants it."""
        ...
