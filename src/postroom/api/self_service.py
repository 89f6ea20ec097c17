"""Kratos' self-service flows on our own origin, at the path of Ory's own proxies: its cookies are first-party, and no
page needs CORS. Only what a browser needs for them passes."""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from postroom.api.body import read_at_most
from postroom.api.guessing import Guessing, Submission
from postroom.api.person_address import client_of, person_address
from postroom.errors import KratosUnavailable, NoSession
from postroom.http.problems import Problem, plain_problem, problem, problem_of
from postroom.kratos.public_api import PATH, KratosAnswer, KratosPublicApi
from postroom.people.people import joined_headers, require_not_foreign, require_same_origin
from postroom.people.ports import People, Visitor
from postroom.process.telemetry import log

ERROR_PAGE = "/error"

AT_ONCE = 64
"""Requests that a process forwards at once; a Kratos that hangs must not collect them."""

MAX_BODY = 256 * 1024
"""Bytes of a form; usual are a few hundred, with a passkey a few thousand."""

_FLOW = "(?:login|recovery|registration|settings|verification)"
_LOGOUT = "/self-service/logout"
_CALLBACK = "/self-service/methods/oidc/callback"
_WHOAMI, _SESSIONS = "/sessions/whoami", "/sessions"
ALLOWED: Mapping[re.Pattern[str], tuple[str, ...]] = {
    re.compile(rf"/self-service/{_FLOW}/(?:browser|flows)"): ("GET",),
    re.compile(rf"/self-service/{_FLOW}"): ("POST",),
    # A change of settings goes on after a fresh login; links in mails of Kratos.
    re.compile(r"/self-service/(?:recovery|settings|verification)"): ("GET", "POST"),
    re.compile(rf"{_LOGOUT}(?:/browser)?"): ("GET",),
    re.compile(r"/self-service/errors"): ("GET",),
    re.compile(rf"{_CALLBACK}(?:/[A-Za-z0-9_-]{{1,128}})?"): ("GET", "POST"),
    re.compile(_WHOAMI): ("GET",),
    re.compile(_SESSIONS): ("GET", "DELETE"),
    re.compile(rf"{_SESSIONS}/[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}"): ("DELETE",),
}
"""The methods of each path below `PATH`, as it was sent: nothing in them needs percent-encoding. Not the flows for
programs (`/api`), which answer with session tokens, and not `/schemas`, `/health`, `/.well-known`."""

_PASSED_ON = ("accept", "accept-language", "cookie", "user-agent")
"""Fields of a request that Kratos gets. No `Authorization` and no `X-Session-Token`, which Kratos would prefer to the
cookie; none of those by which it would believe in another address (`True-Client-IP`, `CF-Connecting-IP`,
`X-Real-IP`)."""

_OTHER_CREDENTIALS = ("authorization", "x-session-token")
_FORMS = ("application/json", "application/x-www-form-urlencoded")
_REDIRECTS = (301, 302, 303, 307, 308)
_LOCATION = re.compile(r"[\x21-\x7e]{1,8000}")

CLEAR = '"cache", "storage"'
"""Clear-Site-Data after a logout: the next person at this browser sees nothing of the last one. Not `"cookies"`, which
would empty the whole registrable domain."""


class Visitors(People, Protocol):
    def forget(self, headers: Mapping[str, str]) -> None: ...


class SelfService:
    """`people` are `PeopleByCredential`. `sessions_ended` is called after a person has ended sessions other than that
    of the request. `session_cookie` is the name of Kratos' session cookie. `public_url`: Postroom's URL for browsers;
    None: the Host of each request. `proxies`: whose X-Forwarded-For is believed."""

    def __init__(
        self,
        kratos: KratosPublicApi,
        *,
        people: Visitors,
        guessing: Guessing,
        sessions_ended: Callable[[UUID], Awaitable[None]],
        session_cookie: str,
        public_url: str | None,
        proxies: Collection[IPv4Network | IPv6Network] = (),
        at_once: int = AT_ONCE,
    ) -> None:
        self._kratos = kratos
        self._people = people
        self._guessing = guessing
        self._sessions_ended = sessions_ended
        self._session_cookie = session_cookie
        self._public_url = public_url
        self._proxies = proxies
        self._at_once = at_once
        self._under_way = 0

    async def answer(self, request: Request) -> Response:
        """Raises `PostroomError` for the interface, which explains it in its own words. A person who opened a link of
        Kratos in a tab is sent to a page that does so."""
        try:
            return await self._forward(request)
        except (KratosUnavailable, Problem) as error:
            if not problem_of(error).is_failure or "text/html" not in request.headers.get("accept", ""):
                raise
            log.warning("Could not open a page of Kratos", kind=type(error).__name__, error=str(error))
            return Response(status_code=303, headers={"Location": ERROR_PAGE, "Cache-Control": "no-store"})

    async def _forward(self, request: Request) -> Response:
        headers = joined_headers(request.headers.raw)
        path = request.scope["raw_path"].decode("latin-1").removeprefix(PATH)
        _require_allowed(path, request.method)
        if not path.startswith(_CALLBACK):  # providers of social sign-in are other sites
            _require_our_page(request.method, headers, self._public_url)
        content, form = b"", {}
        if request.method == "POST":
            form = {"content-type": _form_kind(headers)}
            content = await read_at_most(request, MAX_BODY)
        visitor = await self._owner_of_sessions(request.method, headers) if _is_of_sessions(path) else None
        query = request.scope["query_string"].decode("latin-1")
        target = f"{path}?{query}" if query else path
        passed_on = self._headers_of(request, headers) | form
        sent = Submission(client_of(passed_on["X-Forwarded-For"]), path, query, passed_on, content)
        exchange = partial(self._exchange, request.method, target, passed_on, content)
        answer = await self._guessing.answer(sent, exchange)
        response = _response_of(answer, visitor.set_cookie if visitor else ())
        if visitor and request.method == "DELETE" and answer.status < HTTPStatus.BAD_REQUEST:
            await self._sessions_ended(visitor.person.identity_id)
        if path == _LOGOUT and self._ends_session(answer):
            response.headers["Clear-Site-Data"] = CLEAR
            self._forget_session(headers)
        return response

    async def _owner_of_sessions(self, method: str, headers: Mapping[str, str]) -> Visitor:
        """Raises what `People.identify` raises. Kratos would show and end sessions also for somebody who has not given
        the second factor yet (seen on 1.3.1)."""
        # Only what Kratos gets: another credential would name another person.
        as_kratos_sees = {name: value for name, value in headers.items() if name not in _OTHER_CREDENTIALS}
        return await self._people.identify(method, as_kratos_sees)

    async def _exchange(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> KratosAnswer:
        if self._under_way >= self._at_once:
            raise problem(
                "too_busy", "too many logins are in progress; try again in a moment", headers={"Retry-After": "5"}
            )
        self._under_way += 1
        try:
            return await self._kratos.exchange(method, target, headers, content)
        finally:
            self._under_way -= 1

    def _headers_of(self, request: Request, headers: Mapping[str, str]) -> dict[str, str]:
        ours = urlsplit(self._public_url or "")
        peer = request.client.host if request.client else ""
        return {
            **{name: headers[name] for name in _PASSED_ON if name in headers},
            "X-Forwarded-For": person_address(peer, headers.get("x-forwarded-for", ""), self._proxies),
            "X-Forwarded-Host": ours.netloc or headers.get("host", ""),
            "X-Forwarded-Proto": ours.scheme or request.scope["scheme"],
        }

    def _ends_session(self, answer: KratosAnswer) -> bool:
        """A refused logout is redirected, too, but keeps the cookie."""
        return answer.status < HTTPStatus.BAD_REQUEST and any(
            cookie.startswith(f"{self._session_cookie}=") for cookie in answer.set_cookie
        )

    def _forget_session(self, headers: Mapping[str, str]) -> None:
        try:
            self._people.forget(headers)
        except NoSession:
            return  # there was none


def self_service_route(service: SelfService) -> Route:
    # Starlette would take HEAD for GET, and answer other methods itself.
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    return Route(f"{PATH}/{{path:path}}", service.answer, methods=methods, include_in_schema=False)


def _require_allowed(path: str, method: str) -> None:
    allowed = {each for pattern, methods in ALLOWED.items() if pattern.fullmatch(path) for each in methods}
    if not allowed:
        raise problem("unknown", "Kratos' public API is not available at this path")
    if method not in allowed:
        raise plain_problem(405, "Method Not Allowed", {"Allow": ", ".join(sorted(allowed))})


def _require_our_page(method: str, headers: Mapping[str, str], public_url: str | None) -> None:
    """Raises `CrossSite`. A native program that submits a flow of its own states no origin, and has no cookie that a
    page could misuse."""
    if method == "POST" and "cookie" not in headers:
        require_not_foreign(headers, public_url)
    else:
        require_same_origin(method, headers, public_url)


def _form_kind(headers: Mapping[str, str]) -> str:
    """Without parameters: Kratos would take another kind from behind a comma in them, and read another form than we do.
    Raises `Problem`."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _FORMS:
        raise problem("not_json", f"send Content-Type: {' or '.join(_FORMS)}")
    return kind


def _is_of_sessions(path: str) -> bool:
    return path.startswith(_SESSIONS) and path != _WHOAMI


def _response_of(answer: KratosAnswer, more_cookies: Sequence[str] = ()) -> Response:
    """Raises `Problem` and `KratosUnavailable` for anything but JSON and redirects: Kratos' own pages, or those of a
    proxy before it, must not run on our origin."""
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    location = answer.headers.get("location", "")
    if answer.status in _REDIRECTS and _LOCATION.fullmatch(location):
        response = Response(status_code=answer.status, headers=headers | {"Location": location})
    elif answer.status == HTTPStatus.NO_CONTENT:
        response = Response(status_code=answer.status, headers=headers)
    elif answer.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
        response = Response(answer.content, answer.status, headers, "application/json")
    else:
        raise _unusable(answer)
    for cookie in (*more_cookies, *answer.set_cookie):
        response.raw_headers.append((b"set-cookie", cookie.encode("latin-1")))
    return response


def _unusable(answer: KratosAnswer) -> Problem | KratosUnavailable:
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return KratosUnavailable(f"a proxy before Kratos answered {answer.status}")
    return problem("login_server_unusable", "the login server's response cannot be shown here; try again in a moment")
