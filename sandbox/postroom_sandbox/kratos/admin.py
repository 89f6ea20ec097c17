"""The admin port: identities, without authentication, as in Kratos. It fires no web-hook."""

import json
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from postroom_sandbox.kratos.error import EXCEPTION_HANDLERS, Json, KratosError
from postroom_sandbox.kratos.fault import Fault, FaultMiddleware, control_routes
from postroom_sandbox.kratos.health import health_routes
from postroom_sandbox.kratos.identity import (
    NIL_UUID,
    SCHEMA_ID,
    STATES,
    changed,
    check_traits,
    identifier_of,
    new_identity,
    with_credentials,
)
from postroom_sandbox.kratos.json_patch import patched
from postroom_sandbox.kratos.password import hash_password
from postroom_sandbox.kratos.state import DuplicateIdentifier, State

DEFAULT_PAGE_SIZE = 250
MAX_PAGE_SIZE = 500


def create_admin_app(state: State, *, public_url: str) -> Starlette:
    """The application of the admin port. `public_url` is where the identity schemas are said to lie."""
    service = _Admin(state, public_url)
    one = "/admin/identities/{identity_id}"
    routes = [
        *control_routes(state),
        *health_routes(state),
        *health_routes(state, prefix="/admin"),
        Route("/admin/identities", service.list, methods=["GET"]),
        Route("/admin/identities", service.create, methods=["POST"]),
        Route(one, service.show, methods=["GET"]),
        Route(one, service.patch, methods=["PATCH"]),
        Route(one, service.delete, methods=["DELETE"]),
    ]
    middleware = [Middleware(FaultMiddleware, state=state)]
    return Starlette(routes=routes, middleware=middleware, exception_handlers=EXCEPTION_HANDLERS)


class _Admin:
    def __init__(self, state: State, public_url: str) -> None:
        self._state = state
        self._public_url = public_url

    async def list(self, request: Request) -> Response:
        query = request.query_params
        if "page" in query or "per_page" in query:
            raise KratosError(400, "The stand-in pages by page_token only.")
        shown_size = _page_size(query.get("page_size", ""))
        size = min(shown_size, MAX_PAGE_SIZE)
        token = query.get("page_token", NIL_UUID)
        if _uuid(token) is None:
            raise KratosError(400, "The page token is invalid, do not craft your own page tokens")
        ids = query.getlist("ids")
        for value in ids:
            if _uuid(value) is None:
                raise KratosError(400, f"Invalid UUID value `{value}` for parameter `ids`.")
        identifier = query.get("credentials_identifier")
        normalised = identifier_of(identifier) if identifier else None
        # One more than asked tells whether there is a next page.
        found = self._state.identities(after=token, limit=size + 1, ids=ids, identifier=normalised)
        page = found[:size]
        filters = [("credentials_identifier", identifier)] if identifier else []
        filters += [("ids", value) for value in ids]
        links = [_link(filters, shown_size, NIL_UUID, "first")]
        if len(found) > size:
            links.append(_link(filters, shown_size, page[-1]["id"], "next"))
        shown = [with_credentials(identity) for identity in page] if identifier else page
        return JSONResponse(shown, headers={"Link": ",".join(links)})

    async def show(self, request: Request) -> Response:
        if Fault.SICK in self._state.faults():
            raise KratosError(500, "the fault sick is on")
        return JSONResponse(with_credentials(self._identity(request)))

    async def create(self, request: Request) -> Response:
        body = await _json(request)
        if not isinstance(body, dict):
            raise KratosError(400, message="the body must be an object")
        body = cast(Json, body)
        if body.get("schema_id", SCHEMA_ID) != SCHEMA_ID:
            raise KratosError(400, f"Unable to find JSON Schema ID: {body['schema_id']}")
        identity_state = body.get("state") or "active"
        if identity_state not in STATES:
            raise KratosError(400, "identity state is not valid")
        _check(body.get("traits"))
        identity = new_identity(
            body["traits"],
            public_url=self._public_url,
            now=datetime.now(UTC),
            state=identity_state,
            metadata_public=body.get("metadata_public"),
            metadata_admin=body.get("metadata_admin"),
        )
        match body:
            case {"credentials": {"password": {"config": {"password": str(password)}}}}:
                hashed = hash_password(password)
            case _:
                hashed = None
        try:
            self._state.add_identity(identity, identifier_of(identity["traits"]["email"]), hashed)
        except DuplicateIdentifier:
            reason = "This identity conflicts with another identity that already exists."
            raise KratosError(409, reason) from None
        location = f"{request.base_url}identities/{identity['id']}"
        return JSONResponse(with_credentials(identity), 201, {"Location": location})

    async def patch(self, request: Request) -> Response:
        identity = self._identity(request)
        try:
            wanted = patched(identity, await _json(request))
        except ValueError as error:
            reason = "An error occured when applying the JSON patch"
            raise KratosError(400, reason, message=str(error)) from error
        if wanted.get("state") not in STATES:
            reason = f"The supplied state ('{wanted.get('state')}') was not valid."
            raise KratosError(400, reason, message="identity state is not valid")
        _check(wanted.get("traits"))
        result = changed(identity, wanted, datetime.now(UTC))
        try:
            self._state.change_identity(result, identifier_of(result["traits"]["email"]))
        except DuplicateIdentifier:
            raise KratosError(409) from None
        return JSONResponse(with_credentials(result))

    async def delete(self, request: Request) -> Response:
        if not self._state.remove_identity(request.path_params["identity_id"]):
            raise KratosError(404)
        return Response(status_code=204)

    def _identity(self, request: Request) -> Json:
        identity = self._state.identity(request.path_params["identity_id"])
        if identity is None:
            raise KratosError(404)
        return identity


def _check(traits: Any) -> None:
    if problems := check_traits(traits):
        raise KratosError(400, "\n".join(problem.message["text"] for problem in problems))


async def _json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError as error:
        raise KratosError(400, message=str(error)) from error


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _page_size(text: str) -> int:
    """What was asked for, which the links repeat though no page is longer than MAX_PAGE_SIZE."""
    try:
        asked = int(text or 0)
    except ValueError:
        raise KratosError(400, f'strconv.Atoi: parsing "{text}": invalid syntax') from None
    return asked if asked > 0 else DEFAULT_PAGE_SIZE


def _link(filters: list[tuple[str, str]], size: int, token: str, relation: str) -> str:
    query = urlencode([*filters, ("page_size", size), ("page_token", token)])
    return f'</admin/identities?{query}>; rel="{relation}"'
