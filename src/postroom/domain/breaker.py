"""The breaker: one row, shared by all processes. While it is open nobody asks the mail server but one prober."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Cause(StrEnum):
    """Why the breaker opened."""

    OUTAGE = "outage"
    MISCONFIGURED = "misconfigured"
    UNAUTHORIZED = "unauthorized"


FIRST_INTERVAL = 5.0
_LONGEST = {Cause.OUTAGE: 300.0, Cause.MISCONFIGURED: 300.0, Cause.UNAUTHORIZED: 1800.0}
# Stalwart bans an address after 100 failed logins a day: a wrong key is tried at most 48 times a day.
_FIRST = {Cause.OUTAGE: FIRST_INTERVAL, Cause.MISCONFIGURED: 60.0, Cause.UNAUTHORIZED: 1800.0}

MEMORY = 600.0
"""Seconds after closing in which a refusal goes on doubling: `Core/echo` answered, yet nothing got better."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """`interval` seconds between probes, `probe_at` the next one; both mean nothing while closed."""

    open: bool
    cause: Cause
    error: str | None
    changed_at: datetime
    interval: float
    probe_at: datetime | None


def interval_at_opening(cause: Cause, *, previous: float, seconds_closed: float) -> float:
    """Seconds until the first probe of a breaker that opens after `seconds_closed` seconds of rest."""
    if cause is Cause.OUTAGE or seconds_closed > MEMORY:
        return _FIRST[cause]
    return interval_after_probe(cause, previous)


def interval_after_probe(cause: Cause, previous: float) -> float:
    """Seconds until the next probe after one that failed."""
    return min(max(previous * 2, _FIRST[cause]), _LONGEST[cause])
