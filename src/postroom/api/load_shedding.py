"""Limits how many hooks are served at once. Further hooks get a 503 before anything of them is read.

Without a limit each hook waits for all earlier ones, whose callers time out and send them again: long after an outage
the service still works on requests whose callers are gone.
"""

import asyncio
from itertools import cycle

from starlette.types import ASGIApp, Receive, Scope, Send

from postroom.http.problems import MEDIA_TYPE, problem
from postroom.process.telemetry import HOOKS, HOOKS_SHED, log

LOG_EVERY = 1.0
"""Seconds covered by one log line: a line for each shed hook would cost more than the response."""


class LoadShedding:
    """ASGI middleware. At most `limit` requests to `path` are in progress in `app`.

    Retry-After cycles from half of `retry_after` seconds to one and a half of it, so that callers that obey it do not
    come back all at once.
    """

    def __init__(self, app: ASGIApp, *, path: str, limit: int, retry_after: int) -> None:
        self._app = app
        self._path = path
        self._limit = limit
        self._under_way = 0
        self._unlogged = 0
        detail = "too many hooks are in progress; nothing was stored, send this one again after Retry-After"
        body = problem("too_busy", detail).body()
        self._body = {"type": "http.response.body", "body": body}
        spread = range((retry_after + 1) // 2, retry_after + retry_after // 2 + 1)
        self._starts = cycle([_start(body, seconds) for seconds in spread])
        self._answered = HOOKS.labels(status="503")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self._path:
            await self._app(scope, receive, send)
        elif self._under_way >= self._limit:
            self._count()
            await send(next(self._starts))
            await send(self._body)
        else:
            self._under_way += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._under_way -= 1

    def _count(self) -> None:
        self._answered.inc()
        HOOKS_SHED.inc()
        if not self._unlogged:
            asyncio.get_running_loop().call_later(LOG_EVERY, self._log)
        self._unlogged += 1

    def _log(self) -> None:
        log.warning("Shed hooks: too many are in progress", shed=self._unlogged, limit=self._limit)
        self._unlogged = 0


def _start(body: bytes, retry_after: int) -> dict[str, object]:
    return {
        "type": "http.response.start",
        "status": 503,
        "headers": [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"retry-after", b"%d" % retry_after),
            # With thousands of requests on open connections, the event loop answers all of them before it continues the
            # hooks in progress. It accepts new connections one by one (libuv), and the others cost nothing meanwhile.
            (b"connection", b"close"),
        ],
    }
