"""Ports on 127.0.0.1, the only address a trial listens on."""

import errno
import random
import socket

from postroom.errors import ConfigurationError

LOOPBACK = "127.0.0.1"

# Below the range from which systems take the ports of outgoing connections (32768 on Linux, 49152 on
# macOS): such a connection could take a free port in the moment before our server listens on it.
_PORTS = range(20_000, 32_000)


def free_port() -> int:
    """A port that nothing listens on now, different from call to call."""
    while True:
        port = random.choice(_PORTS)  # noqa: S311 - not a secret
        if not is_taken(port):
            return port


def is_taken(port: int) -> bool:
    """Whether a server cannot listen on the port: another one does, or the system forbids it."""
    return _refusal(port) is not None


def require_port(port: int, wanted_by: str, setting: str) -> None:
    """Raise ConfigurationError when nothing can listen on the port; `setting` is what to change (`--port`)."""
    match _refusal(port):
        case None:
            return
        case PermissionError():
            reason = "the system lets only root listen on such a low port"
            remedy = f"choose one from 1024 on with {setting}"
        case OSError(errno=errno.EADDRINUSE):
            reason = "another program does"
            remedy = f"stop that one, or choose another port with {setting}"
        case error:
            reason, remedy = str(error.strerror), f"choose another port with {setting}"
    raise ConfigurationError(f"{wanted_by} cannot listen on {LOOPBACK}:{port}, {reason}: {remedy}")


def _refusal(port: int) -> OSError | None:
    """Why the system refuses a listener on the port."""
    with socket.socket() as probe:
        # As servers do it: without this a port counts as taken for a minute after its server has ended.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            return error
    return None


def listen(port: int, wanted_by: str, setting: str) -> socket.socket:
    """A listener on the port, with 0 on any. Raises ConfigurationError when it is taken."""
    require_port(port, wanted_by, setting)
    # With the protocol named, for asyncio sets TCP_NODELAY on no other: each answer would wait 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    listener.listen(2048)
    return listener
