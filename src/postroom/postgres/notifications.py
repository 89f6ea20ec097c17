"""Messages between our processes by LISTEN and NOTIFY: one channel for live events, and one by which
`access_token_revoke.sql` reports that an access token was revoked."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractContextManager, aclosing, asynccontextmanager, nullcontext
from typing import Protocol

import psycopg

from postroom.errors import DatabaseUnavailable
from postroom.postgres.connection import Pool, answering, means_unavailable, own_settings, rows, unavailable_message

SCREENS, TOKENS = "postroom_live", "postroom_access_tokens"

ASKED_EVERY = 10.0
"""Seconds between test queries on a listening connection. Keepalives reach no further than a proxy: if PostgreSQL
behind it died, we would listen forever in vain. With `ANSWERED_WITHIN`, less than `SETTLE_EVERY` of the streams."""


class Revocations(Protocol):
    """A cache that must know when an access token was revoked."""

    def listening(self) -> AbstractContextManager[None]: ...

    def forget(self) -> None: ...


class PostgresNotifications:
    """`url` is the pool's. A pooler in between must not share sessions, or `LISTEN` receives nothing. The connection of
    the live events also serves `revocations`, since connections are few."""

    def __init__(self, pool: Pool, url: str, revocations: Revocations | None = None) -> None:
        self._pool = pool
        self._url = url
        self._revocations = revocations

    async def send(self, payloads: Sequence[str]) -> None:
        """Send payloads of less than 8,000 bytes each, in one commit: PostgreSQL commits transactions with a NOTIFY one
        at a time."""
        await rows(self._pool, "notify_live", {"payloads": list(payloads)})

    @asynccontextmanager
    async def listen(self) -> AsyncGenerator[AsyncGenerator[str]]:
        """The payloads that are sent from now on. Raises `DatabaseUnavailable` when the connection cannot be made, or
        breaks."""
        try:
            connection = await psycopg.AsyncConnection.connect(
                self._url,
                autocommit=True,
                connect_timeout=3,
                application_name="postroom-live",
                **own_settings(self._url),
                # They notice within 11 s that the server vanished between two queries.
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
            )
            async with connection:
                with answering(connection):
                    await connection.execute(f"LISTEN {SCREENS}; LISTEN {TOKENS}")
                with self._revocations.listening() if self._revocations else nullcontext():
                    async with aclosing(self._payloads(connection)) as payloads:
                        yield payloads
        except psycopg.Error as error:
            if means_unavailable(error):
                raise DatabaseUnavailable(unavailable_message(error)) from error
            raise

    async def _payloads(self, connection: psycopg.AsyncConnection) -> AsyncGenerator[str]:
        while True:
            async with aclosing(connection.notifies(timeout=ASKED_EVERY)) as notifies:
                async for notify in notifies:
                    if notify.channel == SCREENS:
                        yield notify.payload
                    elif self._revocations:
                        self._revocations.forget()
            with answering(connection):
                await connection.execute("SELECT")  # psycopg stores what is notified meanwhile
