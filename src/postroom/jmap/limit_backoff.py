"""Waiting for one's turn at a server that serves as many requests of an account as it may already.

It says so by a 400 `limit` (RFC 8620 §3.6.1), and has not applied the request, whatever it was: it may be sent again.
The places are the account's: what another login of the person asks for takes them, too.
"""

from collections.abc import Callable

from postroom.domain.jittered_backoff import backoff

QUEUE_SECONDS = 5.0
"""How long anybody waits for his turn, in our own queue or at the mail server's."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5


class LimitBackoff:
    """Of one request. `seconds` begin with its first refusal. `uniform` is chance."""

    def __init__(self, seconds: float, uniform: Callable[[float, float], float]) -> None:
        self._seconds = seconds
        self._uniform = uniform
        self._refusals = 0
        self._ends = 0.0

    def refused(self, now: float) -> float | None:
        """After how many seconds to send it again; None once it has waited for long enough."""
        if not self._refusals:
            self._ends = now + self._seconds
        pause = backoff(self._refusals, self._uniform, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
        self._refusals += 1
        return pause if now + pause < self._ends else None
