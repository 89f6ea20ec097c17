"""Logout: for browsers in two steps, so that a page of another site cannot log anybody out; by session token in one."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from postroom_sandbox.kratos.addresses import addresses_of
from postroom_sandbox.kratos.error import KratosError, wants_json
from postroom_sandbox.kratos.session import COOKIE, current_session
from postroom_sandbox.kratos.store import Store


def logout_routes(store: Store) -> list[Route]:
    async def start(request: Request) -> Response:
        token = _logout_token(_session_token(store, request))
        url = f"{addresses_of(request).public_url(request)}/self-service/logout?{urlencode({'token': token})}"
        return JSONResponse({"logout_url": url, "logout_token": token})

    async def submit(request: Request) -> Response:
        given = request.query_params.get("token", "")
        if not given:
            raise KratosError(400, "Please include a token in the URL query.")
        session_token = _session_token(store, request)
        if not hmac.compare_digest(given.encode(), _logout_token(session_token).encode()):
            reason = "Unable to log out because the logout token in the URL query does not match the session cookie."
            raise KratosError(403, reason)
        store.revoke_session(session_token)
        answer = (
            Response(status_code=204)
            if wants_json(request)
            else RedirectResponse(addresses_of(request).page(request, "login"), 303)
        )
        answer.delete_cookie(COOKIE)
        return answer

    async def by_token(request: Request) -> Response:
        try:
            body: Any = json.loads(await request.body())
        except ValueError as error:
            raise KratosError(400, message=str(error)) from error
        match body:
            case {"session_token": str(token)} if store.revoke_session(token):
                return Response(status_code=204)
            case _:
                reason = "The provided Ory Session Token could not be found, is invalid, or otherwise malformed."
                raise KratosError(403, reason)

    return [
        Route("/self-service/logout/browser", start, methods=["GET"]),
        Route("/self-service/logout", submit, methods=["GET"]),
        Route("/self-service/logout/api", by_token, methods=["DELETE"]),
    ]


def _session_token(store: Store, request: Request) -> str:
    """The session token of the request. Raises KratosError."""
    found = current_session(store, request, datetime.now(UTC))
    if found is None:
        raise KratosError(401, "No active session was found in this request.")
    return found[0]


def _logout_token(session_token: str) -> str:
    return "ory_lo_" + hashlib.sha256(f"logout {session_token}".encode()).hexdigest()[:32]
