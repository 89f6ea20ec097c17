"""A scripted JMAP server: it answers the session by itself and the API as a test says; time passes at once.

server = ScriptedJmap()
server.will(answered(), httpx2.ReadTimeout("slow"))
await server.client().call([("Email/get", {"accountId": "a"})], deadline=5)
"""

import json
from collections.abc import Callable
from typing import Any

import httpx2

from mocked_http import mocked
from postroom.jmap.client import JmapClient
from postroom.jmap.http_connection import JmapConnection

URL = "http://mail.example.org:8080"
SESSION: dict[str, Any] = {
    "state": "s0",
    "apiUrl": "/jmap/",
    "eventSourceUrl": "/jmap/eventsource/?types={types}&closeafter={closeafter}&ping={ping}",
    "capabilities": {"urn:ietf:params:jmap:core": {}, "urn:ietf:params:jmap:mail": {}},
}

Play = httpx2.Response | Exception | Callable[[httpx2.Request], httpx2.Response]


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


class ScriptedJmap:
    """`plays` (or those that `will` sets) are the responses of the API in order; the last one repeats. `requests` are
    all requests, those of sessions too."""

    def __init__(self, *plays: Play, **session: Any) -> None:
        self.session: dict[str, Any] = SESSION | session
        self.requests: list[httpx2.Request] = []
        self.paused: list[float] = []
        self.clock = 0.0
        self.will(*(plays or [answered()]))

    def will(self, *plays: Play) -> None:
        self._plays = list(plays)

    def client(self, **more: Any) -> JmapClient:
        async def pause(seconds: float) -> None:
            self.paused.append(seconds)
            self.clock += seconds

        chosen = {"connection": http_of(self._handle), "uniform": lambda _, high: high}
        timed = {"pause": pause, "monotonic": lambda: self.clock}
        return JmapClient(URL, known, **(chosen | timed | more))

    @property
    def asked(self) -> list[str]:
        """The paths of the requests, in order."""
        return [request.url.path for request in self.requests]

    def calls(self, place: int = -1) -> list[list[Any]]:
        return json.loads(self.requests[place].content)["methodCalls"]

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if request.url.path == "/.well-known/jmap":
            return httpx2.Response(200, json=self.session)
        play = self._plays.pop(0) if len(self._plays) > 1 else self._plays[0]
        if isinstance(play, Exception):
            raise play
        if isinstance(play, httpx2.Response):  # a response can be read once, but the last one is sent many times
            return httpx2.Response(play.status_code, headers=play.headers, content=play.content)
        return play(request)
