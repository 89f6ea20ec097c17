"""`allowedIps`: the addresses and networks from which a credential is accepted."""

from ipaddress import ip_address, ip_network
from typing import Any

from postroom_sandbox.stalwart.errors import http_problem, invalid_patch
from postroom_sandbox.stalwart.json_value import JSON, is_object

_LARGEST = 8
"""The shortest prefix of a network that Stalwart takes."""


def checked_networks(value: Any, name: str) -> JSON:
    """The set, without entries that are false. Raises SetError."""
    if not is_object(value):
        raise invalid_patch(name, "Invalid value for object property")
    for text in value:
        try:
            is_valid = ip_network(text, strict=False).prefixlen >= _LARGEST
        except ValueError:
            is_valid = False
        if not is_valid:
            raise invalid_patch(name, "Invalid key for object property")
    return {text: True for text, on in value.items() if on}


def require_allowed(networks: JSON, peer: str) -> None:
    """An empty set allows every address. Raises ProblemError: 403, as for known callers that may not log in."""
    if networks and not any(ip_address(peer) in ip_network(each, strict=False) for each in networks):
        raise http_problem(403)
