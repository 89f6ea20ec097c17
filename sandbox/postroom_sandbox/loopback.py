"""Ports on 127.0.0.1, the only address a trial listens on."""

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
    """Whether a server cannot listen on the port: another one does, or only root may."""
    with socket.socket() as probe:
        # As servers do it: without this a port counts as taken for a minute after its server has ended.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


def require_port(port: int, wanted_by: str, setting: str) -> None:
    """Raise ConfigurationError when the port is taken; `setting` is what to change (`--port`)."""
    if is_taken(port):
        raise ConfigurationError(
            f"{wanted_by} cannot listen on {LOOPBACK}:{port}, something else does: "
            f"stop that, or choose another port with {setting}"
        )


def listen(port: int, wanted_by: str, setting: str) -> socket.socket:
    """A listener on the port, with 0 on any. Raises ConfigurationError when it is taken."""
    require_port(port, wanted_by, setting)
    # With the protocol named, for asyncio sets TCP_NODELAY on no other: each answer would wait 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    listener.listen(2048)
    return listener
