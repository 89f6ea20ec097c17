"""What the sweep, the inspection and the rebuild ask of the world: Kratos' identities, all accounts of the mail server,
and what is on record of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

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
    """Who gets no mailbox as things are, and why. Raises `DatabaseUnavailable`."""

    async def record(self, refusals: Sequence[Refusal], origin: Origin) -> None:
        """What an identity's last refusal says already is not recorded again."""
        ...


class Identities(Protocol):
    """The identities of Kratos."""

    async def page(self, token: str | None) -> IdentityPage:
        """One page, the first for None. Raises `KratosUnavailable`, also when Kratos is not well, and
        `PageTokenRefused`."""
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
    """of the last whole pass"""


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

    async def store(
        self, mailboxes: Sequence[Mailbox], *, after: str | None, token: str | None, due_in: float
    ) -> tuple[list[Request], list[Mailbox]]:
        """Store the missing requests, and the progress from the page `after` to `token`, in one commit.

        Returns what was stored, and the mailboxes whose address another identity holds.
        """
        ...


@dataclass(frozen=True, slots=True)
class FoundAccount:
    """An account on the mail server, whosever it is."""

    account: StalwartAccount
    marked_for: Sequence[UUID]
    """the identities that its marks name; ours carry one mark"""
    marked_elsewhere: bool
    """it carries a mark in another domain than ours are made in"""
    display_name: str | None


@dataclass(frozen=True, slots=True)
class AccountPage:
    """`last` is the id to go on after, None when there was none: the end."""

    accounts: Sequence[FoundAccount]
    last: str | None


class Accounts(Protocol):
    """All accounts of the mail server, to read. Raises `MailServerError`s and nothing else."""

    async def count(self, *, deadline: float) -> int: ...

    async def page(self, after: str | None, *, deadline: float) -> AccountPage:
        """The accounts that follow the id `after`, the first ones for None."""
        ...

    async def look_up(self, accounts: Mapping[UUID, str], *, deadline: float) -> Mapping[UUID, Sighting]:
        """What became of each of up to 500 accounts: their ids on the mail server, by identity. In one request."""
        ...


@dataclass(frozen=True, slots=True)
class Noted:
    """A mailbox of which a look changed what is on record. `reason` is a sentence."""

    recorded: Recorded
    doubt: Doubt | None
    reason: str


class Notes(Protocol):
    """What lookup showed, on record. Raises `DatabaseUnavailable`."""

    async def note(self, noted: Sequence[Noted]) -> tuple[set[UUID], set[UUID]]:
        """Keep it, with the audit's rows and what screens are told of it, in one commit; nothing of a mailbox that is
        another account by now. Returns who is missing since, and who was and is not any more."""
        ...


@dataclass(frozen=True, slots=True)
class InspectionProgress:
    """Where it stands: `after_id` is the last identity that was looked at (None: a new pass), `due_in` seconds;
    `finished_at`: the end of the last whole pass."""

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
        """The same of those that a look did not find."""
        ...

    async def advance(self, after_id: UUID | None, *, due_in: float) -> None:
        """The page up to `after_id` was looked at; None: the last one."""
        ...


class Standing(StrEnum):
    """How what PostgreSQL holds compares with a marked account of the mail server."""

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
        """A page of the mailboxes that are ready, those of identities above `after_id`: their Stalwart accounts."""
        ...

    async def compare(self, accounts: Mapping[UUID, StalwartAccount]) -> Mapping[UUID, Standing]: ...

    async def restore(self, accounts: Mapping[UUID, FoundAccount], *, actor: str) -> set[UUID]:
        """Store what is missing, with its audit rows, in one commit; what exists is left alone.

        Returns the identities that were restored: fewer than asked if somebody else was quicker.
        """
        ...
