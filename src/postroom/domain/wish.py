"""What an identity wants of its mailbox, and which part of that waits for an operator."""

from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from postroom.domain.account_change import Because, Wanted
from postroom.domain.difference import Kind
from postroom.domain.identity import AddressPolicy, Identity, display_name, mailbox_for
from postroom.errors import Refused

OLD_ADDRESSES = 5
"""Former addresses that a mailbox keeps as aliases, at most: a person who takes ever new ones would use up a domain."""

RENAMED_WITHIN = 24 * 3600.0
"""Seconds between two changes of one person's address without an operator."""


@dataclass(frozen=True, slots=True)
class Wish:
    """`email`, `name`: None for as it is. `because`: why nobody may log in, by what Kratos says."""

    email: str | None = None
    name: str | None = None
    because: Because | None = None
    version: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wishing:
    """What is wanted of a mailbox so far. Nothing that an identity said before `read_at` is newer."""

    identity_id: UUID
    read_at: datetime
    email: str
    name: str | None = None
    because: Because | None = None
    version: datetime | None = None
    goal: int = 0
    on_record: str | None = None
    """the address that its mailbox has"""
    is_suspended: bool = False
    """by an operator"""
    old: frozenset[str] = frozenset()
    """its former addresses"""
    has_mailbox: bool = True
    """it is there, and not being made again"""
    renamed_lately: bool = False
    """another address was wanted within `RENAMED_WITHIN`"""
    is_absent: bool = False
    """enough whole passes have not listed it"""
    accepted: Collection[Kind] = ()
    """an operator has accepted its next change of these kinds"""
    doubts: Collection[Kind] = ()
    is_given_up: bool = False
    """its goal ended as a dead letter: only what takes away is done again"""

    def wanted(self, *, trusting: Collection[Because] = frozenset(Because)) -> Wanted:
        """With all reasons for which nobody may log in, of which Kratos' must be among `trusting`."""
        because = {self.because} if self.because and self.because in trusting else set[Because]()
        if self.is_suspended:
            because.add(Because.OPERATOR)
        if self.because is Because.ABSENT:  # nobody says what it wants, and an attempt would ask for ever
            return Wanted(because=frozenset(because))
        return Wanted(self.email, self.name, frozenset(because))


@dataclass(frozen=True, slots=True)
class Judged:
    """`wish` without the parts that wait; None if nothing is followed. `waits`: these, with what the identity says."""

    wish: Wish | None
    waits: dict[Kind, str | None] = field(default_factory=dict[Kind, str | None])


def wish_of(identity: Identity, policy: AddressPolicy) -> Wish:
    try:
        email = mailbox_for(identity.id, identity.traits, policy).email
    except Refused:
        email = None  # the mailbox keeps the address that it has
    because = None if identity.active else Because.INACTIVE
    return Wish(email, display_name(identity.traits), because, identity.updated_at)


def judged(wish: Wish, known: Wishing) -> Judged:
    """What may be followed without an operator, for this person by itself."""
    if wish.version and known.version and wish.version < known.version:
        # Kratos' database went back in time. Only that the identity is there again is certain.
        is_back = known.because is Because.ABSENT and wish.because is None
        return Judged(Wish() if is_back else None, {Kind.OLDER: wish.version.isoformat()})
    # Who only gives up a wish keeps the address of the mailbox.
    is_rename = wish.email not in (None, known.email, known.on_record)
    is_free = Kind.RENAME in known.accepted
    if wish.email and is_rename and not is_free and (known.renamed_lately or _is_one_too_many(wish.email, known)):
        return Judged(replace(wish, email=None), {Kind.RENAME: wish.email})
    return Judged(wish)


def _is_one_too_many(email: str, known: Wishing) -> bool:
    """Who comes back to a former address makes another one a former one, and needs no more room."""
    return len(known.old - {email}) + 1 > OLD_ADDRESSES


def braked(wish: Wish, known: Wishing) -> Mapping[Kind, str | None]:
    """What of a wish takes something from a person, with what the identity says: the brake counts it."""
    found: dict[Kind, str | None] = {}
    if wish.email not in (None, known.email, known.on_record):
        found[Kind.RENAME] = wish.email
    if wish.because and known.because is None:
        found[Kind(wish.because)] = None
    return found


def without(wish: Wish, held: Set[Kind], known: Wishing) -> Wish:
    """The wish without what the brake holds."""
    return replace(
        wish,
        email=None if Kind.RENAME in held else wish.email,
        because=known.because if held & {Kind.INACTIVE, Kind.ABSENT} else wish.because,
    )
