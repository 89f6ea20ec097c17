"""The brake: how many people a source may change in a day without an operator, and when a pass shows too little.

A Kratos that was emptied, restored from a backup, or replaced by another lists fewer people, or others. What it lists
must not take the mailboxes of all others away.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from postroom.domain.difference import Kind

NEWEST = 5
"""Identities of which a plausible pass lists one at least."""

ABSENT_PASSES = 2
ABSENT_FOR = 3600.0
"""An identity counts as absent after so many whole passes without it, the first of them so many seconds ago."""


def limit(kind: Kind, mailboxes: int) -> int | None:
    """How many people may be changed in 24 hours without an operator; None where there is no limit."""
    match kind:
        case Kind.ABSENT:
            return 0 if mailboxes < 50 else min(max(3, mailboxes * 2 // 100), 50)
        case Kind.INACTIVE:
            return max(10, mailboxes * 20 // 100)
        case Kind.RENAME:
            return max(20, mailboxes * 10 // 100)
        case Kind.OLDER:
            return 0
        case Kind.NAME | Kind.ADDRESS:
            return None


DAY = 24 * 3600.0
"""Seconds in which people are counted."""


@dataclass(frozen=True, slots=True)
class Brake:
    """`closed`: kinds of which nobody is let through. `is_judged`: a whole pass was counted."""

    closed: Collection[Kind]
    is_judged: bool
    mailboxes: int


@dataclass(frozen=True, slots=True)
class Passed:
    """Of one kind: so many `others` were let through in a day, this identity has passed in it, or an operator has
    accepted its next change."""

    others: int = 0
    has_passed: bool = False
    is_accepted: bool = False


def holds(brake: Brake, kind: Kind, passed: Passed) -> bool:
    """Whether one more person is not changed like this. People are counted, not changes."""
    if passed.is_accepted:
        return False
    if kind in brake.closed or not brake.is_judged:
        return True
    most = limit(kind, brake.mailboxes)
    return most is not None and not passed.has_passed and passed.others >= most


BRAKED = (Kind.ABSENT, Kind.INACTIVE, Kind.RENAME)
"""What takes something from a person."""


def closed_after(
    closed: Mapping[Kind, str],
    counted: "Counted",
    *,
    people: Mapping[Kind, int],
    passed: Mapping[Kind, int],
    is_first: bool,
) -> dict[Kind, str]:
    """Of which kinds nobody is let through after a whole pass, and why. So many `people` differ, and so many have
    `passed` in a day. A kind that is closed stays so until an operator acts, or nobody differs like that any more: time
    never opens it. `is_first`: the first pass shows what has drifted apart in months."""
    found: dict[Kind, str] = {}
    for kind in BRAKED:
        differ = people.get(kind, 0) + counted.more.get(kind, 0)
        most = limit(kind, counted.mailboxes) or 0
        if kind is Kind.ABSENT and counted.implausible:
            found[kind] = counted.implausible
        elif differ and is_first:
            found[kind] = f"the first whole pass shows {differ:,} people"
        elif differ and kind in closed:
            found[kind] = closed[kind]
        elif differ and differ + passed.get(kind, 0) > most:
            found[kind] = f"{differ + passed.get(kind, 0):,} people in a day, of whom {most:,} may be changed"
    return found


class Outlook(StrEnum):
    """What would be done about a difference if it were acted upon."""

    DONE = "would be done"
    WAITS = "would wait for an operator"
    UNCERTAIN = "waits for another pass that does not list it, an hour after the first one"
    HELD = "would be refused: another identity holds the address"
    KEPT = "nothing: the mailbox keeps its address"


def outlook(
    kind: Kind,
    *,
    people: int,
    mailboxes: int,
    implausible: bool = False,
    passes: int = ABSENT_PASSES,
    is_long: bool = True,
    is_older: bool = False,
    is_held: bool = False,
) -> Outlook:
    """For one of `people` who differ like this, of so many `mailboxes`. `implausible`: the last pass shows nobody to be
    absent. `passes`: the whole ones that did not list an absent one; `is_long`: the first was `ABSENT_FOR` ago.
    `is_older`: Kratos says an older version. `is_held`: another identity holds the address."""
    if kind is Kind.ADDRESS:
        return Outlook.KEPT
    most = limit(kind, mailboxes)
    is_over = most is not None and people > most
    if is_older or is_over or (implausible and kind is Kind.ABSENT):
        return Outlook.WAITS
    if kind is Kind.ABSENT and not (passes >= ABSENT_PASSES and is_long):
        return Outlook.UNCERTAIN
    return Outlook.HELD if is_held else Outlook.DONE


@dataclass(frozen=True, slots=True)
class Counted:
    """What the last whole pass counted. `implausible`: why it shows nobody to be absent. `more`: differences that were
    found beyond those that are stored."""

    mailboxes: int
    implausible: str | None = None
    more: Mapping[Kind, int] = field(default_factory=dict[Kind, int])


@dataclass(frozen=True, slots=True)
class Census:
    """What a pass has listed so far. `token` names its next page: code that does not count leaves a gap, and then
    nothing is inferred from this pass."""

    began_at: datetime
    token: str | None = None
    listed: int = 0
    mailboxes: int = 0
    """on record, in the ranges of ids that its pages cover"""
    newest: Sequence[tuple[datetime, UUID]] = ()
    """of this pass, the newest first"""
    known: frozenset[UUID] = frozenset()
    """the newest of the last plausible pass"""
    met: bool = False
    """whether one of these was listed"""
    more: Mapping[Kind, int] = field(default_factory=dict[Kind, int])

    def with_page(
        self,
        identities: Iterable[tuple[datetime | None, UUID]],
        token: str | None,
        *,
        unreadable: int = 0,
        mailboxes: int = 0,
        more: Mapping[Kind, int] | None = None,
    ) -> Self:
        """After a page, which `token` follows. `mailboxes` are on record in its range, `more` were not stored."""
        listed, more = list(identities), more or {}
        newest = sorted({*self.newest, *((at, each) for at, each in listed if at)}, reverse=True)[:NEWEST]
        return replace(
            self,
            token=token,
            listed=self.listed + len(listed) + unreadable,
            mailboxes=self.mailboxes + mailboxes,
            newest=tuple(newest),
            met=self.met or any(each in self.known for _, each in listed),
            more={kind: self.more.get(kind, 0) + more.get(kind, 0) for kind in {*self.more, *more}},
        )

    def ended(self) -> tuple[Counted, Self]:
        """What the whole pass counted, and the census before the next one. Identities of an implausible pass are not
        taken for known: else a replaced Kratos would be plausible one pass later."""
        counted = Counted(self.mailboxes, self._implausible(), self.more)
        known = self.known if counted.implausible else frozenset(each for _, each in self.newest)
        return counted, type(self)(self.began_at, known=known)

    def _implausible(self) -> str | None:
        if self.listed == 0:
            return "Kratos listed no identity"
        if self.listed * 2 < self.mailboxes:
            return f"Kratos listed {self.listed:,} identities, fewer than half of {self.mailboxes:,} mailboxes"
        if self.known and not self.met:
            return f"Kratos listed none of the {len(self.known)} newest identities of before"
        return None

    def as_dict(self) -> dict[str, Any]:
        newest = [[at.isoformat(), str(each)] for at, each in self.newest]
        known = sorted(map(str, self.known))
        return asdict(self) | {"began_at": self.began_at.isoformat(), "newest": newest, "known": known}

    @classmethod
    def parse(cls, stored: Mapping[str, Any]) -> Self:
        """Raises `TypeError`, `KeyError` or `ValueError` for what `as_dict` did not make."""
        parsed: dict[str, Any] = {
            "began_at": datetime.fromisoformat(stored["began_at"]),
            "newest": tuple((datetime.fromisoformat(at), UUID(each)) for at, each in stored["newest"]),
            "known": frozenset(map(UUID, stored["known"])),
            "more": {Kind(kind): n for kind, n in stored["more"].items()},
        }
        return cls(**{**stored, **parsed})
