"""The port `Leadership`: advisory locks, which PostgreSQL itself frees when the connection that holds them ends."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import psycopg
from psycopg import AsyncConnection

from postroom.errors import DatabaseUnavailable
from postroom.postgres.connection import Row, answering, away, is_away


class PostgresLeadership:
    """One connection of its own for all that a process leads, made by `connect` when it is first needed.

    Not one of the pool: a leader may wait for Kratos for half a minute, and with a small pool two of them would leave
    none for the hooks.

    When the connection breaks in the middle of a turn, another process leads and the turn goes on. So what is done
    under leadership must be harmless when two do it: leadership saves work, it does not make it safe.
    """

    def __init__(self, connect: Callable[[], Awaitable[AsyncConnection[Row]]]) -> None:
        self._connect = connect
        self._connecting = asyncio.Lock()
        self._conn: AsyncConnection[Row] | None = None
        self._names: set[str] = set()

    @asynccontextmanager
    async def lead(self, name: str) -> AsyncGenerator[bool]:
        if name in self._names:  # PostgreSQL grants a session the same lock once more
            yield False
            return
        self._names.add(name)
        try:
            conn = await self._take(name)
            try:
                yield conn is not None
            finally:
                if conn:
                    await _give_back(conn, name)
        finally:
            self._names.discard(name)

    async def aclose(self) -> None:
        if self._conn:
            await self._conn.close()

    async def _take(self, name: str) -> AsyncConnection[Row] | None:
        """The connection that holds the lock now; None if another process holds it."""
        try:
            try:
                return await self._try(name)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                return await self._try(name)  # the connection had ended since the last turn
        except psycopg.Error as error:
            if is_away(error):
                raise DatabaseUnavailable(away(error)) from error
            raise

    async def _try(self, name: str) -> AsyncConnection[Row] | None:
        conn = await self._connected()
        try:
            with answering(conn):
                cursor = await conn.execute("SELECT pg_try_advisory_lock(hashtext(%s)) AS ours", [f"postroom.{name}"])
                found = await cursor.fetchone()
        except BaseException:  # cancelled, too
            # Perhaps granted, which nobody would know and give back: the end of the session does.
            await conn.close()
            raise
        return conn if found and found["ours"] else None

    async def _connected(self) -> AsyncConnection[Row]:
        async with self._connecting:
            if self._conn is None or self._conn.closed:
                self._conn = await self._connect()
            return self._conn


async def _give_back(conn: AsyncConnection[Row], name: str) -> None:
    """On the connection that took the lock: a later one may hold it for another turn."""
    if conn.closed:
        return
    try:
        with answering(conn):
            await conn.execute("SELECT pg_advisory_unlock(hashtext(%s))", [f"postroom.{name}"])
    except psycopg.Error:
        await conn.close()  # the end of the session gives it back
    except BaseException:  # cancelled: else the lock would stay ours, and nobody would lead
        await conn.close()
        raise
