"""The HTTP application: its routes, and problem responses for errors."""

from collections.abc import Callable, Collection, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp

from postroom.api.cross_origin import CrossOrigin
from postroom.api.health import Health, health_routes
from postroom.api.known_host import KnownHost
from postroom.api.unhandled import Unhandled
from postroom.api.visitor import receive_visitors
from postroom.api.webhook import PATH as PATH_OF_KRATOS
from postroom.api.webhook import Webhook, shed_load, webhook_route
from postroom.http.problems import plain_problem
from postroom.stalwart.webhook import PATH as PATH_OF_STALWART


def create_app(
    webhook: Webhook | None,
    health: Health,
    *,
    hosts: Collection[str],
    mail: Sequence[BaseRoute] = (),
    gateway: Sequence[BaseRoute] = (),
    interface: Callable[[ASGIApp], ASGIApp] | None = None,
    cors_origins: Collection[str] = (),
) -> FastAPI:
    """`webhook`: None in a separate worker, which only serves its health. `hosts`: the names of the service. `mail` and
    `gateway`: the routes for people, if configured; pages of `cors_origins` may use them, too. `interface`: makes the
    application for all other paths, of the one that answers what it does not know."""
    # No docs pages: all endpoints but health need authentication; docs/openapi.json is in the repository.
    # No telemetry of FastAPI: it would check in each request whether telemetry is configured.
    app = FastAPI(
        title="Postroom",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    # Matched in this order: a page of mail makes many requests to the gateway.
    app.router.routes += [*gateway, *([webhook_route(webhook)] if webhook else ()), *health_routes(health), *mail]
    if interface:
        app.router.default = interface(app.router.default)
    receive_visitors(app)
    if webhook:
        shed_load(app, webhook)  # added last, so called first: shedding a hook must cost next to nothing

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
        app.add_middleware(CrossOrigin, origins=cors_origins)  # outside: pages of other origins see every problem
    app.add_middleware(KnownHost, names=hosts, with_own_key=(PATH_OF_KRATOS, PATH_OF_STALWART))
    return app


def _methods_at(app: FastAPI, request: Request) -> set[str]:
    """All methods of a path (RFC 9110 §10.2.1); Starlette names only those of the first matching route."""
    routes = [each for each in app.routes if isinstance(each, Route) and each.matches(request.scope)[0] != Match.NONE]
    return {method for route in routes for method in route.methods or ()}
