"""Where a person is logged in: the other sessions, and their end. Unlike whoami it asks for no second factor."""

from datetime import UTC, datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.session import current_session
from postroom_sandbox.kratos.store import Store


def sessions_routes(store: Store) -> list[Route]:
    async def show(request: Request) -> Response:
        token, session = _own(store, request)
        others = store.sessions(session["identity"]["id"], not_of=token, at=datetime.now(UTC).isoformat())
        return JSONResponse([{**each, "identity": session["identity"]} for each in others])

    async def end_others(request: Request) -> Response:
        token, session = _own(store, request)
        return JSONResponse({"count": store.revoke_sessions(session["identity"]["id"], not_of=token)})

    async def end(request: Request) -> Response:
        _, session = _own(store, request)
        try:
            session_id = str(UUID(request.path_params["session_id"]))
        except ValueError as error:
            raise KratosError(400, message=str(error)) from error
        if session_id == session["id"]:
            raise KratosError(400, message="cannot revoke current session")
        store.revoke_sessions(session["identity"]["id"], session_id=session_id)
        return Response(status_code=204)

    return [
        Route("/sessions", show, methods=["GET"]),
        Route("/sessions", end_others, methods=["DELETE"]),
        Route("/sessions/{session_id}", end, methods=["DELETE"]),
    ]


def _own(store: Store, request: Request) -> tuple[str, Json]:
    """The token and the session of the request. Raises KratosError."""
    found = current_session(store, request, datetime.now(UTC))
    if found is None:
        raise KratosError(401, "No valid session cookie found.")
    return found
