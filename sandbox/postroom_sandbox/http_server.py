"""The HTTP server of the stand-ins, on which an application can cut a connection, and which ends at SIGTERM."""

import asyncio
import signal
import socket
import struct
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_TRANSPORT_KEY = "postroom.transport"


class _CuttableProtocol(HttpToolsProtocol):
    """Hands the connection to the application, which cuts it for some faults."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_TRANSPORT_KEY: {"transport": self.transport}}

    def shutdown(self) -> None:
        """At the end of the process: a request that hangs, by a fault, must not hold it up."""
        self.transport.abort()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leaves signals alone: uvicorn's own handlers would stop one of several servers only."""
        yield


async def serve(apps: Sequence[tuple[ASGIApp, socket.socket]], *, name: str) -> None:
    """Serve each application at its listener until SIGTERM or SIGINT; `name` goes into the header Server."""
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
        app,
        http=_CuttableProtocol,
        log_level="warning",
        access_log=False,
        server_header=False,
        headers=[("Server", name)],
        timeout_keep_alive=600,  # an idle connection closed under a client would look like a fault nobody set
        timeout_graceful_shutdown=1,
    )


def transport_of(scope: Scope) -> asyncio.Transport:
    return scope["extensions"][_TRANSPORT_KEY]["transport"]


def cut(scope: Scope) -> None:
    """Cuts the connection so that the client sees a reset, for which ASGI has no word.

    With SO_LINGER at 0 the kernel sends RST instead of an orderly end.
    """
    transport = transport_of(scope)
    connection: socket.socket = transport.get_extra_info("socket")
    if connection.fileno() >= 0:  # else the client has gone before
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


async def cut_request(scope: Scope, receive: Receive) -> None:
    """Uvicorn must see the loss before the application returns, otherwise it logs that there was no answer."""
    cut(scope)
    await disconnected(receive)


async def disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
