"""Unhandled errors: counted, logged without their text, and answered with a problem."""

import traceback

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from postroom.http.problems import problem
from postroom.process.telemetry import UNHANDLED_ERRORS, log


class Unhandled:
    """Middleware around the complete application, so that no error reaches the HTTP server, which would log the error's
    text: that may hold an address, a row or a key."""

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
            _log(scope, error)
            if not begun:  # otherwise the HTTP server closes the connection, since the response is incomplete
                detail = "an error of Postroom; the request may or may not be stored: it is safe to send it again"
                await problem("internal_error", detail).response()(scope, receive, send)


def _log(scope: Scope, error: Exception) -> None:
    path = getattr(scope.get("route"), "path", "other")
    UNHANDLED_ERRORS.labels(path=path).inc()
    places = [f"{each.filename}:{each.lineno} {each.name}" for each in traceback.extract_tb(error.__traceback__)[-8:]]
    log.error("An unhandled error", path=path, method=scope["method"], error=type(error).__name__, at=places)
