"""The port `Breakers` on PostgreSQL: one row, shared by all processes."""

from dataclasses import replace

from postroom.domain.breaker import (
    CREATE_PROBE_INTERVAL,
    FIRST_INTERVAL,
    Breaker,
    Cause,
    CreatesFail,
    interval_after_probe,
    interval_at_opening,
)
from postroom.postgres.connection import Pool, Row, rows, the_row


class PostgresBreakers:
    def __init__(self, pool: Pool, *, delay_factor: float = 1.0) -> None:
        self._pool = pool
        self._delay_factor = delay_factor

    async def read(self) -> Breaker:
        return _breaker_of(await self._row())

    async def open(self, cause: Cause, error: str) -> None:
        before = await self._row()
        interval = interval_at_opening(
            cause,
            previous=before["interval"] / self._delay_factor,
            seconds_closed=before["seconds_since"] / self._delay_factor,
        )
        parameters = {"cause": cause, "error": _storable(error), "interval": interval * self._delay_factor}
        await rows(self._pool, "breaker_open", parameters)

    async def take_probe(self) -> Breaker | None:
        before = _breaker_of(await self._row())
        if not before.open or before.cause is Cause.PAUSED:
            return None
        following = interval_after_probe(before.cause, before.interval / self._delay_factor)
        parameters = {"interval": following * self._delay_factor, "changed_at": before.changed_at}
        # PostgreSQL decides whether a probe is due, and lets only one process take it.
        taken = await rows(self._pool, "breaker_take_probe", parameters)
        return replace(before, interval=following * self._delay_factor) if taken else None

    async def close(self, breaker: Breaker) -> bool:
        return bool(await rows(self._pool, "breaker_close", {"changed_at": breaker.changed_at}))

    async def slow_down(self, seconds: float) -> None:
        await rows(self._pool, "breaker_slow_down", {"seconds": seconds * self._delay_factor})

    async def creates_fail(self, error: str) -> bool:
        parameters = {"error": _storable(error), "interval": CREATE_PROBE_INTERVAL * self._delay_factor}
        return (await the_row(self._pool, "creates_fail", parameters))["is_new"]

    async def take_create_probe(self) -> CreatesFail | None:
        parameters = {"interval": CREATE_PROBE_INTERVAL * self._delay_factor}
        taken = await rows(self._pool, "creates_take_probe", parameters)
        return _creates_of(taken[0]) if taken else None

    async def creates_work(self, fault: CreatesFail) -> bool:
        return bool(await rows(self._pool, "creates_work", {"since": fault.since}))

    async def pause(self, message: str, *, actor: str, reason: str) -> bool:
        """Open it by an operator, whatever else it is open for. False if it is paused already."""
        interval = FIRST_INTERVAL * self._delay_factor  # the next opening starts over
        parameters = {"message": message, "actor": actor, "reason": reason, "interval": interval}
        return bool(await rows(self._pool, "operator_pause", parameters))

    async def resume(self, breaker: Breaker, *, actor: str) -> bool:
        """As `close`, by an operator."""
        reason = f"it was {breaker.error}" if breaker.error else None
        parameters = {"changed_at": breaker.changed_at, "actor": actor, "reason": reason}
        return bool(await rows(self._pool, "operator_resume", parameters))

    async def resume_creates(self, fault: CreatesFail, *, actor: str) -> None:
        """As `creates_work`, by an operator, whatever a probe shows."""
        await rows(self._pool, "operator_resume_creates", {"since": fault.since, "actor": actor})

    async def _row(self) -> Row:
        return await the_row(self._pool, "breaker_read")


def _storable(text: str) -> str:
    """The text without what PostgreSQL refuses: a NUL, and what UTF-8 cannot encode."""
    return text.encode(errors="replace").decode().replace("\0", "?")


def _breaker_of(found: Row) -> Breaker:
    return Breaker(
        open=found["open"],
        cause=Cause(found["cause"]),
        error=found["error"],
        changed_at=found["changed_at"],
        interval=found["interval"],
        probe_at=found["probe_at"],
        creates=_creates_of(found) if found["creates_error"] else None,
        slow_until=found["slow_until"],
    )


def _creates_of(found: Row) -> CreatesFail:
    return CreatesFail(
        error=found["creates_error"],
        since=found["creates_changed_at"],
        probe_at=found["creates_probe_at"],
        is_recent=found["creates_failed_recently"],
    )
