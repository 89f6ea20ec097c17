"""The breaker: one row, shared by all processes. While it is open nobody asks the mail server but one prober."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from postroom.errors import Misconfigured


class Cause(StrEnum):
    """Why the breaker opened."""

    OUTAGE = "outage"
    MISCONFIGURED = "misconfigured"
    UNAUTHORIZED = "unauthorized"
    PAUSED = "paused"
    """by an operator: nobody probes, only `postroom resume` closes it"""


def cause_of(error: Misconfigured) -> Cause:
    """Of a refusal that concerns the whole server."""
    return Cause.UNAUTHORIZED if error.unauthorized else Cause.MISCONFIGURED


FIRST_INTERVAL = 5.0
_LONGEST = {Cause.OUTAGE: 300.0, Cause.MISCONFIGURED: 1800.0, Cause.UNAUTHORIZED: 1800.0}
# Nothing but an operator ends a refusal, and Stalwart bans an address after 100 failed logins a day: a wrong key is
# tried at most 48 times.
_FIRST = {Cause.OUTAGE: FIRST_INTERVAL, Cause.MISCONFIGURED: 1800.0, Cause.UNAUTHORIZED: 1800.0}

MEMORY = 60.0
"""Seconds after closing in which a new opening goes on doubling: the server said that it was well, and was not."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """`interval` seconds between probes, `probe_at` the next one (None while paused); both mean nothing while closed.

    `changed_at` names this opening: whoever closes the breaker closes the opening that he probed, and no later one.
    """

    open: bool
    cause: Cause
    error: str | None
    changed_at: datetime
    interval: float
    probe_at: datetime | None


def interval_at_opening(cause: Cause, *, previous: float, seconds_closed: float) -> float:
    """Seconds until the first probe of a breaker that opens after `seconds_closed` seconds of rest. `previous` is
    doubled already: whoever takes a probe does so before its answer, also before the one that closes the breaker."""
    if cause is Cause.PAUSED:
        return FIRST_INTERVAL  # it is not probed; what follows begins anew
    return _FIRST[cause] if seconds_closed > MEMORY else _within_limits(cause, previous)


def interval_after_probe(cause: Cause, previous: float) -> float:
    """Seconds until the next probe, should the one that is taken now fail."""
    return _within_limits(cause, previous * 2)


def _within_limits(cause: Cause, seconds: float) -> float:
    return min(max(seconds, _FIRST[cause]), _LONGEST[cause])
