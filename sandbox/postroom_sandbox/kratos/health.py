"""The health endpoints of both ports."""

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from postroom_sandbox.kratos.faults import Fault
from postroom_sandbox.kratos.store import Store


def health_routes(store: Store, *, prefix: str = "") -> Iterator[Route]:
    async def alive(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(_request: Request) -> Response:
        if Fault.SICK in store.faults():
            return JSONResponse({"errors": {"database": "the fault sick is on"}}, 503)
        return JSONResponse({"status": "ok"})

    yield Route(f"{prefix}/health/alive", alive, methods=["GET"])
    yield Route(f"{prefix}/health/ready", ready, methods=["GET"])
