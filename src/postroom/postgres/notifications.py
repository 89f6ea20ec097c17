"""Words between our processes: LISTEN and NOTIFY, on a channel for screens, and one on which `access_token_revoke.sql`
tells that an access token was revoked."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractContextManager, aclosing, asynccontextmanager, nullcontext
from typing import Protocol

import psycopg

from postroom.errors import DatabaseUnavailable
from postroom.postgres.connection import Pool, answering, away, is_away, rows

SCREENS, TOKENS = "postroom_live", "postroom_access_tokens"

ASKED_EVERY = 10.0
"""Seconds between questions on a connection that listens. Keepalives reach a proxy and no further: before a dead
PostgreSQL it would listen for ever and hear nothing. With `ANSWERED_WITHIN` less than `SETTLE_EVERY` of the streams."""


class Revocations(Protocol):
    """Who wants to know when an access token was revoked."""

    def hearing(self) -> AbstractContextManager[None]: ...

    def forget(self) -> None: ...


class PostgresNotifications:
    """`url` is the pool's; a pooler in between must not share sessions, or nothing is heard (`LISTEN`). Whoever listens
    for screens has `revocations` told, too: connections are few."""

    def __init__(self, pool: Pool, url: str, revocations: Revocations | None = None) -> None:
        self._pool = pool
        self._url = url
        self._revocations = revocations

    async def send(self, payloads: Sequence[str]) -> None:
        """Each below 8,000 bytes. In one commit: PostgreSQL lets one transaction with a NOTIFY commit at a time."""
        await rows(self._pool, "notify_live", {"payloads": list(payloads)})

    @asynccontextmanager
    async def listen(self) -> AsyncGenerator[AsyncGenerator[str]]:
        """What is sent from now on. Raises `DatabaseUnavailable` at its begin or end when the connection goes."""
        try:
            connection = await psycopg.AsyncConnection.connect(
                self._url,
                autocommit=True,
                connect_timeout=3,
                application_name="postroom-live",
                # These notice a server that vanished without a word between two questions: within 11 s.
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
            )
            async with connection:
                with answering(connection):
                    await connection.execute(f"LISTEN {SCREENS}; LISTEN {TOKENS}")
                with self._revocations.hearing() if self._revocations else nullcontext():
                    async with aclosing(self._payloads(connection)) as payloads:
                        yield payloads
        except psycopg.Error as error:
            if is_away(error):
                raise DatabaseUnavailable(away(error)) from error
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
                await connection.execute("SELECT")  # psycopg keeps what is notified meanwhile
