"""The address of the person behind a request, and who counts as one client."""

import ipaddress
import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

_CLIENT_BITS = 64
"""Of an IPv6 address. Whoever has one has at least the others of its /64 (RFC 6177 §2), too."""

_WITH_PORT = re.compile(r"(?P<v4>[0-9.]+):[0-9]{1,5}|\[(?P<v6>[0-9A-Fa-f:.]+)\]:[0-9]{1,5}")
"""As some proxies write an address in X-Forwarded-For: Azure's Application Gateway does by default."""


def person_address(peer: str, forwarded_for: str, trusted: Collection[IPv4Network | IPv6Network]) -> str:
    """`peer`, unless it is a proxy of ours: then the last address in its X-Forwarded-For that is no proxy of ours. The
    earlier ones may be invented, and what anybody else states is ignored."""
    found = peer
    for stated in reversed(["", *map(_without_port, forwarded_for.split(","))]):
        address = _address(found)
        if address is None or not any(address in network for network in trusted):
            break
        if _address(stated) is None:
            break  # such as `unknown`: nobody knows more than that it came through this proxy
        found = stated
    return found


def client_of(address: str) -> str:
    """The text by which failures of a client are counted."""
    match _address(address):
        case IPv6Address() as found:
            return str(ipaddress.ip_network((found, _CLIENT_BITS), strict=False))
        case IPv4Address() as found:
            return str(found)
        case None:
            return "unknown"


def _without_port(stated: str) -> str:
    found = _WITH_PORT.fullmatch(stated.strip())
    return (found["v4"] or found["v6"]) if found else stated.strip()


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped if isinstance(found, IPv6Address) else None) or found
