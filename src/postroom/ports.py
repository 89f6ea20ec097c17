"""The ports of the core: adapters implement them, and so do the fakes of the tests."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from postroom.domain.breaker import Breaker, Cause, CreatesFail
from postroom.domain.change_outcome import Changed
from postroom.domain.mailbox import Account, Mailbox, StalwartAccount
from postroom.domain.request import Move, Origin, Request, Status
from postroom.errors import MailServerError


class MailServer(Protocol):
    """One mail server. Methods raise only `MailServerError`s; `health_check` raises nothing."""

    async def create(self, mailbox: Mailbox, *, deadline: float) -> StalwartAccount:
        """Create the mailbox with its mark, or find that it exists already. `deadline` is in seconds from now."""
        ...

    async def find(self, mailbox: Mailbox, *, deadline: float) -> StalwartAccount | None:
        """The account that carries the mark of this identity, if there is one."""
        ...

    async def health_check(self) -> MailServerError | None:
        """Check with our key whether the server is healthy, and so whether a failure counts against the request. Takes
        2 s at most, 4 s if the account of our key must be looked up first.

        None if the server echoes, reads and writes. `Throttled` is no verdict: the server refused the check for now.
        Any other error says what is wrong with it; `Misconfigured` if it refuses us.
        """
        ...

    async def create_probe(self) -> MailServerError | None:
        """Create a mailbox of our own as `create` does, and so check whether a failure concerns every create. It is
        made once and kept. Takes 4 s at most.

        None if it was made, now or before. `Throttled` is no verdict: the server refused the probe for now. Any other
        error says why no mailbox can be made.
        """
        ...


class ClaimResult(StrEnum):
    """The result of a claim for one request."""

    GRANTED = "granted"
    EXCLUSIVE = "exclusive"
    """it crashed before: claim it again with `exclusive`, while nothing else runs in this process"""
    BREAKER = "breaker"
    WAITING = "waiting"
    RUNNING = "running"
    PROVISIONED = "provisioned"
    DEAD = "dead"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    """PostgreSQL fails every statement that claims it; only an operator can repair that"""


@dataclass(frozen=True, slots=True)
class Claim:
    """The claim of one request. `due_in`: seconds until it is (or, if granted, was) due; negative when late."""

    identity_id: UUID
    result: ClaimResult
    request: Request | None
    """the row after the claim; None if there is none"""
    due_in: float | None
    crashed: bool = False
    """the lease of an earlier attempt had ended without an outcome"""


@dataclass(frozen=True, slots=True)
class Settled:
    """`status` is that of the attempt in the audit: `late` if another holder had taken over meanwhile."""

    request: Request
    account_id: UUID | None
    status: Status


class Requests(Protocol):
    """The source of truth: `email_requests`, `email_accounts` and the audit.

    Each method is one transaction. Raises `DatabaseUnavailable`.
    """

    async def accept(
        self, mailbox: Mailbox, *, holder: UUID | None, lease: float, origin: Origin, action: str
    ) -> Request | None:
        """Store a new request: running under `holder` if one is given and the breaker is closed, else waiting.
        None when the identity has a request already, or another one holds the address."""
        ...

    async def read(self, identity_id: UUID) -> tuple[Request, Account | None] | None:
        """The request and its account."""
        ...

    async def refuse_held(self, mailbox: Mailbox, *, origin: Origin, action: str) -> Request | None:
        """Store a dead request for an address that another identity holds. None if none holds it any more."""
        ...

    async def revive(
        self, mailbox: Mailbox, *, holder: UUID | None, lease: float, origin: Origin, action: str
    ) -> Request | None:
        """Start a dead request again under another address. None if it is not dead, or the address is held."""
        ...

    async def follow_address(self, mailbox: Mailbox, *, origin: Origin, action: str) -> Request | None:
        """Store a newer address in place of the old one if nothing was attempted. Returns the request as it is then,
        None when another identity holds the address. Raises `Unstorable` when PostgreSQL refuses it."""
        ...

    async def claim(
        self, identity_ids: Sequence[UUID], *, lease: float, exclusive: bool = False, limit: int | None = None
    ) -> list[Claim]:
        """Claim those of `identity_ids` that are due, at most `limit` (None: all); locked rows are skipped."""
        ...

    async def settle(self, request: Request, move: Move, account: StalwartAccount | None) -> Settled | None:
        """Store the outcome of the attempt that `request.holder` made. It is safe to repeat.

        None if there is no such request any more. Raises `Unstorable` when PostgreSQL refuses what is to be stored, and
        `DatabaseUnavailable` for every other error.
        """
        ...

    async def settle_change(self, request: Request, move: Move, changed: Changed) -> Settled | None:
        """The same for an attempt of a change; what it read is stored, too. If another goal is wanted by now, the
        request is due at once."""
        ...


@dataclass(frozen=True, slots=True)
class DueEntry:
    """A request that may be due. `member` is its bytes in Redis, None if the entry comes from PostgreSQL."""

    identity_id: UUID | None
    """None for bytes that cannot be parsed"""
    member: str | None = None


DuePosition = tuple[datetime, UUID]
"""Where a request stands in the order of due times: `due_at` and the identity."""


@dataclass(frozen=True, slots=True)
class Due:
    entries: Sequence[DueEntry]
    next_in: float | None
    """seconds until the next one is due, None when nothing waits"""
    last: DuePosition | None = None
    """of the last entry, if they come from PostgreSQL; None if from Redis"""


class DueQueue(Protocol):
    """The due requests by Redis: exact and cheap."""

    async def due(self, limit: int) -> Due: ...


class OverdueRequests(Protocol):
    """The due requests by PostgreSQL: complete. Raises `DatabaseUnavailable`."""

    async def due(self, limit: int, *, after: DuePosition | None) -> Due:
        """The first `limit` behind `after`; None: from the start."""
        ...


@dataclass(frozen=True, slots=True)
class Released:
    """`request` as it is now, and as it was `before`, for its old member in Redis."""

    request: Request
    before: Request


class Releases(Protocol):
    """Requests that wait for something other than their own back-off. Raises `DatabaseUnavailable`."""

    async def causes(self) -> Mapping[str, datetime | None]:
        """What requests wait for at present (`Request.waits_for`), and when an operator, the closing of the breaker or
        a create probe last ended it."""
        ...

    async def release(self, cause: str, limit: int, *, excluding: Collection[UUID]) -> Sequence[Released]:
        """Make at most `limit` requests due now whose `cause` ended after they began to wait; none of `excluding`, and
        none while the cause lasts."""
        ...

    async def progress(self, identity_ids: Collection[UUID]) -> tuple[set[UUID], set[UUID]]:
        """Of released requests, those that are still to be attempted, and those that have their mailbox."""
        ...


class RetryIndex(Protocol):
    """The index of waiting requests in Redis. A failure costs punctuality, never a request: no method raises."""

    async def replace(self, request: Request, members: Sequence[str]) -> None:
        """Remove `members`, and add the member of `request` if it waits."""
        ...

    async def restore(self, member: str, due_at: datetime) -> None: ...

    async def remove(self, members: Sequence[str]) -> None: ...

    async def add(self, requests: Sequence[Request]) -> None:
        """Add the members of many waiting requests at once."""
        ...


class WaitingRequests(Protocol):
    """The waiting requests, for the comparison with Redis. Raises `DatabaseUnavailable`."""

    async def counts(self) -> tuple[int, int]:
        """The number of waiting and of running requests."""
        ...

    async def window(self, earliest: float, latest: float, limit: int) -> Sequence[Request]:
        """The first `limit` that become due between `earliest` and `latest` seconds from now."""
        ...

    def pages(self, size: int) -> AsyncIterator[Sequence[Request]]: ...

    async def read_many(self, identity_ids: Sequence[UUID], *, quiet: float) -> dict[object, tuple[Request, bool]]:
        """The rows as they are now, and whether they have not changed for `quiet` seconds."""
        ...


class RetryMembers(Protocol):
    """The members in Redis. All methods raise when Redis does not answer; `add`, `remove` return the number changed."""

    async def has_epoch(self) -> bool:
        """False after Redis lost its data. Raises if the members are those of another installation."""
        ...

    async def set_epoch(self) -> None:
        """Raises if the members are those of another installation."""
        ...

    async def length(self) -> int: ...

    async def window(self, earliest: float, latest: float, limit: int) -> Sequence[str]:
        """The members whose score is between `earliest` and `latest` seconds from now, by Redis' clock."""
        ...

    def pages(self, size: int) -> AsyncIterator[Sequence[str]]:
        """All members, in no order; one whose score changes meanwhile may be returned twice."""
        ...

    async def absent(self, requests: Sequence[Request]) -> list[Request]:
        """Those of `requests` whose exact member is not there, whatever its score."""
        ...

    async def add(self, requests: Sequence[Request]) -> int:
        """Add the members of waiting requests, each scored by its due time."""
        ...

    async def remove(self, members: Sequence[str]) -> int: ...


class Leadership(Protocol):
    """One process at a time leads a task; when PostgreSQL fails, two may for a while, which must be harmless."""

    def lead(self, name: str) -> AbstractAsyncContextManager[bool]:
        """Whether this process leads `name` for the length of the block. Raises `DatabaseUnavailable`."""
        ...


class Breakers(Protocol):
    """The shared breaker row."""

    async def read(self) -> Breaker: ...

    async def open(self, cause: Cause, error: str) -> None: ...

    async def take_probe(self) -> Breaker | None:
        """The breaker, if it is open, a probe is due and no other process has taken it. The next one is due after
        `interval`."""
        ...

    async def close(self, breaker: Breaker) -> bool:
        """Close the opening that `breaker` is; False if it is closed already, or was opened again."""
        ...

    async def slow_down(self, seconds: float) -> None:
        """Workers claim nothing for so many seconds from now, or longer if that was asked for before."""
        ...

    async def creates_fail(self, error: str) -> bool:
        """A create probe failed. Whether that is new: since the last one that succeeded, none has failed."""
        ...

    async def take_create_probe(self) -> CreatesFail | None:
        """The fault of creates, if a create probe is due, the breaker is closed, and no other process has taken the
        probe."""
        ...

    async def creates_work(self, fault: CreatesFail) -> bool:
        """A create probe succeeded that began when `fault` was known; False if that had ended already."""
        ...


class Clock(Protocol):
    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...
