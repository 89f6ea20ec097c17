"""The public API: the self-service flows, whoami, and the pages of the stand-in."""

from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from postroom_sandbox.kratos import pages
from postroom_sandbox.kratos.addresses import Addresses, addresses_of
from postroom_sandbox.kratos.error import EXCEPTION_HANDLERS, KratosError
from postroom_sandbox.kratos.errors import error_route
from postroom_sandbox.kratos.faults import Fault, FaultMiddleware, control_routes
from postroom_sandbox.kratos.health import health_routes
from postroom_sandbox.kratos.login import LoginForm
from postroom_sandbox.kratos.logout import logout_routes
from postroom_sandbox.kratos.recovery import RecoveryForm
from postroom_sandbox.kratos.registration import RegistrationForm
from postroom_sandbox.kratos.self_service import SelfService
from postroom_sandbox.kratos.session import current_session, require_second_factor
from postroom_sandbox.kratos.sessions import sessions_routes
from postroom_sandbox.kratos.settings import SettingsForm
from postroom_sandbox.kratos.store import Store
from postroom_sandbox.kratos.verification import VerificationForm
from postroom_sandbox.kratos.webhook import Webhook


def create_public_app(store: Store, webhook: Webhook, postroom: str, addresses: Addresses | None = None) -> Starlette:
    """The application of the public port. `webhook` follows registrations, changed traits and verified addresses.
    `postroom` is the base URL of the pages to which a browser may return."""
    verification = VerificationForm(store, webhook)
    settings = SettingsForm(store, webhook, verification)
    registration = RegistrationForm(store, webhook, verification)
    forms = (registration, LoginForm(store), settings, RecoveryForm(store, settings), verification)
    service = SelfService(store, postroom)
    routes = [
        *pages.page_routes(store, [form.kind for form in forms]),
        *control_routes(store),
        *health_routes(store),
        *logout_routes(store),
        error_route(),
        _whoami_route(store),
        *sessions_routes(store),
        *(route for form in forms for route in service.routes(form)),
        service.resume_route(settings),
        verification.link_route(),
    ]
    middleware = [Middleware(FaultMiddleware, store=store)]
    app = Starlette(routes=routes, middleware=middleware, exception_handlers=EXCEPTION_HANDLERS)
    app.state.addresses = addresses or Addresses()
    return app


def _whoami_route(store: Store) -> Route:
    async def whoami(request: Request) -> Response:
        found = None if Fault.SICK in store.faults() else current_session(store, request, datetime.now(UTC))
        if found is None:
            raise KratosError(401, "No valid session credentials found in the request.")
        _, session = found
        require_second_factor(store, session, addresses_of(request).public_url(request))
        return JSONResponse(session, headers={"X-Kratos-Authenticated-Identity-Id": session["identity"]["id"]})

    return Route("/sessions/whoami", whoami, methods=["GET"])
