"""Ports on 127.0.0.1, the only address a trial listens on."""

import errno
import os
import random
import socket
from collections import deque

from postroom.errors import ConfigurationError

LOOPBACK = "127.0.0.1"

# Below the range for outgoing connections (from 32768 on Linux, from 49152 on macOS): such a connection could otherwise
# take a free port just before our server listens on it.
_PORTS = range(20_000, 32_000)


_RESERVED = 64
"""Ports that a process keeps to itself: more than it starts servers at once."""

_reservations = deque[int]()
"""File descriptors: nothing closes them before the process ends, also not a collector of garbage."""


def free_port() -> int:
    """A random port on which nothing listens now, and which no other caller got just before."""
    while True:
        port = random.choice(_PORTS)  # noqa: S311 - not a secret
        if not is_taken(port) and _reserve(port):
            return port


def _reserve(port: int) -> bool:
    """Whether no other process has reserved the port: until its server listens on it, it would look free to them. The
    reservation is a UDP socket on the same port, which the server does not need, and which ends with the process."""
    reservation = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        reservation.bind((LOOPBACK, port))
    except OSError:
        reservation.close()
        return False
    _reservations.append(reservation.detach())
    if len(_reservations) > _RESERVED:
        os.close(_reservations.popleft())
    return True


def is_taken(port: int) -> bool:
    """Whether a server cannot listen on the port: another one does, or the system does not allow it."""
    return _refusal(port) is not None


def require_port(port: int, wanted_by: str, setting: str) -> None:
    """Raise ConfigurationError if no server can listen on the port. `setting` is what to change (`--port`)."""
    match _refusal(port):
        case None:
            return
        case PermissionError():
            reason = "because only root may listen on such a low port"
            remedy = f"choose one from 1024 on with {setting}"
        case OSError(errno=errno.EADDRINUSE):
            reason = "because another program does"
            remedy = f"stop that one, or choose another port with {setting}"
        case error:
            reason, remedy = f"({error.strerror})", f"choose another port with {setting}"
    raise ConfigurationError(f"{wanted_by} cannot listen on {LOOPBACK}:{port} {reason}: {remedy}")


def _refusal(port: int) -> OSError | None:
    """The error of the system for a listener on the port; None if it is free."""
    with socket.socket() as probe:
        # As servers do. Without it, a port would count as taken for a minute after its server has stopped.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            return error
    return None


def listen(port: int, wanted_by: str, setting: str) -> socket.socket:
    """A listener on the port, or on any free one for 0. Raises ConfigurationError if it is in use."""
    require_port(port, wanted_by, setting)
    # The protocol must be named: asyncio sets TCP_NODELAY only then, without which each response takes 40 ms longer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    listener.listen(2048)
    return listener
