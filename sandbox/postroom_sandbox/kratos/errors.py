"""`GET /self-service/errors`: the error behind the number with which Kratos sends a browser to the error page.

The stand-in answers each request itself and stores no errors, so it knows only the one that Kratos keeps for those who
make an error page."""

from datetime import UTC, datetime
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from postroom_sandbox.kratos.error import KratosError

STUB = "stub:500"


async def _error(request: Request) -> Response:
    if request.query_params.get("id") != STUB:
        raise KratosError(404)
    now = datetime.now(UTC).isoformat()
    stub = KratosError(500, "This is a stub error.")
    return JSONResponse({"id": str(uuid4()), **stub.body, "created_at": now, "updated_at": now})


def error_route() -> Route:
    return Route("/self-service/errors", _error, methods=["GET"])
