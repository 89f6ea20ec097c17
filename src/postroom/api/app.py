"""The HTTP application: routes, and problems for everything that goes wrong."""

from collections.abc import Collection, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route

from postroom.api.cross_origin import CrossOrigin
from postroom.api.health import Health, health_routes
from postroom.api.unhandled import Unhandled
from postroom.api.visitor import receive_visitors
from postroom.api.webhook import Webhook, shed_load, webhook_route
from postroom.problems import plain_problem


def create_app(
    webhook: Webhook | None,
    health: Health,
    *,
    mail: Sequence[BaseRoute] = (),
    gateway: Sequence[BaseRoute] = (),
    cors_origins: Collection[str] = (),
) -> FastAPI:
    """`webhook`: None for a worker of its own, which only tells its health. `mail` and `gateway`: what people use,
    where it is configured, also from pages of `cors_origins`."""
    # No docs pages: every endpoint but health is authenticated; docs/openapi.json is in the repository.
    # No telemetry of FastAPI's: it looks with each request whether somebody has set it up.
    app = FastAPI(
        title="Postroom",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    # Tried in this order: a page of mail asks for many of the gateway's.
    app.router.routes += [*gateway, *([webhook_route(webhook)] if webhook else ()), *health_routes(health), *mail]
    receive_visitors(app)
    if webhook:
        shed_load(app, webhook)  # after the others, so before them: a hook that is shed must cost next to nothing

    async def as_problem(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        headers = error.headers
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers = {"Allow": ", ".join(sorted(_methods_at(app, request)))}
        return plain_problem(error.status_code, str(error.detail), headers).response()

    app.add_exception_handler(HTTPException, as_problem)
    app.add_middleware(Unhandled)
    if cors_origins:
        app.add_middleware(CrossOrigin, origins=cors_origins)  # around that, too: a page elsewhere sees each problem
    return app


def _methods_at(app: FastAPI, request: Request) -> set[str]:
    """All of a path (RFC 9110 §10.2.1); Starlette names those of the first route that has it."""
    routes = [each for each in app.routes if isinstance(each, Route) and each.matches(request.scope)[0] != Match.NONE]
    return {method for route in routes for method in route.methods or ()}
