"""Finds out why a server cannot be reached, and how to fix that."""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx2

from postroom.http.network_trouble import Kind, Trouble, trouble_of

WITHIN = 3.0
"""Seconds"""

_PORTS = {"http": 80, "https": 443}

_FIXES: Mapping[Kind, str] = {
    Kind.UNKNOWN_HOST: "correct the host in {setting}, or its entry in DNS",
    Kind.REFUSED: "start {server}, or correct the host and the port in {setting}",
    Kind.TIME_OUT: "see whether {server} runs and whether a firewall keeps this host from it, or correct {setting}",
    Kind.CERTIFICATE: "give {server} a certificate for the host in {setting}, from an authority that this host trusts",
    Kind.TLS: "correct the scheme or the port in {setting}: no TLS is spoken there",
    Kind.NO_WAY: "correct {setting}, or the network between this host and {server}",
    Kind.BROKEN_OFF: "see the log of {server}, or correct {setting}",
}


def place_of(url: str) -> str:
    """The host and the port of an http(s) URL."""
    host, port = _host_and_port(url)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def fix_of(trouble: Trouble, server: str, setting: str) -> str:
    return _FIXES[trouble.kind].format(server=server, setting=setting)


async def trouble_at(url: str) -> Trouble | None:
    """Try a connection of our own, because httpx2 does not keep the reason of its failure. None if it succeeds."""
    host, port = _host_and_port(url)
    context = httpx2.create_ssl_context(trust_env=False) if url.startswith("https:") else None
    try:
        async with asyncio.timeout(WITHIN):
            await _connect(host, port, context)
    except OSError as error:
        return trouble_of(error)
    return None


def _host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _PORTS[parts.scheme]


async def _connect(host: str, port: int, context: ssl.SSLContext | None) -> None:
    """Try each address in turn: asyncio would merge their errors into one without the reasons."""
    addresses = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    name = host if context else None
    for *_, place in addresses:
        try:
            _, writer = await asyncio.open_connection(str(place[0]), port, ssl=context, server_hostname=name)
        except OSError:
            if place is addresses[-1][-1]:
                raise
        else:
            writer.transport.abort()
            return
