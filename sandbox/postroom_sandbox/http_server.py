"""The HTTP server of the stand-ins. An application can reset a connection. It stops at SIGTERM.

The stand-ins have no names: a page whose name leads here (DNS rebinding) would read the codes that Kratos mails.
"""

import asyncio
import signal
import socket
import struct
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from postroom.api.known_host import KnownHost

_TRANSPORT_KEY = "postroom.transport"


class _CuttableProtocol(HttpToolsProtocol):
    """Passes the connection to the application, which resets it for some faults."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_TRANSPORT_KEY: {"transport": self.transport}}

    def shutdown(self) -> None:
        """Called at the end of the process, which must not wait for a request that a fault keeps open."""
        self.transport.abort()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals alone: uvicorn's own handlers would stop only one of several servers."""
        yield


async def serve(apps: Sequence[tuple[ASGIApp, socket.socket]], *, name: str) -> None:
    """Serve each application at its listener until SIGTERM or SIGINT. `name` is the value of the header `Server`."""
    servers = [_Server(_config(app, name)) for app, _ in apps]

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    async with asyncio.TaskGroup() as group:
        for server, (_, listener) in zip(servers, apps, strict=True):
            group.create_task(server.serve(sockets=[listener]))


def _config(app: ASGIApp, name: str) -> uvicorn.Config:
    return uvicorn.Config(
        KnownHost(app, names=()),
        http=_CuttableProtocol,
        log_level="warning",
        access_log=False,
        server_header=False,
        headers=[("Server", name)],
        timeout_keep_alive=600,  # closing an idle connection would look like a fault that nobody has set
        timeout_graceful_shutdown=1,
    )


def transport_of(scope: Scope) -> asyncio.Transport:
    return scope["extensions"][_TRANSPORT_KEY]["transport"]


def cut(scope: Scope) -> None:
    """Reset the connection, which ASGI does not offer.

    With SO_LINGER at 0, the kernel sends RST instead of FIN.
    """
    transport = transport_of(scope)
    connection: socket.socket = transport.get_extra_info("socket")
    if connection.fileno() >= 0:  # else the client has disconnected before
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


async def cut_request(scope: Scope, receive: Receive) -> None:
    """Reset the connection, and wait until uvicorn has noticed, or it would log that there was no response."""
    cut(scope)
    await disconnected(receive)


async def disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
