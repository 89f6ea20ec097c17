"""Our connections under httpx2: its requests, answers and errors, without the time that its own transport takes.

The way from a hook to its mailbox is one request to the mail server; through httpx2's own transport it took two fifths
of the service's work (`python -m benchmarks.profile`), now one seventh.
"""

from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from typing import cast

import httpx2

from postroom.http1.connection import Broken, Connection, Late, head_of
from postroom.http1.connections import Connections, Unreachable


class Http1Transport(httpx2.AsyncBaseTransport):
    """GET and POST to the server at `url` alone, whatever URL it is asked for. No body streams."""

    def __init__(self, url: str) -> None:
        self._connections = Connections(url)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        within = cast("dict[str, float]", request.extensions["timeout"])
        try:
            head = head_of(request.method, request.url.raw_path.decode("ascii"), request.headers)
        except ValueError as error:
            raise httpx2.LocalProtocolError(str(error)) from error
        content = await request.aread()
        try:
            connection = await self._connections.take(within=within["connect"])
        except Unreachable as error:
            raise httpx2.ConnectError(str(error)) from error
        body = _Body(self._connections, connection, within["read"])
        try:
            with _told():
                connection.begin()
                await connection.send(head, content, within=within["write"])
                await connection.receive_head(within=within["read"])
            return httpx2.Response(
                connection.status,
                headers=httpx2.Headers(connection.headers, encoding="latin-1"),  # RFC 9110 §5.5: any byte may come
                stream=body,
                extensions={"network_stream": _NetworkStream(connection)},
            )
        except BaseException:
            # Also when the caller gives up: else the next one would be given the answer to this.
            await body.aclose()
            raise

    async def aclose(self) -> None:
        self._connections.close()


class _Body(httpx2.AsyncByteStream):
    """What comes of an answer. Closing it gives the connection back, once."""

    def __init__(self, connections: Connections, connection: Connection, within: float) -> None:
        self._connections = connections
        self._connection: Connection | None = connection
        self._within = within

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._connection:
            with _told():
                chunk = await self._connection.receive(within=self._within)
            if not chunk:
                return
            yield chunk

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            self._connections.give_back(connection)


class _NetworkStream:
    """What httpx2's own transport gives under this name, as far as it is used: the connection, to be ended."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def aclose(self) -> None:
        self._connection.abort()


@contextmanager
def _told() -> Generator[None]:
    """Troubles in the words of httpx2, by which our callers tell one from the other."""
    try:
        yield
    except Late as error:
        raise httpx2.ReadTimeout("the server is silent") from error
    except Broken as error:
        raise httpx2.RemoteProtocolError(str(error)) from error
