"""How many hooks are served at once. Who comes beyond is told 503 before anything of it is read.

Without a bound, each hook waits behind all that came before it, while their callers give up and send again: the service
works for nobody, long after the outage that made them wait.
"""

import asyncio
from itertools import cycle

from starlette.types import ASGIApp, Receive, Scope, Send

from postroom.problems import MEDIA_TYPE, problem
from postroom.telemetry import HOOKS, HOOKS_SHED, log

LOG_EVERY = 1.0
"""Seconds that one line of the log speaks for: a line for each would cost more than the answer."""


class LoadShedding:
    """ASGI middleware. At most `limit` requests to `path` are under way in `app`.

    Retry-After goes from half of `retry_after` seconds to one and a half of it, and begins again: those who obey it
    must not come back all at once.
    """

    def __init__(self, app: ASGIApp, *, path: str, limit: int, retry_after: int) -> None:
        self._app = app
        self._path = path
        self._limit = limit
        self._under_way = 0
        self._untold = 0
        detail = "too many hooks are under way; nothing was stored, send this one again after Retry-After"
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
        if not self._untold:
            asyncio.get_running_loop().call_later(LOG_EVERY, self._tell)
        self._untold += 1

    def _tell(self) -> None:
        log.warning("Shed hooks: too many are under way", shed=self._untold, limit=self._limit)
        self._untold = 0


def _start(body: bytes, retry_after: int) -> dict[str, object]:
    return {
        "type": "http.response.start",
        "status": 503,
        "headers": [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"retry-after", b"%d" % retry_after),
            # A loop that finds thousands of requests on kept connections answers all of them before it goes on with
            # the hooks under way. New connections it takes one by one (libuv); the others cost nothing meanwhile.
            (b"connection", b"close"),
        ],
    }
