"""The public port: registration, login, whoami, and the stand-in's own pages."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from postroom_sandbox.kratos import message, page
from postroom_sandbox.kratos.error import EXCEPTION_HANDLERS, Json, KratosError
from postroom_sandbox.kratos.fault import Fault, FaultMiddleware, control_routes
from postroom_sandbox.kratos.flow import KINDS, asked_again, csrf_token_of, expired, new_flow, refused
from postroom_sandbox.kratos.form import (
    CSRF_COOKIE,
    RefusedForm,
    check_csrf,
    is_form,
    read_form,
    traits_of,
    wants_json,
)
from postroom_sandbox.kratos.health import health_routes
from postroom_sandbox.kratos.identity import check_traits, identifier_of, new_identity, public
from postroom_sandbox.kratos.logout import logout_routes
from postroom_sandbox.kratos.password import MIN_LENGTH, hash_password, is_password
from postroom_sandbox.kratos.session import (
    COOKIE,
    LIFESPAN,
    cookie_of,
    credential_of,
    refresh_session,
    second_factor_due,
    session_of,
    start_session,
)
from postroom_sandbox.kratos.state import DuplicateIdentifier, State
from postroom_sandbox.kratos.web_hook import WebHook

Endpoint = Callable[[Request], Awaitable[Response]]


def create_public_app(state: State, web_hook: WebHook, postroom: str) -> Starlette:
    """The application of the public port. `web_hook` is told of every registration; `postroom` is the URL to whose
    pages a browser may be sent back."""
    service = _Public(state, web_hook, postroom)
    routes = [
        *page.page_routes(state),
        *control_routes(state),
        *health_routes(state),
        *logout_routes(state),
        Route("/sessions/whoami", service.whoami, methods=["GET"]),
        *(route for kind in KINDS for route in service.flow_routes(kind)),
    ]
    middleware = [Middleware(FaultMiddleware, state=state)]
    return Starlette(routes=routes, middleware=middleware, exception_handlers=EXCEPTION_HANDLERS)


class _Public:
    def __init__(self, state: State, web_hook: WebHook, postroom: str) -> None:
        self._state = state
        self._web_hook = web_hook
        self._postroom = postroom

    def flow_routes(self, kind: str) -> list[Route]:
        base = f"/self-service/{kind}"
        return [
            Route(f"{base}/api", self._start(kind, "api"), methods=["GET"]),
            Route(f"{base}/browser", self._start(kind, "browser"), methods=["GET"]),
            Route(f"{base}/flows", self._show_flow, methods=["GET"]),
            Route(base, self._submit(kind), methods=["POST"]),
        ]

    async def whoami(self, request: Request) -> Response:
        session = None if Fault.SICK in self._state.faults() else session_of(self._state, request, _now())
        if session is None:
            raise KratosError(401, "No valid session credentials found in the request.")
        if Fault.SECOND_FACTOR in self._state.faults():
            raise second_factor_due(_public_url_of(request))
        return JSONResponse(session, headers={"X-Kratos-Authenticated-Identity-Id": session["identity"]["id"]})

    def _start(self, kind: str, channel: str) -> Endpoint:
        async def start(request: Request) -> Response:
            logged_in = session_of(self._state, request, _now()) is not None
            refresh = kind == "login" and request.query_params.get("refresh") == "true"
            if logged_in and not refresh:
                if channel == "browser" and not wants_json(request):
                    return RedirectResponse("/welcome", 303)
                reason = f"A valid session was detected and thus {kind} is not possible."
                message = "you are already logged in"
                raise KratosError(400, reason, message=message, name="session_already_available")
            flow = self._new_flow(kind, channel, request)
            if logged_in:
                self._state.put_flow(asked_again(flow))
            if channel == "api":
                return JSONResponse(flow)
            answer = JSONResponse(flow) if wants_json(request) else RedirectResponse(f"/{kind}?flow={flow['id']}", 303)
            answer.set_cookie(CSRF_COOKIE, csrf_token_of(flow), httponly=True, samesite="lax")
            return answer

        return start

    def _new_flow(self, kind: str, channel: str, request: Request) -> Json:
        # One for all flows of a browser: a second tab must not spoil the first one's form.
        token = request.cookies.get(CSRF_COOKIE) or secrets.token_urlsafe(32)
        flow = new_flow(
            kind,
            channel,
            public_url=_public_url_of(request),
            request_url=str(request.url),
            csrf_token=token if channel == "browser" else "",
            return_to=self._return_to(request),
            now=_now(),
        )
        self._state.put_flow(flow)
        return flow

    def _return_to(self, request: Request) -> str | None:
        wanted = request.query_params.get("return_to")
        if wanted and urlsplit(wanted)[:2] != urlsplit(self._postroom)[:2]:
            reason = f'Requested return_to URL "{wanted}" is not allowed.'
            raise KratosError(400, reason, name="self_service_flow_return_to_forbidden")
        return wanted

    async def _show_flow(self, request: Request) -> Response:
        return JSONResponse(self._flow(request, "id"))

    def _flow(self, request: Request, parameter: str) -> Json:
        try:
            flow_id = UUID(request.query_params.get(parameter, ""))
        except ValueError:
            raise KratosError(400, f"The {parameter} query parameter is missing or malformed.") from None
        flow = self._state.flow(str(flow_id))
        if flow is None:
            raise KratosError(404)
        return flow

    def _submit(self, kind: str) -> Endpoint:
        async def submit(request: Request) -> Response:
            flow = self._flow(request, "flow")
            if expired(flow, _now()):
                fresh = self._new_flow(kind, flow["type"], request)
                reason, name = "The flow has expired.", "self_service_flow_expired"
                raise KratosError(410, reason, name=name, beside={"use_flow_id": fresh["id"]})
            values: Json = {}
            try:
                values = await read_form(request)
                if flow["type"] == "browser":
                    check_csrf(flow, values, request)
                identity = self._accept(kind, flow, values)
            except RefusedForm as form:
                flow = refused(flow, values, form.problems)
                self._state.put_flow(flow)
                if is_form(request):
                    return RedirectResponse(f"/{kind}?flow={flow['id']}", 302)
                return JSONResponse(flow, 400)
            return self._logged_in(kind, flow, identity, request)

        return submit

    def _accept(self, kind: str, flow: Json, values: Json) -> Json:
        """The identity that is logged in now. Raises RefusedForm."""
        if values.get("method") != "password":
            raise RefusedForm(message.no_strategy(kind))
        return self._register(values, flow) if kind == "registration" else self._log_in(values)

    def _register(self, values: Json, flow: Json) -> Json:
        traits = traits_of(values)
        problems = check_traits(traits)
        password = values.get("password")
        if not isinstance(password, str) or not password:
            problems.append(message.missing("password"))
        elif not problems and len(password) < MIN_LENGTH:
            problems.append(message.password_too_short(len(password), MIN_LENGTH))
        if problems:
            raise RefusedForm(*problems)
        public_url = flow["ui"]["action"].partition("/self-service/")[0]
        identity = new_identity(traits, public_url=public_url, now=_now())
        try:
            self._state.add_identity(identity, identifier_of(traits["email"]), hash_password(str(password)))
        except DuplicateIdentifier:
            raise RefusedForm(message.exists_already()) from None
        self._web_hook.trigger(identity, flow["id"])
        return identity

    def _log_in(self, values: Json) -> Json:
        given = {name: values.get(name) for name in ("identifier", "password")}
        if absent := [name for name, value in given.items() if not isinstance(value, str) or not value]:
            raise RefusedForm(*map(message.missing, absent))
        found = self._state.login(identifier_of(str(given["identifier"])))
        if found is None or found[1] is None or not is_password(str(given["password"]), found[1]):
            raise RefusedForm(message.wrong_credentials())
        if found[0]["state"] != "active":
            raise KratosError(401, "This account was disabled.", message="identity is disabled")
        return found[0]

    def _logged_in(self, kind: str, flow: Json, identity: Json, request: Request) -> Response:
        token, session = credential_of(request), session_of(self._state, request, _now())
        if token and session and session["identity"]["id"] == identity["id"]:
            session = refresh_session(self._state, token, session, _now())
        else:
            token, session = start_session(self._state, identity, request, _now())
        body: Json = {"session": session, "continue_with": None}
        if kind == "registration":
            body["identity"] = public(identity)
        if flow["type"] == "api":
            if kind == "registration":
                body["continue_with"] = [{"action": "set_ory_session_token", "ory_session_token": token}]
            return JSONResponse({"session_token": token, **body})
        url = flow.get("return_to") or f"{request.base_url}welcome"
        then = {"action": "redirect_browser_to", "redirect_browser_to": url}
        answer = RedirectResponse(url, 303) if is_form(request) else JSONResponse({**body, "continue_with": [then]})
        lifespan = int(LIFESPAN.total_seconds())
        answer.set_cookie(COOKIE, cookie_of(token), max_age=lifespan, httponly=True, samesite="lax")
        return answer


def _public_url_of(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _now() -> datetime:
    return datetime.now(UTC)
