"""Where a worker learns who is due: Redis when it answers, PostgreSQL when not, and PostgreSQL now and then
in any case (the fallback poll)."""

from postroom.ports import Clock, Due, DuePosition, DueQueue, OverdueRequests
from postroom.telemetry import REDIS_ERRORS, log

FALLBACK_POLL = 5.0
"""Seconds between fallback polls. They find what Redis lost: FLUSHALL, a crash before a claim, a wrong clock."""

SMALLEST_POLL = 10
LARGEST_POLL = 1000
"""Rows of a look at PostgreSQL. One none of whose rows could be claimed, since others hold their locks, is followed by
a larger one behind it: a thousand locked rows cost three looks."""

SOON = 0.1
"""A fallback poll due within this is made now: workers wake a little early, and must not ask in circles until then."""


class DueSource:
    """`redis` may be None; `failures` are the exceptions that say that Redis did not answer.

    `overdue` looks with grace (Redis first), `exact` without; all raise `DatabaseUnavailable` when PostgreSQL is away.
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
        """Who is due. Redis names at most `limit`, and puts off whoever it names: ask for no more than can be claimed.
        PostgreSQL may name more, for some of them may be locked."""
        if self._redis is None:
            return await self._poll(self._exact)
        now = self._clock.monotonic()
        # In turn with Redis, not after it: with a backlog there, what it lost would wait for the whole of it.
        if now >= self._fallback_poll_at - SOON:
            found = await self._poll(self._exact if self._all_that_is_due else self._overdue)
            if found.entries:
                return found
            self._end_poll()
        try:
            due = await self._redis.due(limit)
        except self._failures as error:
            REDIS_ERRORS.inc()
            log.warning("Redis did not answer; PostgreSQL takes over", call="due", error=type(error).__name__)
            return await self._poll(self._exact)
        until_fallback_poll = self._fallback_poll_at - now
        next_in = until_fallback_poll if due.next_in is None else min(due.next_in, until_fallback_poll)
        return Due(due.entries, next_in)

    async def _poll(self, entries: OverdueRequests) -> Due:
        found = await entries.due(self._size, after=self._behind)
        if not found.entries and self._behind:
            self._begin_anew()
        return found

    def nothing_claimed(self, due: Due) -> bool:
        """Of a look at PostgreSQL nothing could be claimed. True if there may be more behind it."""
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
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._behind, self._size = None, SMALLEST_POLL

    def poll_now(self) -> None:
        """The breaker closed, or PostgreSQL came back: whoever was due meanwhile was put off in Redis."""
        self._fallback_poll_at = self._clock.monotonic()
        self._all_that_is_due = True
        self._begin_anew()
