"""Errors that nobody foresaw: counted, told without what they say, and answered as a problem."""

import traceback

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from postroom.problems import problem
from postroom.telemetry import UNHANDLED_ERRORS, log


class Unhandled:
    """Around the whole application, so that no error reaches the HTTP server: that one would log its text, and the text
    may hold an address, a row or a key."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 — the last place that can answer
            _tell(scope, error)
            if not begun:  # else the HTTP server cuts the connection, since the answer has no end
                detail = "an error of ours; whether anything was stored is not known: send it again, that does no harm"
                await problem("internal_error", detail).response()(scope, receive, send)


def _tell(scope: Scope, error: Exception) -> None:
    path = getattr(scope.get("route"), "path", "other")
    UNHANDLED_ERRORS.labels(path=path).inc()
    places = [f"{each.filename}:{each.lineno} {each.name}" for each in traceback.extract_tb(error.__traceback__)[-8:]]
    log.error("A request broke", path=path, method=scope["method"], error=type(error).__name__, at=places)
