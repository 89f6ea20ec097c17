"""Where a worker learns who is due: Redis when it answers, PostgreSQL when not, and PostgreSQL now and then
in any case (the safety look)."""

from postroom.ports import Clock, Due, Reminders
from postroom.telemetry import REDIS_ERRORS, log

SAFETY_LOOK = 5.0
"""Seconds between safety looks. They find what Redis lost: FLUSHALL, a crash before a claim, a wrong clock."""

LOOK_AT_MOST = 10
"""Rows of one safety look; a full one is repeated at once."""


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

    async def due(self, limit: int) -> Due:
        if self._redis is None:
            return await self._exact.due(limit)
        try:
            due = await self._redis.due(limit)
        except self._failures as error:
            REDIS_ERRORS.inc()
            log.warning("Redis did not answer; PostgreSQL takes over", call="due", error=type(error).__name__)
            return await self._exact.due(limit)
        return await self._with_safety_look(due, limit)

    async def _with_safety_look(self, due: Due, limit: int) -> Due:
        now = self._clock.monotonic()
        if now < self._safety_look_at:
            return Due(due.reminders, _sooner(due.next_in, self._safety_look_at - now))
        limit = min(limit - len(due.reminders), LOOK_AT_MOST)
        if limit <= 0:
            return due  # as many as can run; the safety look stays due
        overdue = await self._overdue.due(limit)
        if len(overdue.reminders) < limit:
            self._safety_look_at = now + SAFETY_LOOK
        return Due([*due.reminders, *overdue.reminders], due.next_in)

    def look_now(self) -> None:
        """Let the next look be a safety look: the breaker closed, or PostgreSQL came back."""
        self._safety_look_at = self._clock.monotonic()


def _sooner(seconds: float | None, other: float) -> float:
    return other if seconds is None else min(seconds, other)
