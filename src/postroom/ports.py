"""What the core asks of the world. Adapters implement these; tests may, too."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from postroom.domain.breaker import Breaker, Cause
from postroom.domain.mailbox import Account, Mailbox, StalwartAccount
from postroom.domain.request import Move, Origin, Request, Status
from postroom.errors import MailServerError


class MailServer(Protocol):
    """One mail server. Every method but `well` raises `MailServerError`s and nothing else."""

    async def create(self, mailbox: Mailbox, *, deadline: float) -> StalwartAccount:
        """Make the mailbox with its mark, or find that it was made before. `deadline` is in seconds from now."""
        ...

    async def find(self, mailbox: Mailbox, *, deadline: float) -> StalwartAccount | None:
        """The account that carries the mark of this identity, if there is one."""
        ...

    async def health_check(self) -> MailServerError | None:
        """Whether a failure counts against the request that failed: asked with our key, within 2 s, or 4 s where it
        must first be asked whose account that is.

        None if the server echoes, reads and writes. `Throttled` is no verdict: it would not be asked now. Any other
        error is what is wrong with it; `Misconfigured` if it refuses us. Raises nothing.
        """
        ...


class ClaimResult(StrEnum):
    """What a claim says of one request."""

    GRANTED = "granted"
    EXCLUSIVE = "exclusive"
    """it crashed before: claim it again with `exclusive`, while nothing else runs here"""
    BREAKER = "breaker"
    WAITING = "waiting"
    RUNNING = "running"
    PROVISIONED = "provisioned"
    DEAD = "dead"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    """PostgreSQL fails every statement that claims it; only an operator can mend that"""


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer for one asked request. `due_in`: seconds until it is (or, if granted, was) due; negative when late."""

    identity_id: UUID
    answer: ClaimResult
    request: Request | None
    """the row after the claim; None if there is none"""
    due_in: float | None
    crashed: bool = False
    """the lease of an earlier attempt had ended without an outcome"""


@dataclass(frozen=True, slots=True)
class Settled:
    """`status` is what the audit says of the attempt: `late` if another holder had taken over meanwhile."""

    request: Request
    account_id: UUID | None
    status: Status


class Requests(Protocol):
    """The truth: `email_requests`, `email_accounts` and the audit. Raises `DatabaseUnavailable` when PostgreSQL is
    away.

    Each method is one transaction.
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
        """Store a dead request for an address that another identity holds. None if it is not so any more."""
        ...

    async def revive(
        self, mailbox: Mailbox, *, holder: UUID | None, lease: float, origin: Origin, action: str
    ) -> Request | None:
        """Start a dead request again under another address. None if it is not dead, or the address is held."""
        ...

    async def follow_address(self, mailbox: Mailbox, *, origin: Origin) -> Request | None:
        """Note a newer address: in place of the old one if nothing was attempted, else as `wanted_email`.
        None when another identity holds it."""
        ...

    async def claim(
        self, identity_ids: Sequence[UUID], *, lease: float, exclusive: bool = False, limit: int | None = None
    ) -> list[Claim]:
        """Take what is due of `identity_ids`, at most `limit` (None: all); rows that somebody locks are left."""
        ...

    async def settle(self, request: Request, move: Move, account: StalwartAccount | None) -> Settled | None:
        """Write the outcome of the attempt that `request.holder` made. Repeating it is safe.

        None if there is no such request any more. Raises `Unstorable` when PostgreSQL refuses what is to be stored, and
        `DatabaseUnavailable` for every other error.
        """
        ...


@dataclass(frozen=True, slots=True)
class DueEntry:
    """Somebody may be due. `member` is the bytes held in Redis, None when PostgreSQL told."""

    identity_id: UUID | None
    """None for bytes that nobody can read"""
    member: str | None = None


DuePosition = tuple[datetime, UUID]
"""Where a request stands in the order of due times: `due_at` and the identity."""


@dataclass(frozen=True, slots=True)
class Due:
    entries: Sequence[DueEntry]
    next_in: float | None
    """seconds until the next one is due, None when nothing waits"""
    last: DuePosition | None = None
    """of the last reminder, where PostgreSQL told; None where Redis did"""


class DueQueue(Protocol):
    """Who is due, by Redis: exact and cheap."""

    async def due(self, limit: int) -> Due: ...


class OverdueRequests(Protocol):
    """Who is due, by PostgreSQL: always there. Raises `DatabaseUnavailable`."""

    async def due(self, limit: int, *, after: DuePosition | None) -> Due:
        """The first `limit` behind `after`, the first of all for None."""
        ...


@dataclass(frozen=True, slots=True)
class Released:
    """`request` as it is now, and the request that its member in Redis stood for until then."""

    request: Request
    before: Request


class Releases(Protocol):
    """Requests that wait for something other than their own back-off. Raises `DatabaseUnavailable`."""

    async def causes(self) -> Mapping[str, datetime | None]:
        """What requests wait for at present (`Request.waits_for`), and when that last ended by an operator's word or
        the closing of the breaker, if it did."""
        ...

    async def release(self, cause: str, limit: int, *, but: Collection[UUID]) -> Sequence[Released]:
        """Let at most `limit` requests run now whose `cause` ended after they began to wait; none while it holds, and
        none of `but`."""
        ...

    async def progress(self, identity_ids: Collection[UUID]) -> tuple[set[UUID], set[UUID]]:
        """Those of the released that are still to be attempted, and those that have their mailbox."""
        ...


class RetryIndex(Protocol):
    """What Redis is told. Failing costs punctuality, never a request: no method raises."""

    async def replace(self, request: Request, held: Sequence[str]) -> None:
        """Remove the members held for `request`, and announce it if it waits."""
        ...

    async def restore(self, member: str, due_at: datetime) -> None: ...

    async def remove(self, members: Sequence[str]) -> None: ...

    async def add(self, requests: Sequence[Request]) -> None:
        """Tell of many new waiting requests at once."""
        ...


class WaitingRequests(Protocol):
    """What waits, for the comparison with Redis. Raises `DatabaseUnavailable`."""

    async def counts(self) -> tuple[int, int]:
        """How many wait, how many run."""
        ...

    async def window(self, earliest: float, latest: float, limit: int) -> Sequence[Request]:
        """Those that come due between so many seconds from now, the first `limit`."""
        ...

    def pages(self, size: int) -> AsyncIterator[Sequence[Request]]: ...

    async def read_many(self, identity_ids: Sequence[UUID], *, quiet: float) -> dict[object, tuple[Request, bool]]:
        """The rows as they are now, and whether nothing moved them for `quiet` seconds."""
        ...


class RetryMembers(Protocol):
    """What Redis holds. All methods raise when Redis does not answer; `add`, `remove` return how many they changed."""

    async def has_epoch(self) -> bool:
        """False after Redis lost its data."""
        ...

    async def set_epoch(self) -> None: ...

    async def length(self) -> int: ...

    async def window(self, earliest: float, latest: float, limit: int) -> Sequence[str]:
        """The members scored between so many seconds from now, by Redis' clock."""
        ...

    def pages(self, size: int) -> AsyncIterator[Sequence[str]]:
        """All members, in no order; one that moves meanwhile may come twice."""
        ...

    async def absent(self, requests: Sequence[Request]) -> list[Request]:
        """Those of `requests` whose exact member is not there, whatever its score."""
        ...

    async def add(self, requests: Sequence[Request]) -> int:
        """Announce waiting requests, each at its due time."""
        ...

    async def remove(self, members: Sequence[str]) -> int: ...


class Leadership(Protocol):
    """One process at a time leads a task; two for a while when PostgreSQL goes away, which must be harmless."""

    def lead(self, name: str) -> AbstractAsyncContextManager[bool]:
        """Whether we lead `name`, for the length of the block. Raises `DatabaseUnavailable`."""
        ...


class Breakers(Protocol):
    """The shared breaker row."""

    async def read(self) -> Breaker: ...

    async def open(self, cause: Cause, error: str) -> None: ...

    async def take_probe(self) -> Breaker | None:
        """The breaker, if it is open, a probe is due and nobody else took it; the next one is due after `interval`."""
        ...

    async def close(self, breaker: Breaker) -> bool:
        """Close the opening that `breaker` is; False if it is closed, or another one by now."""
        ...


class Clock(Protocol):
    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...
