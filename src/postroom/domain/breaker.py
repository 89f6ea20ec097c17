"""The circuit breaker: one row, shared by all processes. While it is open, only one process probes the mail server.

The row also says whether creates fail, whoever they are for. That does not open the breaker: each attempt shows whether
they work again.
"""

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
    """by an operator: there are no probes, only `postroom resume` closes it"""


def cause_of(error: Misconfigured) -> Cause:
    """The cause that a refusal of the entire server stands for."""
    return Cause.UNAUTHORIZED if error.unauthorized else Cause.MISCONFIGURED


FIRST_INTERVAL = 5.0
# People wait for the end of an outage. Stalwart bans an IP address after 100 failed logins a day: a wrong key is tried
# at most 48 times a day.
_LONGEST = {Cause.OUTAGE: 15.0, Cause.MISCONFIGURED: 1800.0, Cause.UNAUTHORIZED: 1800.0}
LONGEST_INTERVAL = max(_LONGEST.values())
_FIRST = {Cause.OUTAGE: FIRST_INTERVAL, Cause.MISCONFIGURED: 60.0, Cause.UNAUTHORIZED: 1800.0}

MEMORY = 60.0
"""Seconds after closing within which a new opening continues the doubling: the server had only seemed healthy."""


LONGEST_SLOW = 60.0
"""Seconds for which a 429 holds the workers at most, whatever its Retry-After: people wait for what they would do."""

CREATE_PROBE_INTERVAL = 60.0
"""Seconds between create probes while they fail; for as long, the last one stands for all failures of creates."""


@dataclass(frozen=True, slots=True)
class CreatesFail:
    """The mail server is healthy, but makes no mailbox: the create probe fails with `error`.

    `since` identifies this fault: a process ends only the one that it knew before its probe, and no later one.
    """

    error: str
    since: datetime
    probe_at: datetime
    is_recent: bool
    """the last probe failed so recently that no other is needed"""


@dataclass(frozen=True, slots=True)
class Breaker:
    """`interval` is in seconds between probes, `probe_at` the next one (None while paused); both mean nothing while
    the breaker is closed.

    `changed_at` identifies this opening: a process closes only the opening that it probed, and no later one.
    """

    open: bool
    cause: Cause
    error: str | None
    changed_at: datetime
    interval: float
    probe_at: datetime | None
    creates: CreatesFail | None = None
    """None while creates work, as far as is known; the breaker need not be open for it"""
    slow_until: datetime | None = None
    """while the mail server asks for less (429): workers claim nothing until then, and webhooks still try once"""


def interval_at_opening(cause: Cause, *, previous: float, seconds_closed: float) -> float:
    """Seconds until the first probe of a breaker that opens after it was closed for `seconds_closed` seconds.
    `previous` is doubled already: the interval is doubled before each probe, also before the one that closes it."""
    return _FIRST[cause] if seconds_closed > MEMORY else _within_limits(cause, previous)


def interval_after_probe(cause: Cause, previous: float) -> float:
    """Seconds until the next probe if the present one fails."""
    return _within_limits(cause, previous * 2)


def _within_limits(cause: Cause, seconds: float) -> float:
    return min(max(seconds, _FIRST[cause]), _LONGEST[cause])
