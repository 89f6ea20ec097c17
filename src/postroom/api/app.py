"""The HTTP application: routes, and problems for everything that goes wrong."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from postroom.api.health import Counts, health_router
from postroom.api.problems import problem
from postroom.api.visitor import receive_visitors
from postroom.api.webhook import Webhook, shed_load, webhook_router


def create_app(
    webhook: Webhook,
    counts: Counts,
    *,
    metrics_token: str | None = None,
    mail: Sequence[APIRouter] = (),
    gateway: Sequence[BaseRoute] = (),
) -> FastAPI:
    """`mail` and `gateway`: what people use, where it is configured."""
    # No docs pages: every endpoint but health is authenticated; docs/openapi.json is in the repository.
    app = FastAPI(title="Postroom", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    # First: routes are tried in their order, and a page of mail asks for many of these.
    app.router.routes.extend(gateway)
    app.include_router(webhook_router(webhook))
    app.include_router(health_router(counts, metrics_token=metrics_token))
    for router in mail:
        app.include_router(router)
    receive_visitors(app)
    shed_load(app, webhook)  # after the others, so before them: a hook that is shed must cost next to nothing

    async def as_problem(_request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        return problem(error.status_code, str(error.detail), headers=error.headers)

    app.add_exception_handler(HTTPException, as_problem)
    return app
