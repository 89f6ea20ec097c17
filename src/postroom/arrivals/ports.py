"""The ports of new mail and of live events. Adapters implement them, and so do tests."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from postroom.domain.arrival import CreatedEmail
from postroom.errors import PostroomError
from postroom.mailboxes.ports import MailAccount


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
