"""Identifies the person behind a request to /api, and turns errors into problem responses."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from postroom.errors import DatabaseUnavailable, PostroomError
from postroom.http.problems import IN_OPENAPI, problem_of
from postroom.people.fresh_login import require_fresh_login
from postroom.people.people import joined_headers, require_session
from postroom.people.ports import People, Visitor
from postroom.process.telemetry import DATABASE_ERRORS, log

Visiting = Callable[[Request], Awaitable[Visitor]]
"""A dependency of FastAPI, which can also be called directly."""


def visitor_of(people: People, *, refresh: bool = False) -> Visiting:
    """Identify the person by session or access token. Raises what `People.identify` raises."""

    async def visitor(request: Request) -> Visitor:
        found = await people.identify(request.method, joined_headers(request.headers.raw), refresh=refresh)
        if found.set_cookie:
            request.state.set_cookie.extend(found.set_cookie)
        return found

    return visitor


def session_only(visiting: Visiting) -> Visiting:
    """As `visiting`, but an access token is refused: it must not make another token, or an app password."""

    async def visitor(request: Request) -> Visitor:
        found = await visiting(request)
        require_session(found.person)
        return found

    return visitor


def fresh_login_only(people: People, *, now: Callable[[], datetime], return_to: str | None) -> Visiting:
    """As `session_only`, but Kratos must confirm a fresh login: for routes that make a credential."""
    visiting = session_only(visitor_of(people, refresh=True))

    async def visitor(request: Request) -> Visitor:
        found = await visiting(request)
        require_fresh_login(found, now(), return_to=return_to)
        return found

    return visitor


def receive_visitors(app: FastAPI) -> None:
    """Make `app` answer every `PostroomError` with its problem, and pass on Kratos' cookies."""

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
    """Adds the cookies in `request.state.set_cookie` to every response, also to problems and streams.

    Kratos extends a session by a new cookie. If it got lost, the person would be logged out too early.
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
    401: {"description": "Not logged in, or the access token is not valid", **IN_OPENAPI},
    403: {
        "description": "A second factor, a fresh login or a session is required, or another site sent this",
        **IN_OPENAPI,
    },
    "4XX": {"description": "Refused; `detail` says why", **IN_OPENAPI},
    503: {"description": "A required server is unavailable; Retry-After says when to try again", **IN_OPENAPI},
    "5XX": {"description": "Postroom or a required server failed; `detail` says more", **IN_OPENAPI},
}
"""For OpenAPI: the problems of every route of /api."""
