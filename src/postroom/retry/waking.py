"""Where a worker learns who is due: Redis when it answers, PostgreSQL when not, and PostgreSQL now and then
in any case (the safety look)."""

from postroom.ports import Clock, Due, Reminders
from postroom.telemetry import REDIS_ERRORS, log

SAFETY_LOOK = 5.0
"""Seconds between safety looks. They find what Redis lost: FLUSHALL, a crash before a claim, a wrong clock."""

LOOK_AT_MOST = 10
"""Rows of one safety look; a full one is repeated at once."""


SOON = 0.1
"""A safety look due within this is made now: workers wake a little early, and must not ask in circles until then."""


class Waking:
    """`redis` may be None; `failures` are the exceptions that say that Redis did not answer.

    `overdue` looks with grace (Redis first), `exact` without; all raise `Unavailable` when PostgreSQL is away.
    """

    def __init__(
        self,
        redis: Reminders | None,
        overdue: Reminders,
        exact: Reminders,
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

    async def due(self, limit: int) -> Due:
        """At most `limit` who are due. Redis puts off whoever it names, so ask for no more than can be claimed."""
        if self._redis is None:
            return await self._exact.due(limit)
        now = self._clock.monotonic()
        # In turn with Redis, not after it: with a backlog there, what it lost would wait for the whole of it.
        if now >= self._safety_look_at - SOON:
            found = await self._safety_look(limit, now)
            if found.reminders:
                return found
        try:
            due = await self._redis.due(limit)
        except self._failures as error:
            REDIS_ERRORS.inc()
            log.warning("Redis did not answer; PostgreSQL takes over", call="due", error=type(error).__name__)
            return await self._exact.due(limit)
        until_safety_look = max(0.0, self._safety_look_at - now)
        next_in = until_safety_look if due.next_in is None else min(due.next_in, until_safety_look)
        return Due(due.reminders, next_in)

    async def _safety_look(self, limit: int, now: float) -> Due:
        limit = min(limit, LOOK_AT_MOST)
        found = await (self._exact if self._all_that_is_due else self._overdue).due(limit)
        if len(found.reminders) < limit:
            self._safety_look_at = now + SAFETY_LOOK
            self._all_that_is_due = False
        return found

    def look_now(self) -> None:
        """The breaker closed, or PostgreSQL came back: whoever was due meanwhile was put off in Redis."""
        self._safety_look_at = self._clock.monotonic()
        self._all_that_is_due = True
