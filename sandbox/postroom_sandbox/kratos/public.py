"""The public port: the self-service flows, whoami, and the stand-in's own pages."""

from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from postroom_sandbox.kratos import page
from postroom_sandbox.kratos.error import EXCEPTION_HANDLERS, KratosError
from postroom_sandbox.kratos.fault import Fault, FaultMiddleware, control_routes
from postroom_sandbox.kratos.health import health_routes
from postroom_sandbox.kratos.login import LoginForm
from postroom_sandbox.kratos.logout import logout_routes
from postroom_sandbox.kratos.recovery import RecoveryForm
from postroom_sandbox.kratos.registration import RegistrationForm
from postroom_sandbox.kratos.selfservice import SelfService
from postroom_sandbox.kratos.session import logged_in, require_second_factor
from postroom_sandbox.kratos.settings import SettingsForm
from postroom_sandbox.kratos.state import State
from postroom_sandbox.kratos.verification import VerificationForm
from postroom_sandbox.kratos.web_hook import WebHook


def create_public_app(state: State, web_hook: WebHook, postroom: str) -> Starlette:
    """The application of the public port. `web_hook` is told of every registration; `postroom` is the URL to whose
    pages a browser may be sent back."""
    verification = VerificationForm(state)
    settings = SettingsForm(state, verification)
    registration = RegistrationForm(state, web_hook, verification)
    forms = (registration, LoginForm(state), settings, RecoveryForm(state, settings), verification)
    service = SelfService(state, postroom)
    routes = [
        *page.page_routes(state, [form.kind for form in forms]),
        *control_routes(state),
        *health_routes(state),
        *logout_routes(state),
        _whoami_route(state),
        *(route for form in forms for route in service.routes(form)),
        service.resume_route(settings),
        verification.link_route(),
    ]
    middleware = [Middleware(FaultMiddleware, state=state)]
    return Starlette(routes=routes, middleware=middleware, exception_handlers=EXCEPTION_HANDLERS)


def _whoami_route(state: State) -> Route:
    async def whoami(request: Request) -> Response:
        found = None if Fault.SICK in state.faults() else logged_in(state, request, datetime.now(UTC))
        if found is None:
            raise KratosError(401, "No valid session credentials found in the request.")
        _, session = found
        require_second_factor(state, session, str(request.base_url).rstrip("/"))
        return JSONResponse(session, headers={"X-Kratos-Authenticated-Identity-Id": session["identity"]["id"]})

    return Route("/sessions/whoami", whoami, methods=["GET"])
