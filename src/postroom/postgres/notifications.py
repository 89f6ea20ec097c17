"""Words between our processes: LISTEN and NOTIFY on `postroom_live`."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager

import psycopg

from postroom.errors import Unavailable
from postroom.postgres.connection import Pool, is_away, rows


class PostgresNotifications:
    """`url` is the pool's; a pooler in between must not share sessions, or nothing is heard (`LISTEN`)."""

    def __init__(self, pool: Pool, url: str) -> None:
        self._pool = pool
        self._url = url

    async def send(self, payloads: Sequence[str]) -> None:
        """Each below 8,000 bytes. In one commit: PostgreSQL lets one transaction with a NOTIFY commit at a time."""
        await rows(self._pool, "notify_live", {"payloads": list(payloads)})

    @asynccontextmanager
    async def listen(self) -> AsyncGenerator[AsyncGenerator[str]]:
        """What is sent from now on. Raises `Unavailable` at its begin or end when the connection goes."""
        try:
            connection = await psycopg.AsyncConnection.connect(
                self._url,
                autocommit=True,
                connect_timeout=3,
                application_name="postroom-live",
                # Nothing is asked here, so only these notice a server that vanished without a word: within 11 s.
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
            )
            async with connection:
                await connection.execute("LISTEN postroom_live")
                async with aclosing(_payloads(connection)) as payloads:
                    yield payloads
        except psycopg.Error as error:
            if is_away(error):
                raise Unavailable("PostgreSQL cannot be listened to") from error
            raise


async def _payloads(connection: psycopg.AsyncConnection) -> AsyncGenerator[str]:
    async with aclosing(connection.notifies()) as notifies:
        async for notify in notifies:
            yield notify.payload
