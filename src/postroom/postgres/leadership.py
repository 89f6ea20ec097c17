"""The port `Leadership`: advisory locks, which PostgreSQL releases by itself when their session ends."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import psycopg
from psycopg import AsyncConnection

from postroom.errors import DatabaseUnavailable
from postroom.postgres.connection import SETTING, Row, answering, means_unavailable, unavailable_message
from postroom.postgres.refusal import remedy
from postroom.process.telemetry import log

SAID_EVERY = 60.0
"""Seconds between two log lines of a process that cannot lead. It tries each second."""


class PostgresLeadership:
    """A dedicated connection for all leaderships of this process, made by `connect` when it is first needed.

    It is not one of the pool: a leader may wait for Kratos for half a minute, and with a small pool two leaders would
    leave no connection for the hooks.

    When the connection breaks during a step, another process leads and the step goes on. So the work of a leader must
    be harmless when two do it: leadership saves work, it does not make it safe.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[AsyncConnection[Row]]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._monotonic = monotonic
        self._said_at: float | None = None
        self._connecting = asyncio.Lock()
        self._conn: AsyncConnection[Row] | None = None
        self._names: set[str] = set()

    @asynccontextmanager
    async def lead(self, name: str) -> AsyncGenerator[bool]:
        if name in self._names:  # PostgreSQL would grant a session the same lock again
            yield False
            return
        self._names.add(name)
        try:
            conn = await self._lock(name)
            try:
                yield conn is not None
            finally:
                if conn:
                    await _unlock(conn, name)
        finally:
            self._names.discard(name)

    async def open(self) -> None:
        """Make the connection now, if it can be made: later, the pool may have taken the last one that the role may
        have."""
        with suppress(psycopg.Error):  # the first try to lead says why
            await self._connected()

    async def aclose(self) -> None:
        if self._conn:
            await self._conn.close()

    async def _lock(self, name: str) -> AsyncConnection[Row] | None:
        """The connection that holds the lock now; None if another process holds it."""
        try:
            try:
                return await self._try(name)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                return await self._try(name)  # the connection had ended since the last step
        except psycopg.Error as error:
            if means_unavailable(error):
                self._say(error)
                raise DatabaseUnavailable(unavailable_message(error)) from error
            raise

    def _say(self, error: psycopg.Error) -> None:
        """Webhooks may be served all the same, by connections of the pool: nothing else would show it."""
        if self._said_at is None or self._monotonic() - self._said_at >= SAID_EVERY:
            self._said_at = self._monotonic()
            log.warning(
                "This process leads nothing: it has no connection for that",
                error=unavailable_message(error),
                fix=remedy(error).fix.format(setting=SETTING),
            )

    async def _try(self, name: str) -> AsyncConnection[Row] | None:
        conn = await self._connected()
        try:
            with answering(conn):
                cursor = await conn.execute("SELECT pg_try_advisory_lock(hashtext(%s)) AS ours", [f"postroom.{name}"])
                found = await cursor.fetchone()
        except BaseException:  # also if cancelled
            # The lock may be granted without our knowledge: the end of the session releases it.
            await conn.close()
            raise
        return conn if found and found["ours"] else None

    async def _connected(self) -> AsyncConnection[Row]:
        async with self._connecting:
            if self._conn is None or self._conn.closed:
                self._conn = await self._connect()
            return self._conn


async def _unlock(conn: AsyncConnection[Row], name: str) -> None:
    """Release the lock on the connection that took it: a later connection may hold it for another step."""
    if conn.closed:
        return
    try:
        with answering(conn):
            await conn.execute("SELECT pg_advisory_unlock(hashtext(%s))", [f"postroom.{name}"])
    except psycopg.Error:
        await conn.close()  # the end of the session releases it
    except BaseException:  # cancelled: else we would keep the lock, and no process would lead
        await conn.close()
        raise
