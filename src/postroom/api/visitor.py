"""Who sent a request to /api, and how it is told what went wrong."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from postroom.errors import DatabaseUnavailable, PostroomError
from postroom.mail.fresh_login import require_fresh_login
from postroom.mail.people import joined_headers, require_session
from postroom.mail.ports import People, Visitor
from postroom.problems import IN_OPENAPI, problem_of
from postroom.telemetry import DATABASE_ERRORS, log

Visiting = Callable[[Request], Awaitable[Visitor]]
"""A dependency of FastAPI, also good to be called."""


def visitor_of(people: People, *, refresh: bool = False) -> Visiting:
    """Who sent the request, by session or access token. Raises what `People.identify` raises."""

    async def visitor(request: Request) -> Visitor:
        found = await people.identify(request.method, joined_headers(request.headers.raw), refresh=refresh)
        if found.set_cookie:
            request.state.set_cookie.extend(found.set_cookie)
        return found

    return visitor


def session_only(visiting: Visiting) -> Visiting:
    """As `visiting`, but an access token is refused: no token makes another, nor an app password."""

    async def visitor(request: Request) -> Visitor:
        found = await visiting(request)
        require_session(found.person)
        return found

    return visitor


def fresh_login_only(people: People, *, now: Callable[[], datetime], return_to: str | None) -> Visiting:
    """As `session_only`, and the login must be fresh, as Kratos says now: for what makes a new credential."""
    visiting = session_only(visitor_of(people, refresh=True))

    async def visitor(request: Request) -> Visitor:
        found = await visiting(request)
        require_fresh_login(found, now(), return_to=return_to)
        return found

    return visitor


def receive_visitors(app: FastAPI) -> None:
    """Let `app` answer every `PostroomError` with its problem, and pass on the cookies of Kratos."""

    async def as_problem(request: Request, error: PostroomError) -> Response:
        if isinstance(error, DatabaseUnavailable):
            DATABASE_ERRORS.labels(where="api").inc()
        problem = problem_of(error)
        if problem.is_failure:
            kind = type(error).__name__
            log.warning("Could not serve a request", path=request.url.path, kind=kind, error=str(error))
        return problem.response()

    app.exception_handler(PostroomError)(as_problem)
    app.add_middleware(CookiesOfKratos)


class CookiesOfKratos:
    """Adds what `request.state.set_cookie` holds to the answer, of whatever kind it is: a problem, a stream.

    Kratos prolongs a session by a new cookie; if that got lost, the person would be logged out in the middle.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        cookies: list[str] = []
        scope.setdefault("state", {})["set_cookie"] = cookies

        async def send_with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start" and cookies:
                more = [(b"set-cookie", cookie.encode("latin-1")) for cookie in cookies]
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        await self._app(scope, receive, send_with_cookies)


PROBLEMS_OF_VISITORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "Nobody is logged in, or the access token is not valid", **IN_OPENAPI},
    403: {
        "description": "A second factor or a fresh login is due, another site sent this, or it is not for tokens",
        **IN_OPENAPI,
    },
    "4XX": {"description": "Refused; `detail` says why", **IN_OPENAPI},
    503: {"description": "A server that we need is away; Retry-After says when to try again", **IN_OPENAPI},
    "5XX": {"description": "A server that we need failed, or we did; `detail` says more", **IN_OPENAPI},
}
"""For OpenAPI: what every route of /api may answer."""
