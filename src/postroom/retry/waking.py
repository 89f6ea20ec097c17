"""Where a worker learns who is due: Redis when it answers, PostgreSQL when not, and PostgreSQL now and then
in any case (the safety look)."""

from postroom.ports import Clock, Due, OverdueRequests, Place, Reminders
from postroom.telemetry import REDIS_ERRORS, log

SAFETY_LOOK = 5.0
"""Seconds between safety looks. They find what Redis lost: FLUSHALL, a crash before a claim, a wrong clock."""

SMALL_LOOK = 10
LARGEST_LOOK = 1000
"""Rows of a look at PostgreSQL. One none of whose rows could be claimed, since others hold their locks, is followed by
a larger one behind it: a thousand locked rows cost three looks."""

SOON = 0.1
"""A safety look due within this is made now: workers wake a little early, and must not ask in circles until then."""


class Waking:
    """`redis` may be None; `failures` are the exceptions that say that Redis did not answer.

    `overdue` looks with grace (Redis first), `exact` without; all raise `Unavailable` when PostgreSQL is away.
    """

    def __init__(
        self,
        redis: Reminders | None,
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
        self._safety_look_at = clock.monotonic()
        self._all_that_is_due = False
        self._behind: Place | None = None
        self._size = SMALL_LOOK

    async def due(self, limit: int) -> Due:
        """Who is due. Redis names at most `limit`, and puts off whoever it names: ask for no more than can be claimed.
        PostgreSQL may name more, for some of them may be locked."""
        if self._redis is None:
            return await self._look(self._exact)
        now = self._clock.monotonic()
        # In turn with Redis, not after it: with a backlog there, what it lost would wait for the whole of it.
        if now >= self._safety_look_at - SOON:
            found = await self._look(self._exact if self._all_that_is_due else self._overdue)
            if found.reminders:
                return found
            self._end_of_look()
        try:
            due = await self._redis.due(limit)
        except self._failures as error:
            REDIS_ERRORS.inc()
            log.warning("Redis did not answer; PostgreSQL takes over", call="due", error=type(error).__name__)
            return await self._look(self._exact)
        until_safety_look = self._safety_look_at - now
        next_in = until_safety_look if due.next_in is None else min(due.next_in, until_safety_look)
        return Due(due.reminders, next_in)

    async def _look(self, reminders: OverdueRequests) -> Due:
        found = await reminders.due(self._size, after=self._behind)
        if not found.reminders and self._behind:
            self._begin_anew()
        return found

    def nothing_claimed(self, due: Due) -> bool:
        """Of a look at PostgreSQL nothing could be claimed. True if there may be more behind it."""
        if due.last is None:
            return False
        if len(due.reminders) < self._size:
            self._end_of_look()
            return False
        self._behind = due.last
        self._size = min(self._size * 10, LARGEST_LOOK)
        return True

    def _end_of_look(self) -> None:
        self._safety_look_at = self._clock.monotonic() + SAFETY_LOOK
        self._all_that_is_due = False
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._behind, self._size = None, SMALL_LOOK

    def look_now(self) -> None:
        """The breaker closed, or PostgreSQL came back: whoever was due meanwhile was put off in Redis."""
        self._safety_look_at = self._clock.monotonic()
        self._all_that_is_due = True
        self._begin_anew()
