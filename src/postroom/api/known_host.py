"""Refuses requests for a host name that is not ours.

The owner of a name can let it lead to any address (DNS rebinding). For a browser that shows a page of that name, our
responses are then the page's own: `/metrics`, which loopback may read, and what needs no login on a stand-in.
"""

from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from postroom.http.problems import problem
from postroom.settings.web_urls import is_ip_address


class KnownHost:
    """Middleware around the complete application. `names`: ours, in lower case. `with_own_key`: paths whose requests
    prove themselves by a key, whatever name their sender has for us."""

    def __init__(self, app: ASGIApp, *, names: Collection[str], with_own_key: Collection[str] = ()) -> None:
        self._app = app
        self._names = frozenset(names)
        self._with_own_key = frozenset(with_own_key)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._with_own_key or is_known(_host(scope), self._names):
            await self._app(scope, receive, send)
            return
        detail = "this name of the service is not known; its operator can add it to POSTROOM_HOSTS"
        await problem("unknown_host", detail).response()(scope, receive, send)


def is_known(host: str, names: Collection[str]) -> bool:
    """Whether the value of a Host field (RFC 9110 §7.2) names us. An address is nobody's page but that address' own,
    and `localhost` is this host (RFC 6761 §6.3). Without the field no browser sent the request."""
    if not host:
        return True
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0].lower().removesuffix(".")
    return name == "localhost" or name in names or is_ip_address(name)


def _host(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
