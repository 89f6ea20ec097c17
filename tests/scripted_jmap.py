"""A scripted JMAP server: it answers the session by itself and the API as a test says; time passes at once.

server = ScriptedJmap()
server.will(answered(), httpx2.ReadTimeout("slow"))
await server.client().call([("Email/get", {"accountId": "a"})], deadline=5)
"""

import json
from collections.abc import Callable
from typing import Any

import httpx2

from mocked_http import URL, ScriptedServer, mocked
from mocked_http import Answer as Play
from postroom.jmap.client import JmapClient
from postroom.jmap.http_connection import JmapConnection

SESSION: dict[str, Any] = {
    "state": "s0",
    "apiUrl": "/jmap/",
    "eventSourceUrl": "/jmap/eventsource/?types={types}&closeafter={closeafter}&ping={ping}",
    "capabilities": {"urn:ietf:params:jmap:core": {}, "urn:ietf:params:jmap:mail": {}},
}


def answered(state: str = "s0", **responses: Any) -> Callable[[httpx2.Request], httpx2.Response]:
    """A 200 that answers every call by its own name with these arguments."""

    def play(request: httpx2.Request) -> httpx2.Response:
        calls = json.loads(request.content)["methodCalls"]
        found = [[name, dict(responses), call_id] for name, _, call_id in calls]
        return httpx2.Response(200, json={"methodResponses": found, "sessionState": state})

    return play


def problem(status: int, kind: str = "about:blank", *, retry_after: str | None = None, **more: Any) -> httpx2.Response:
    content = {"type": kind, "status": status, "detail": "secret echo", **more}
    return httpx2.Response(status, json=content, headers={"Retry-After": retry_after} if retry_after else {})


def limited(limit: str = "maxConcurrentRequests") -> httpx2.Response:
    return problem(400, "urn:ietf:params:jmap:error:limit", limit=limit)


def http_of(handle: Any) -> JmapConnection:
    return mocked(URL, handle)


async def known() -> str:
    """Credentials that do not change."""
    return "Bearer secret"


class ScriptedJmap(ScriptedServer):
    """`plays` are the responses of the API. `requests` are all requests, those of sessions too."""

    def __init__(self, *plays: Play, **session: Any) -> None:
        super().__init__(*(plays or [answered()]))
        self.session: dict[str, Any] = SESSION | session

    def client(self, **more: Any) -> JmapClient:
        chosen = {"connection": http_of(self._handle), "uniform": lambda _, high: high}
        timed = {"pause": self.pause, "monotonic": lambda: self.clock}
        return JmapClient(URL, known, **(chosen | timed | more))

    @property
    def asked(self) -> list[str]:
        """The paths of the requests, in order."""
        return [request.url.path for request in self.requests]

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if request.url.path == "/.well-known/jmap":
            return httpx2.Response(200, json=self.session)
        return self._next(request)
