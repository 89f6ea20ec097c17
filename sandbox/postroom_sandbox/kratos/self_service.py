"""The endpoints of the self-service flows. Each form is started, shown and submitted in the same way."""

from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from postroom_sandbox.kratos import form_messages
from postroom_sandbox.kratos.caller import Caller, FlowType, caller_of
from postroom_sandbox.kratos.error import Json, KratosError, error_response, wants_json
from postroom_sandbox.kratos.flow import expired, refuse, shown
from postroom_sandbox.kratos.form_result import (
    FormResult,
    LoggedIn,
    RedirectBrowser,
    RefusedForm,
    ShowFlow,
    location_change_required,
)
from postroom_sandbox.kratos.session import COOKIE, LIFESPAN, cookie_of, second_factor_address
from postroom_sandbox.kratos.settings import SettingsForm
from postroom_sandbox.kratos.store import Store
from postroom_sandbox.kratos.submitted_form import csrf_cookie_of, read_form, require_same_browser

Endpoint = Callable[[Request], Awaitable[Response]]


class Form(Protocol):
    kind: str

    def new(self, caller: Caller, return_to: str | None) -> Json:
        """A flow without nodes. Raises KratosError."""
        ...

    def nodes(self, flow: Json, *, refused: bool = False) -> list[Json]:
        """In the order in which Kratos shows them. `refused` says that the last submission was refused."""
        ...

    def submit(self, flow: Json, values: Json, caller: Caller) -> FormResult:
        """Raises RefusedForm and KratosError."""
        ...


NO_BODY = RefusedForm(
    form_messages.invalid(
        None,
        'Unable to decode body because HTTP Request Method was "GET" but only [POST PUT PATCH] are supported.',
    )
)


def _submitted(form: Form, flow: Json, values: Json, caller: Caller) -> FormResult:
    try:
        return form.submit(flow, values, caller)
    except RefusedForm as refusal:
        return _refused(form, flow, values, refusal)


def _refused(form: Form, flow: Json, values: Json, refusal: RefusedForm) -> FormResult:
    flow["ui"]["nodes"] = form.nodes(flow, refused=True)
    refuse(flow, {} if refusal.clear_input else values, refusal.problems)
    return ShowFlow(flow, 400)


class SelfService:
    """`postroom` is the base URL of the pages to which a browser may return."""

    def __init__(self, store: Store, postroom: str) -> None:
        self._store = store
        self._postroom = postroom

    def routes(self, form: Form) -> list[Route]:
        base = f"/self-service/{form.kind}"
        return [
            Route(f"{base}/api", self._start(form, "api"), methods=["GET"]),
            Route(f"{base}/browser", self._start(form, "browser"), methods=["GET"]),
            Route(f"{base}/flows", self._show(form), methods=["GET"]),
            Route(base, self._submit(form), methods=["POST"]),
        ]

    def _start(self, form: Form, flow_type: FlowType) -> Endpoint:
        async def start(request: Request) -> Response:
            caller = caller_of(self._store, request, flow_type)
            flow = self._begin(form, caller, self._return_to(caller))
            as_json = flow_type == "api" or wants_json(request)
            answer = JSONResponse(shown(flow)) if as_json else RedirectResponse(caller.page(flow), 303)
            caller.set_csrf_cookie(answer)
            return answer

        return start

    def _begin(self, form: Form, caller: Caller, return_to: str | None) -> Json:
        flow = form.new(caller, return_to)
        flow["ui"]["nodes"] = form.nodes(flow)
        self._store.put_flow(flow)
        return flow

    def _return_to(self, caller: Caller) -> str | None:
        """Pages of Postroom and the flows of Kratos itself are allowed."""
        wanted = caller.request.query_params.get("return_to")
        own = f"{caller.public_url}/self-service/"
        if wanted and not wanted.startswith(own) and urlsplit(wanted)[:2] != urlsplit(self._postroom)[:2]:
            reason = f'Requested return_to URL "{wanted}" is not allowed.'
            raise KratosError(400, reason, name="self_service_flow_return_to_forbidden")
        return wanted

    def _show(self, form: Form) -> Endpoint:
        async def show(request: Request) -> Response:
            flow = self._flow(request, "id")
            caller = caller_of(self._store, request, flow["type"])
            if isinstance(form, SettingsForm):
                form.require_owner(flow, caller)
            elif caller.flow_type == "browser":
                require_same_browser(flow, csrf_cookie_of(request))
            return JSONResponse(shown(flow))

        return show

    def _flow(self, request: Request, parameter: str) -> Json:
        try:
            flow_id = UUID(request.query_params.get(parameter, ""))
        except ValueError:
            raise KratosError(400, f"The {parameter} query parameter is missing or malformed.") from None
        flow = self._store.flow(str(flow_id))
        if flow is None:
            raise KratosError(404)
        return flow

    def _submit(self, form: Form) -> Endpoint:
        async def submit(request: Request) -> Response:
            flow = self._flow(request, "flow")
            caller = caller_of(self._store, request, flow["type"])
            if expired(flow, caller.now):
                self._replace_expired(form, flow, caller)
            try:
                values = await read_form(request)
            except RefusedForm as refusal:
                return self._answer(flow, _refused(form, flow, {}, refusal), caller)
            if isinstance(form, SettingsForm):
                form.require_owner(flow, caller)
            if caller.flow_type == "browser":
                require_same_browser(flow, str(values.get("csrf_token", "")), csrf_cookie_of(request))
            return self._answer(flow, _submitted(form, flow, values, caller), caller)

        return submit

    def resume_route(self, form: SettingsForm) -> Route:
        """Where Kratos sends a browser back to after a new login: the change that required the login is made now."""

        async def resume(request: Request) -> Response:
            flow = self._flow(request, "flow")
            caller = caller_of(self._store, request, flow["type"])
            form.require_owner(flow, caller)
            values = flow["internal"].pop("waiting", None)
            result = _refused(form, flow, {}, NO_BODY) if values is None else _submitted(form, flow, values, caller)
            return self._answer(flow, result, caller)

        return Route(f"/self-service/{form.kind}", resume, methods=["GET"])

    def _replace_expired(self, form: Form, flow: Json, caller: Caller) -> None:
        fresh = self._begin(form, caller, flow.get("return_to"))
        extra = {"use_flow_id": fresh["id"]}
        name, redirect_to = "self_service_flow_expired", caller.page(fresh)
        raise KratosError(410, "The flow has expired.", name=name, extra=extra, redirect_to=redirect_to)

    def _answer(self, flow: Json, result: FormResult, caller: Caller) -> Response:
        self._store.put_flow(flow)
        answer = self._of(flow, result, caller)
        if caller.flow_type == "browser" and result.token:
            lifespan = int(LIFESPAN.total_seconds())
            answer.set_cookie(COOKIE, cookie_of(result.token), max_age=lifespan, httponly=True, samesite="lax")
        return answer

    def _of(self, flow: Json, result: FormResult, caller: Caller) -> Response:
        match result:
            case ShowFlow():
                self._store.put_flow(result.flow)
                if caller.flow_type == "api" or wants_json(caller.request):
                    return JSONResponse(shown(result.flow), result.status)
                return RedirectResponse(caller.page(result.flow), 303)
            case RedirectBrowser():
                return error_response(caller.request, location_change_required(result.url))
            case LoggedIn():
                return self._entered(flow, result, caller)

    def _entered(self, flow: Json, entered: LoggedIn, caller: Caller) -> Response:
        return_to = flow.get("return_to")
        due = second_factor_address(self._store, entered.session, caller.public_url, return_to)
        registered = {"identity": entered.identity} if entered.identity else {}
        if caller.flow_type == "api":
            session = entered.session | ({"identity": None} if due else {})
            token = {"action": "set_ory_session_token", "ory_session_token": entered.token}
            continue_with = [*entered.continue_with, token] if entered.identity else None
            return JSONResponse(
                {"session_token": entered.token, "session": session, **registered, "continue_with": continue_with}
            )
        if due:
            return error_response(caller.request, location_change_required(due))
        if not wants_json(caller.request):
            return RedirectResponse(return_to or caller.home, 303)
        proceed = {"action": "redirect_browser_to", "redirect_browser_to": return_to or caller.home}
        return JSONResponse(
            {"session": entered.session, **registered, "continue_with": [proceed, *entered.continue_with]}
        )
