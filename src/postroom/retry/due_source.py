"""Where a worker learns which requests are due: from Redis if it answers, else from PostgreSQL, and now and then from
PostgreSQL in any case (the fallback poll)."""

from postroom.ports import Clock, Due, DuePosition, DueQueue, OverdueRequests
from postroom.process.telemetry import REDIS_ERRORS, log

FALLBACK_POLL = 5.0
"""Seconds between fallback polls. They find what Redis lost: FLUSHALL, a crash before a claim, a wrong clock."""

SMALLEST_POLL = 10
LARGEST_POLL = 1000
"""Rows of a poll of PostgreSQL. If none of them could be claimed, since other processes hold their locks, a larger poll
of the rows behind them follows: a thousand locked rows cost three polls."""

SOON = 0.1
"""A fallback poll due within this is made now: workers wake a little early, and must not spin until then."""


class DueSource:
    """`redis` may be None; `failures` are the exceptions by which Redis calls fail.

    `overdue` polls with grace (Redis goes first), `exact` without. All methods raise `DatabaseUnavailable`.
    """

    def __init__(
        self,
        redis: DueQueue | None,
        overdue: OverdueRequests,
        exact: OverdueRequests,
        clock: Clock,
        *,
        failures: tuple[type[Exception], ...],
    ) -> None:
        self._redis = redis
        self._overdue = overdue
        self._exact = exact
        self._clock = clock
        self._failures = failures
        self._fallback_poll_at = clock.monotonic()
        self._all_that_is_due = False
        self._behind: DuePosition | None = None
        self._size = SMALLEST_POLL

    async def due(self, limit: int) -> Due:
        """The due requests. Redis returns at most `limit` and postpones those, so ask for no more than can be claimed.
        PostgreSQL may return more, since some of them may be locked."""
        if self._redis is None:
            return await self._poll(self._exact)
        now = self._clock.monotonic()
        # Alternating with Redis, not after it: else requests that Redis lost would wait for its entire backlog.
        if now >= self._fallback_poll_at - SOON:
            found = await self._poll(self._exact if self._all_that_is_due else self._overdue)
            if found.entries:
                return found
            self._end_poll()
        try:
            due = await self._redis.due(limit)
        except self._failures as error:
            REDIS_ERRORS.inc()
            log.warning("Redis cannot be used; PostgreSQL takes over", call="due", error=type(error).__name__)
            return await self._poll(self._exact)
        until_fallback_poll = self._fallback_poll_at - now
        next_in = until_fallback_poll if due.next_in is None else min(due.next_in, until_fallback_poll)
        return Due(due.entries, next_in)

    async def _poll(self, entries: OverdueRequests) -> Due:
        found = await entries.due(self._size, after=self._behind)
        if not found.entries and self._behind:
            self._start_over()
        return found

    def nothing_claimed(self, due: Due) -> bool:
        """No request of a poll of PostgreSQL could be claimed. Returns whether there may be more behind it."""
        if due.last is None:
            return False
        if len(due.entries) < self._size:
            self._end_poll()
            return False
        self._behind = due.last
        self._size = min(self._size * 10, LARGEST_POLL)
        return True

    def _end_poll(self) -> None:
        self._fallback_poll_at = self._clock.monotonic() + FALLBACK_POLL
        self._all_that_is_due = False
        self._start_over()

    def _start_over(self) -> None:
        self._behind, self._size = None, SMALLEST_POLL

    def poll_now(self) -> None:
        """The breaker closed, or PostgreSQL came back: Redis has postponed the requests that were due meanwhile."""
        self._fallback_poll_at = self._clock.monotonic()
        self._all_that_is_due = True
        self._start_over()
