"""The ports of the sweep, the inspection and the rebuild: Kratos' identities, all accounts of the mail server, and what
is on record of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from postroom.domain.account_change import Observed
from postroom.domain.brake import Census, Counted
from postroom.domain.difference import Kind, OnRecord
from postroom.domain.identity import Identity, Refusal, UnreadableIdentity
from postroom.domain.mailbox import Mailbox, StalwartAccount
from postroom.domain.missing import Doubt, Recorded, Sighting
from postroom.domain.request import Origin, Request


@dataclass(frozen=True, slots=True)
class IdentityPage:
    """`next_token` is None on the last page."""

    identities: Sequence[Identity]
    next_token: str | None
    unreadable: Sequence[UnreadableIdentity] = ()


class Refusals(Protocol):
    """Identities that get no mailbox, and why. Raises `DatabaseUnavailable`."""

    async def record(self, refusals: Sequence[Refusal], origin: Origin) -> None:
        """Record them, except those that repeat the identity's last refusal."""
        ...


class IdentityList(Protocol):
    """The list of Kratos' identities."""

    async def page(self, token: str | None) -> IdentityPage:
        """One page, the first for None. Raises `KratosUnavailable`, also when Kratos is unhealthy, and
        `PageTokenRefused`."""
        ...


class IdentityReads(Protocol):
    """Kratos' identities by their ids. Raises `KratosUnavailable`."""

    async def read(self, identity_id: UUID) -> Identity | None:
        """None for one that does not exist."""
        ...

    async def existing(self, identity_ids: Sequence[UUID]) -> set[UUID]:
        """Those that exist, or may exist."""
        ...


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """Where the sweep stands: `token` of the next page (None: a new pass), due at `due_at`, which is in `due_in` s."""

    token: str | None
    due_at: datetime
    due_in: float
    started_at: datetime | None
    """of the pass under way, or of the last one; None before the first page"""
    finished_at: datetime | None
    """of the last complete pass"""
    read_at: datetime
    """when this was read, by PostgreSQL's clock"""
    census: Census | None = None
    counted: Counted | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """The ids that are read: the first and the last one, and the range in which everybody else is absent (above the
    one id, up to the other; empty if they are the same)."""

    first: UUID
    last: UUID
    above: UUID
    up_to: UUID


@dataclass(frozen=True, slots=True)
class Unlike:
    """An identity that differs from what is on record, or that differed when it was read last (`doubts`)."""

    record: OnRecord | None
    """None if it has no request"""
    may_follow: bool
    """nothing was attempted yet, so its request may get another address"""
    may_have_mailbox: bool
    """it has one, or an attempt may have made it"""
    doubts: Mapping[Kind, str | None]


@dataclass(frozen=True, slots=True)
class Compared:
    """`unlike` by identity. Of so many `mailboxes` in the range of the scope, `absent` ones are not listed;
    `absentees` are the first of them, each with whether that is known from an earlier read."""

    unlike: Mapping[UUID, Unlike] = field(default_factory=dict[UUID, Unlike])
    mailboxes: int = 0
    absent: int = 0
    absentees: Mapping[UUID, bool] = field(default_factory=dict[UUID, bool])


@dataclass(frozen=True, slots=True)
class Found:
    """A difference that a read showed. `version` is the newest of the identity that was read."""

    identity_id: UUID
    kind: Kind
    seen: str | None = None
    version: datetime | None = None


class Doubts(Protocol):
    """In what identities differ from their mailboxes. Raises `DatabaseUnavailable`."""

    async def now(self) -> datetime: ...

    async def compare(
        self,
        mailboxes: Sequence[Mailbox],
        scope: Scope,
        *,
        others: Sequence[UUID] = (),
        unreadable: Sequence[UUID] = (),
        read_at: datetime,
    ) -> Compared:
        """What differs from the mailboxes that identities should have. `others` are identities that should have none
        as they are, `unreadable` ones are there, and nothing else is known of them. They were read after `read_at`."""
        ...

    async def store(
        self,
        found: Sequence[Found],
        ended: Sequence[tuple[UUID, Kind]],
        *,
        read_at: datetime,
        began_at: datetime | None,
        by_hook: bool,
    ) -> Mapping[Kind, int]:
        """Store what was `found`, and end what is no longer so, unless a later read stored it. `began_at` is the start
        of the pass. Returns how many of each kind found no place."""
        ...


@dataclass(frozen=True, slots=True)
class SweptPage:
    """What became of the mailboxes of a page that have no request, or one for another address."""

    stored: list[Request] = field(default_factory=list[Request])
    held: list[Mailbox] = field(default_factory=list[Mailbox])
    """another identity holds the address"""
    changed: list[Mailbox] = field(default_factory=list[Mailbox])
    """the request that is on record, and was not attempted yet, wants another address"""
    refused: list[tuple[Mailbox, str]] = field(default_factory=list[tuple[Mailbox, str]])
    """PostgreSQL refuses to store them, and why"""


class Swept(Protocol):
    """What the sweep stores. Raises `DatabaseUnavailable`."""

    async def progress(self) -> SweepProgress: ...

    async def start_soon(self) -> None:
        """Let a new pass begin now, unless one is under way."""
        ...

    async def put_off(self, seconds: float) -> None:
        """Let the next page be due in so many seconds."""
        ...

    async def restart(self, seconds: float) -> None:
        """Let a new pass begin in so many seconds, though one may be under way."""
        ...

    async def store(self, mailboxes: Sequence[Mailbox]) -> SweptPage:
        """Store the missing requests."""
        ...

    async def advance(
        self,
        after: str | None,
        token: str | None,
        *,
        due_in: float,
        census: Census | None,
        counted: Counted | None,
        absent_since: datetime | None,
    ) -> None:
        """Store the progress from the page `after` to `token`. `absent_since`: the start of a whole pass, which did not
        list those that are absent."""
        ...


class Brakes(Protocol):
    """How many people a source may change in a day without an operator. Raises `DatabaseUnavailable`."""

    async def judge(self, counted: Counted) -> Sequence[Request]:
        """A whole pass has ended. Returns the requests that are due now: of those whom it may change."""
        ...


@dataclass(frozen=True, slots=True)
class FoundAccount:
    """Any account on the mail server."""

    account: StalwartAccount
    marked_for: Sequence[UUID]
    """the identities that its marks name; ours carry one mark"""
    marked_elsewhere: bool
    """it carries a mark in a domain other than ours"""
    display_name: str | None


@dataclass(frozen=True, slots=True)
class AccountPage:
    """`last` is the id after which the next page begins, None if the page is empty: the end."""

    accounts: Sequence[FoundAccount]
    last: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a lookup showed. `observed`: the account, if it is present and shown completely."""

    sighting: Sighting
    observed: Observed | None = None


class Accounts(Protocol):
    """Reads all accounts of the mail server. Raises only `MailServerError`s."""

    async def count(self, *, deadline: float) -> int: ...

    async def page(self, after: str | None, *, deadline: float) -> AccountPage:
        """The accounts that follow the id `after`, the first ones for None."""
        ...

    async def look_up(self, accounts: Mapping[UUID, str], *, deadline: float) -> Mapping[UUID, Seen]:
        """Look up at most 500 accounts, given as account ids by identity, in one request."""
        ...


@dataclass(frozen=True, slots=True)
class DoubtChange:
    """A mailbox whose recorded doubt a lookup changed. `reason` is a sentence."""

    recorded: Recorded
    doubt: Doubt | None
    reason: str


class LookupRecords(Protocol):
    """Records what lookups showed. Raises `DatabaseUnavailable`."""

    async def record(self, changes: Sequence[DoubtChange]) -> tuple[set[UUID], set[UUID]]:
        """Store the changes, their audit rows and their live events in one commit, except those of a mailbox that has
        another account by now. Returns the identities whose mailbox is missing now, and those whose mailbox was
        missing and is found again."""
        ...


@dataclass(frozen=True, slots=True)
class InspectionProgress:
    """Where the inspection stands: `after_id` is the last identity that was checked (None: a new pass), `due_in` the
    seconds until the next page, `finished_at` the end of the last complete pass."""

    after_id: UUID | None
    due_in: float
    finished_at: datetime | None


class Inspected(Protocol):
    """The mailboxes on record that are ready. Raises `DatabaseUnavailable`."""

    async def progress(self) -> InspectionProgress: ...

    async def page(self, after_id: UUID | None, limit: int) -> Sequence[Recorded]:
        """Those that follow the identity `after_id`, the first ones for None."""
        ...

    async def doubtful(self, after_id: UUID | None, limit: int) -> Sequence[Recorded]:
        """The same for those that a check did not find."""
        ...

    async def advance(self, after_id: UUID | None, *, due_in: float) -> None:
        """The page up to `after_id` was checked; None: it was the last one."""
        ...


class Standing(StrEnum):
    """How a marked account of the mail server compares with what is on record in PostgreSQL."""

    MISSING = "missing"
    KNOWN = "known"
    UNDER_WAY = "under_way"
    """its request waits or runs: a worker adopts the account by its mark"""
    DEAD = "dead"
    HELD = "held"
    """the request of another identity holds its address"""
    DIFFERENT = "different"
    """another address, or another account, is on record for the identity"""


class Rebuilt(Protocol):
    """What a rebuild compares and restores. Raises `DatabaseUnavailable`."""

    async def on_record(self, after_id: UUID | None) -> Mapping[UUID, str]:
        """The Stalwart accounts of a page of the ready mailboxes, of identities above `after_id`."""
        ...

    async def compare(self, accounts: Mapping[UUID, StalwartAccount]) -> Mapping[UUID, Standing]: ...

    async def restore(self, accounts: Mapping[UUID, FoundAccount], *, actor: str) -> set[UUID]:
        """Store what is missing, with its audit rows, in one commit; existing rows are left unchanged.

        Returns the identities that were restored: fewer than asked if another process was quicker.
        """
        ...
