"""The HTTP server of a process: uvicorn on a socket of ours, with our own shutdown."""

import asyncio
import errno
import math
import resource
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from postroom.errors import ConfigurationError
from postroom.http.protocol import BoundedProtocol, Connections
from postroom.process.pause import pause

BACKLOG = 256
"""Connections that wait in the kernel until we accept them, one per iteration of uvloop. A client that waits there for
seconds is answered too late, and a longer queue only makes it wait longer."""

MOST_FILES = 65_536
"""The most files that a process asks for, also if it has no limit."""

STUCK_SECONDS = 30
"""The kernel cuts a connection whose client has acknowledged nothing for so long. If only we closed it, it would stay
until the client has read everything, and delay the end of the service."""


def connections_allowed() -> int:
    """Half of the files that this process may open: each client may need a second connection, to the mail server.

    Raises the soft limit to the hard one: it is often 1,024, to protect programs that use select(2).
    """
    soft, hard = (
        MOST_FILES if limit == resource.RLIM_INFINITY else limit for limit in resource.getrlimit(resource.RLIMIT_NOFILE)
    )
    if soft < (wanted := min(hard, MOST_FILES)):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return soft // 2


def listen(host: str, port: int, *, setting: str) -> socket.socket:
    """A listening socket. Raises `ConfigurationError`, which names `setting`, by which another port can be chosen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sys.platform == "linux":  # each connection inherits it (tcp(7))
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * STUCK_SECONDS)
    try:
        listener.bind((host, port))
    except (OSError, UnicodeError) as error:  # UnicodeError: of a host that is no name
        listener.close()
        why = (isinstance(error, OSError) and error.strerror) or "not a host name"
        raise ConfigurationError(f"cannot listen on {host}:{port} ({why})", fix=_fix(error, setting)) from error
    return listener


def _fix(error: Exception, setting: str) -> str:
    match error:
        case OSError(errno=errno.EADDRINUSE):
            return f"stop the process that uses that port, or set {setting} to another one"
        case PermissionError():
            return f"set {setting} to a port above 1023, or give the process CAP_NET_BIND_SERVICE"
        case _:
            return f"correct {setting.replace('PORT', 'HOST')}: it must be an address of this host"


class HttpServer:
    def __init__(self, app: ASGIApp, listener: socket.socket, *, drain: float, connections: int) -> None:
        """`drain`: seconds that requests under way may take after the stop. `connections`: the most at a time."""
        self._listener = listener
        self._server = _Server(
            uvicorn.Config(
                app,
                http=BoundedProtocol,
                ws="none",
                log_config=None,
                access_log=False,
                backlog=BACKLOG,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=math.ceil(drain),
            )
        )
        self._server.server_state = Connections(connections)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`; then accept no more connections, and answer the requests under way."""
        serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        await pause(None, serving, stop)
        self._server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: postroom.stopping decides when to stop."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
