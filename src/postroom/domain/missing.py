"""Whether a mailbox on record is missing at the mail server: it is, after two checks that did not find it.

One check is not enough: a mail server that is being restored or moved may show nothing for a moment.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

SECOND_LOOKUP_AFTER = 60.0
"""Seconds after the first check that did not find it."""


class Sighting(StrEnum):
    """What a check found of the Stalwart account that our records name for an identity."""

    PRESENT = "present"
    MISSING = "missing"
    UNMARKED = "unmarked"
    """an account has this id, but not the identity's mark: after a restore it may belong to another identity"""


class Doubt(StrEnum):
    """What is on record of a mailbox that a check did not find."""

    SUSPECTED = "suspected"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A mailbox on record. `account_id` is its id at the mail server; `suspected_for` is in seconds since the first
    check that did not find it, 0 without a doubt."""

    identity_id: UUID
    account_id: str
    doubt: Doubt | None = None
    suspected_for: float = 0.0


def doubt_after(recorded: Recorded, sighting: Sighting) -> Doubt | None:
    """What is on record after a check that showed `sighting`."""
    if sighting is Sighting.PRESENT:
        return None
    if recorded.doubt is Doubt.MISSING:
        return Doubt.MISSING
    second = recorded.doubt is Doubt.SUSPECTED and recorded.suspected_for >= SECOND_LOOKUP_AFTER
    return Doubt.MISSING if second else Doubt.SUSPECTED
