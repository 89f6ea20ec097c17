"""The port `Leadership`: an advisory lock, which PostgreSQL itself frees when its holder's connection ends."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from postroom.postgres.connection import Pool, connection


class PostgresLeadership:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def lead(self, name: str) -> AsyncGenerator[bool]:
        async with connection(self._pool) as conn:
            cursor = await conn.execute("SELECT pg_try_advisory_lock(hashtext(%s)) AS ours", [f"postroom.{name}"])
            found = await cursor.fetchone()
            leads = bool(found and found["ours"])
            try:
                yield leads
            finally:
                if leads and not conn.closed:
                    await conn.execute("SELECT pg_advisory_unlock(hashtext(%s))", [f"postroom.{name}"])
