"""URLs and origins in the settings: which of them can be used at all; and the URL of a service on this host."""

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

import idna

from postroom.domain.address import printable

_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{0,4}))?"
)
"""RFC 6454 §6.2; also of apps that bring their own scheme (`app://…`)"""

_HOST_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")

_NEVER_OF_A_PAGE = ("file", "ftp", "ws", "wss")
"""Schemes that browsers know (URL Standard, "special scheme") and from which no page comes: the origin of a `file://`
page is `null`, and no browser shows `ftp://` any more."""

_ANYWHERE = ("0.0.0.0", "::", "")


_WEB = ("http", "https")
_SOCKETS = ("ws", "wss")


def names_a_host(url: str, schemes: Collection[str] = _WEB) -> bool:
    """Whether it is an http(s) URL with a host. Other texts would make each request fail with a different error."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:  # UnicodeError is one
        return False
    return parts.scheme in schemes and bool(host) and port != 0


def is_for_connections(url: str) -> bool:
    """Whether a page can open a live connection there. Its origin stands in the page's Content-Security-Policy, where a
    space or a semicolon would begin something else."""
    return names_a_host(url, (*_SOCKETS, *_WEB)) and not re.search(r"[^\x21-\x7e]|[;,]", origin_of(url))


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL that names a host, as they stand there."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def is_address(url: str) -> bool:
    """Whether it can be the URL of a webhook. It must not hold a password: Stalwart shows the URLs of its webhooks."""
    if not names_a_host(url):
        return False
    parts = urlsplit(url)
    plain = url.isascii() and url.isprintable() and " " not in url
    return plain and not parts.fragment and parts.username is None


def url_on_this_host(host: str, port: int) -> str:
    """The URL of a server that listens on `host`, for a client on the same host."""
    host = "127.0.0.1" if host in _ANYWHERE else host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def is_ip_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def host_name(text: str) -> str:
    """The name as browsers send it in Host: in lower case, its ASCII form. Raises `ValueError`."""
    try:
        name = text.lower() if text.isascii() else idna.encode(text, uts46=True).decode()
    except idna.IDNAError:
        name = ""
    if not _HOST_NAME.fullmatch(name):
        raise ValueError(f"{printable(text)} is not a host name: write each as mail.example.org, without a port or a *")
    return name


def host_of(url: str) -> str:
    """The host of a URL that names one, as browsers send it."""
    name = (urlsplit(url).hostname or "").removesuffix(".")
    try:
        return host_name(name)
    except ValueError:  # such as an address of IPv6
        return name


def web_origin(text: str) -> str:
    """The origin as browsers send it, since origins are compared as strings. Raises `ValueError`."""
    found = _ORIGIN.fullmatch(text.lower())
    if not found or int(found["port"] or 1) not in range(1, 65536) or found["scheme"] in _NEVER_OF_A_PAGE:
        raise ValueError(
            f"{printable(text)} is not the origin of a page: write each as https://webmail.example.org or "
            "http://localhost:5173, without a path, a * or a name that is not ASCII (xn--…)"
        )
    default = {"http": "80", "https": "443"}.get(found["scheme"])
    port = found["port"] if found["port"] and found["port"] != default else None
    return f"{found['scheme']}://{found['host']}" + (f":{port}" if port else "")
