"""An application behind the HTTP server of a process, with its protocol and limits, on a port of loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.types import ASGIApp

from postroom.http.protocol import BoundedProtocol, Connections
from postroom.http.server import HttpServer


@asynccontextmanager
async def served(app: ASGIApp, *, port: int = 0, connections: int = 1000) -> AsyncIterator[int]:
    """The port, a free one unless stated."""
    # With the protocol's number asyncio sets TCP_NODELAY; without it small writes wait 40 ms for each other.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", port))
    uvicorn = HttpServer(app, listener, drain=1, connections=connections)._server
    uvicorn.config.load()
    state = uvicorn.server_state
    assert isinstance(state, Connections)
    # Only uvicorn's protocol: its server starts and stops in ticks of 0.1 s.
    server = await asyncio.get_running_loop().create_server(
        lambda: BoundedProtocol(uvicorn.config, state, {}), sock=listener
    )
    try:
        yield listener.getsockname()[1]
    finally:
        server.close()
        for connection in list(state.connections):
            assert isinstance(connection, BoundedProtocol)
            connection.transport.abort()
        await asyncio.sleep(0)  # they are lost in the next iteration of the loop
        await asyncio.gather(*state.tasks)


async def answer_of(port: int, sent: bytes) -> bytes:
    """The response on a plain socket until the server closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
