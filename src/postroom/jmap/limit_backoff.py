"""The back-off after a server refused a request because it serves too many of the account already.

It answers with a 400 `limit` (RFC 8620 §3.6.1) and has not applied the request, so any request may be sent again. The
limit is the account's: requests by other logins of the person count, too.
"""

from collections.abc import Callable

from postroom.domain.jittered_backoff import backoff

QUEUE_SECONDS = 5.0
"""How long a request waits for a slot, in our own queue or at the mail server."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5


class LimitBackoff:
    """The back-off of one request. `seconds` begin with its first refusal. `uniform` is chance."""

    def __init__(self, seconds: float, uniform: Callable[[float, float], float]) -> None:
        self._seconds = seconds
        self._uniform = uniform
        self._refusals = 0
        self._ends = 0.0

    def refused(self, now: float) -> float | None:
        """After how many seconds to send it again; None once it has waited long enough."""
        if not self._refusals:
            self._ends = now + self._seconds
        pause = backoff(self._refusals, self._uniform, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
        self._refusals += 1
        return pause if now + pause < self._ends else None
