"""The paths of the self-service flows: each form is begun, shown and submitted in the same way."""

from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from postroom_sandbox.kratos import message
from postroom_sandbox.kratos.error import Json, KratosError, answer_error, wants_json
from postroom_sandbox.kratos.flow import expired, refuse, shown
from postroom_sandbox.kratos.form import csrf_cookie_of, read_form, require_same_browser
from postroom_sandbox.kratos.outcome import Entered, MovedOn, Outcome, RefusedForm, Shown, location_change_required
from postroom_sandbox.kratos.session import COOKIE, LIFESPAN, cookie_of, second_factor_address
from postroom_sandbox.kratos.settings import SettingsForm
from postroom_sandbox.kratos.state import State
from postroom_sandbox.kratos.visit import Channel, Visit, visit_of

Endpoint = Callable[[Request], Awaitable[Response]]


class Form(Protocol):
    kind: str

    def new(self, visit: Visit, return_to: str | None) -> Json:
        """A flow without nodes. Raises KratosError."""
        ...

    def nodes(self, flow: Json, *, refused: bool = False) -> list[Json]:
        """In the order in which Kratos shows them. `refused`: what was submitted last cannot be."""
        ...

    def submit(self, flow: Json, values: Json, visit: Visit) -> Outcome:
        """Raises RefusedForm and KratosError."""
        ...


NO_BODY = RefusedForm(
    message.invalid(
        None,
        'Unable to decode body because HTTP Request Method was "GET" but only [POST PUT PATCH] are supported.',
    )
)


def _outcome(form: Form, flow: Json, values: Json, visit: Visit) -> Outcome:
    try:
        return form.submit(flow, values, visit)
    except RefusedForm as refusal:
        return _refused(form, flow, values, refusal)


def _refused(form: Form, flow: Json, values: Json, refusal: RefusedForm) -> Outcome:
    flow["ui"]["nodes"] = form.nodes(flow, refused=True)
    refuse(flow, {} if refusal.forget else values, refusal.problems)
    return Shown(flow, 400)


class SelfService:
    """`postroom` is the URL to whose pages a browser may be sent back."""

    def __init__(self, state: State, postroom: str) -> None:
        self._state = state
        self._postroom = postroom

    def routes(self, form: Form) -> list[Route]:
        base = f"/self-service/{form.kind}"
        return [
            Route(f"{base}/api", self._start(form, "api"), methods=["GET"]),
            Route(f"{base}/browser", self._start(form, "browser"), methods=["GET"]),
            Route(f"{base}/flows", self._show(form), methods=["GET"]),
            Route(base, self._submit(form), methods=["POST"]),
        ]

    def _start(self, form: Form, channel: Channel) -> Endpoint:
        async def start(request: Request) -> Response:
            visit = visit_of(self._state, request, channel)
            flow = self._begin(form, visit, self._return_to(visit))
            as_json = channel == "api" or wants_json(request)
            answer = JSONResponse(shown(flow)) if as_json else RedirectResponse(visit.page(flow), 303)
            visit.keep_csrf_token(answer)
            return answer

        return start

    def _begin(self, form: Form, visit: Visit, return_to: str | None) -> Json:
        flow = form.new(visit, return_to)
        flow["ui"]["nodes"] = form.nodes(flow)
        self._state.put_flow(flow)
        return flow

    def _return_to(self, visit: Visit) -> str | None:
        """Kratos' own flows are allowed, too."""
        wanted = visit.request.query_params.get("return_to")
        own = f"{visit.public_url}/self-service/"
        if wanted and not wanted.startswith(own) and urlsplit(wanted)[:2] != urlsplit(self._postroom)[:2]:
            reason = f'Requested return_to URL "{wanted}" is not allowed.'
            raise KratosError(400, reason, name="self_service_flow_return_to_forbidden")
        return wanted

    def _show(self, form: Form) -> Endpoint:
        async def show(request: Request) -> Response:
            flow = self._flow(request, "id")
            visit = visit_of(self._state, request, flow["type"])
            if isinstance(form, SettingsForm):
                form.require_owner(flow, visit)
            elif visit.channel == "browser":
                require_same_browser(flow, csrf_cookie_of(request))
            return JSONResponse(shown(flow))

        return show

    def _flow(self, request: Request, parameter: str) -> Json:
        try:
            flow_id = UUID(request.query_params.get(parameter, ""))
        except ValueError:
            raise KratosError(400, f"The {parameter} query parameter is missing or malformed.") from None
        flow = self._state.flow(str(flow_id))
        if flow is None:
            raise KratosError(404)
        return flow

    def _submit(self, form: Form) -> Endpoint:
        async def submit(request: Request) -> Response:
            flow = self._flow(request, "flow")
            visit = visit_of(self._state, request, flow["type"])
            if expired(flow, visit.now):
                self._begin_instead(form, flow, visit)
            try:
                values = await read_form(request)
            except RefusedForm as refusal:
                return self._answer(flow, _refused(form, flow, {}, refusal), visit)
            if isinstance(form, SettingsForm):
                form.require_owner(flow, visit)
            if visit.channel == "browser":
                require_same_browser(flow, str(values.get("csrf_token", "")), csrf_cookie_of(request))
            return self._answer(flow, _outcome(form, flow, values, visit), visit)

        return submit

    def resume_route(self, form: SettingsForm) -> Route:
        """Where Kratos sends a browser back to after a fresh login: what asked for it is done now."""

        async def resume(request: Request) -> Response:
            flow = self._flow(request, "flow")
            visit = visit_of(self._state, request, flow["type"])
            form.require_owner(flow, visit)
            values = flow["internal"].pop("waiting", None)
            outcome = _refused(form, flow, {}, NO_BODY) if values is None else _outcome(form, flow, values, visit)
            return self._answer(flow, outcome, visit)

        return Route(f"/self-service/{form.kind}", resume, methods=["GET"])

    def _begin_instead(self, form: Form, flow: Json, visit: Visit) -> None:
        fresh = self._begin(form, visit, flow.get("return_to"))
        beside = {"use_flow_id": fresh["id"]}
        name, go_to = "self_service_flow_expired", visit.page(fresh)
        raise KratosError(410, "The flow has expired.", name=name, beside=beside, go_to=go_to)

    def _answer(self, flow: Json, outcome: Outcome, visit: Visit) -> Response:
        self._state.put_flow(flow)
        answer = self._of(flow, outcome, visit)
        if visit.channel == "browser" and outcome.token:
            lifespan = int(LIFESPAN.total_seconds())
            answer.set_cookie(COOKIE, cookie_of(outcome.token), max_age=lifespan, httponly=True, samesite="lax")
        return answer

    def _of(self, flow: Json, outcome: Outcome, visit: Visit) -> Response:
        match outcome:
            case Shown():
                self._state.put_flow(outcome.flow)
                if visit.channel == "api" or wants_json(visit.request):
                    return JSONResponse(shown(outcome.flow), outcome.status)
                return RedirectResponse(visit.page(outcome.flow), 303)
            case MovedOn():
                return answer_error(visit.request, location_change_required(outcome.url))
            case Entered():
                return self._entered(flow, outcome, visit)

    def _entered(self, flow: Json, entered: Entered, visit: Visit) -> Response:
        return_to = flow.get("return_to")
        due = second_factor_address(self._state, entered.session, visit.public_url, return_to)
        registered = {"identity": entered.identity} if entered.identity else {}
        if visit.channel == "api":
            session = entered.session | ({"identity": None} if due else {})
            token = {"action": "set_ory_session_token", "ory_session_token": entered.token}
            then = [*entered.then, token] if entered.identity else None
            return JSONResponse(
                {"session_token": entered.token, "session": session, **registered, "continue_with": then}
            )
        if due:
            return answer_error(visit.request, location_change_required(due))
        if not wants_json(visit.request):
            return RedirectResponse(return_to or visit.home, 303)
        go_on = {"action": "redirect_browser_to", "redirect_browser_to": return_to or visit.home}
        return JSONResponse({"session": entered.session, **registered, "continue_with": [go_on, *entered.then]})
