"""The connections to the mail server, kept for the next exchange where they can be."""

import asyncio
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx2
from aiohappyeyeballs import start_connection  # pyright: ignore[reportUnknownVariableType] — its addresses are tuples of no stated types

from postroom.http1.connection import Connection, Late, in_time

KEPT = 32
KEPT_SECONDS = 15.0

NEXT_ADDRESS_AFTER = 0.25
"""Seconds, by RFC 8305 §5."""


class Unreachable(Exception):
    """There is no connection: nothing was sent."""


class Connections:
    """`url` names the host, and nothing else of it is of interest here. As many at once as are asked for: what an
    account may have under way is counted elsewhere. `context` is for https, in the place of the usual one; `monotonic`
    is the passing of time."""

    def __init__(
        self, url: str, *, context: ssl.SSLContext | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if secure else 80)
        self._context = (context or httpx2.create_ssl_context(trust_env=False)) if secure else None
        self._monotonic = monotonic
        self._closed = False
        self._kept: deque[tuple[float, Connection]] = deque()

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    async def take(self, *, within: float) -> Connection:
        """One that nobody else has. Raises `Unreachable`."""
        self._prune()
        while self._kept:
            _, connection = self._kept.pop()
            if connection.is_silent:
                return connection
            connection.abort()
        try:
            return await in_time(self._connect(), within)
        # UnicodeError: of a host that is no name. RuntimeError: uvloop's, for a socket that broke a moment ago.
        except (OSError, UnicodeError, RuntimeError, Late) as error:
            raise Unreachable(str(error)) from error

    def give_back(self, connection: Connection) -> None:
        """After an exchange, whatever became of it."""
        if connection.is_idle and not self._closed and len(self._kept) < KEPT:
            self._kept.append((self._monotonic() + KEPT_SECONDS, connection))
        else:
            connection.abort()

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        # RFC 8305: of a host's addresses one may be dead, and IPv6 often is where nobody uses it.
        connected = await start_connection(found, happy_eyeballs_delay=NEXT_ADDRESS_AFTER)
        # A stream without pings finds out in no other way that the server is gone.
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        name = self._host if self._context else None
        made = loop.create_connection(Connection, sock=connected, ssl=self._context, server_hostname=name)
        return (await made)[1]

    def close(self) -> None:
        """What is under way goes on, and is not kept."""
        self._closed = True
        while self._kept:
            self._kept.pop()[1].abort()

    def _prune(self) -> None:
        now = self._monotonic()
        while self._kept and (self._kept[0][0] <= now or self._kept[0][1].is_lost):
            self._kept.popleft()[1].abort()
