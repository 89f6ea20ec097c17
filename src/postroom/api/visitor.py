"""Who sent a request to /api, and how it is told what went wrong."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from postroom.api.problems import problem
from postroom.errors import (
    AnnouncerAway,
    Conflict,
    CrossSite,
    KratosAway,
    MailboxMissing,
    MailServerError,
    NoSession,
    Permanent,
    PostroomError,
    Refused,
    SecondFactorDue,
    Throttled,
    Transient,
    Unavailable,
)
from postroom.mail.people import joined_headers, require_session
from postroom.mail.ports import People, Visitor
from postroom.mail.preparation import WORDS_OF_MISSING
from postroom.telemetry import DATABASE_ERRORS, log

Visiting = Callable[[Request], Awaitable[Visitor]]
"""A dependency of FastAPI, also good to be called."""

RETRY_AFTER = "5"
"""Seconds until a browser may ask again after one of our servers was away."""

LOOKED_AT_AGAIN = "60"
"""The same where the mailbox was not found."""


def visitor_of(people: People) -> Visiting:
    """Who sent the request, by session or access token. Raises what `People.identify` raises."""

    async def visitor(request: Request) -> Visitor:
        found = await people.identify(request.method, joined_headers(request.headers.raw))
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


def receive_visitors(app: FastAPI) -> None:
    """Let `app` answer every `PostroomError` with its problem, and pass on the cookies of Kratos."""

    async def as_problem(request: Request, error: PostroomError) -> Response:
        if isinstance(error, Unavailable):
            DATABASE_ERRORS.labels(where="api").inc()
        answer = problem_of(error)
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            kind = type(error).__name__
            log.warning("Could not serve a request", path=request.url.path, kind=kind, error=str(error))
        return answer

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


_STATUS_OF_REFUSALS = {
    "unreadable_body": 400,
    "session_required": 403,
    "scope_missing": 403,
    "unknown": 404,
    "too_many": 409,
    "too_large": 413,
    "not_json": 415,
}


def problem_of(error: PostroomError) -> JSONResponse:
    """What a person or program is told. What only an operator can use stays in the log."""
    match error:
        case Refused(code="too_slow"):
            # What may still come of the body is not to be taken for the next request.
            return problem(408, str(error), code="too_slow", headers={"Connection": "close"})
        case Refused(code=code):
            return problem(_STATUS_OF_REFUSALS.get(code, 422), str(error), code=code)
        case NoSession():
            # RFC 9110 §15.5.2 wants the header; `Bearer` opens no dialogue in a browser.
            return problem(401, str(error), code="no_session", headers={"WWW-Authenticate": 'Bearer realm="Postroom"'})
        case SecondFactorDue(redirect_to=redirect_to):
            beside = {"redirect_browser_to": redirect_to}
            return problem(403, str(error), code="session_aal2_required", beside=beside)
        case CrossSite():
            return problem(403, str(error), code="cross_site")
        case KratosAway() | Unavailable() | AnnouncerAway() | MailboxMissing():
            return _problem_of_away(error)
        case MailServerError():
            return _problem_of_mail_server(error)
        case _:
            return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "this should not happen; the log of Postroom says more")


def _problem_of_away(error: KratosAway | Unavailable | AnnouncerAway | MailboxMissing) -> JSONResponse:
    again = {"Retry-After": RETRY_AFTER}
    match error:
        case KratosAway():
            detail = "it cannot be told now who you are; nobody was logged out, try again in a moment"
            return problem(503, detail, code="kratos_away", headers=again)
        case Unavailable():
            return problem(503, "nothing was changed; try again in a moment", code="database_away", headers=again)
        case AnnouncerAway():
            return problem(503, "try again in a moment", code="announcer_away", headers=again)
        case MailboxMissing():
            return problem(503, WORDS_OF_MISSING, code="mailbox_missing", headers={"Retry-After": LOOKED_AT_AGAIN})


def _problem_of_mail_server(error: MailServerError) -> JSONResponse:
    match error:
        case Transient():
            detail, again = "try again in a moment", {"Retry-After": RETRY_AFTER}
            return problem(503, detail, code="mail_server_away", headers=again)
        case Throttled(retry_after=seconds):
            again = {"Retry-After": RETRY_AFTER if seconds is None else str(max(1, round(seconds)))}
            return problem(503, "it asks for a pause; try again then", code="mail_server_busy", headers=again)
        case Conflict():
            return problem(409, str(error), code="mail_server_conflict")
        case Permanent():
            return problem(422, str(error), code="mail_server_refused")
        case _:
            detail = "an operator of this service has to act; the log of Postroom says more"
            return problem(502, detail, code="mail_server_misconfigured")
