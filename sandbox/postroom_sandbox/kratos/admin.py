"""The admin API: identities, without authentication, as in Kratos. It triggers no webhook."""

import json
from copy import deepcopy
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
from postroom_sandbox.kratos.faults import Fault, FaultMiddleware, control_routes
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
from postroom_sandbox.kratos.store import DuplicateIdentifier, Store

DEFAULT_PAGE_SIZE = 250
MAX_PAGE_SIZE = 500


def create_admin_app(store: Store, *, public_url: str) -> Starlette:
    """The application of the admin port. `public_url` is the base of the schema URLs that identities name."""
    service = _Admin(store, public_url)
    one = "/admin/identities/{identity_id}"
    routes = [
        *control_routes(store),
        *health_routes(store),
        *health_routes(store, prefix="/admin"),
        Route("/admin/identities", service.list, methods=["GET"]),
        Route("/admin/identities", service.create, methods=["POST"]),
        Route("/admin/courier/messages", service.messages, methods=["GET"]),
        Route(one, service.show, methods=["GET"]),
        Route(one, service.patch, methods=["PATCH"]),
        Route(one, service.delete, methods=["DELETE"]),
    ]
    middleware = [Middleware(FaultMiddleware, store=store)]
    return Starlette(routes=routes, middleware=middleware, exception_handlers=EXCEPTION_HANDLERS)


class _Admin:
    def __init__(self, store: Store, public_url: str) -> None:
        self._store = store
        self._public_url = public_url

    async def list(self, request: Request) -> Response:
        query = request.query_params
        if unknown := query.keys() - {"page_size", "page_token", "ids", "credentials_identifier"}:
            raise KratosError(400, f"The stand-in does not know {', '.join(sorted(unknown))}.")
        if identifier := query.get("credentials_identifier"):
            found = self._store.login(identifier_of(identifier))
            return JSONResponse([found[0]] if found else [])
        shown_size = _page_size(query.get("page_size", ""))
        size = min(shown_size, MAX_PAGE_SIZE)
        token = query.get("page_token", NIL_UUID)
        if _uuid(token) is None:
            raise KratosError(400, "The page token is invalid, do not craft your own page tokens")
        ids = query.getlist("ids")
        for value in ids:
            if _uuid(value) is None:
                raise KratosError(400, f"Invalid UUID value `{value}` for parameter `ids`.")
        # One identity more than the page holds shows whether there is a next page.
        found = self._store.identities(after=token, limit=size + 1, ids=ids)
        page = found[:size]
        links = [_link(ids, shown_size, NIL_UUID, "first")]
        if len(found) > size:
            links.append(_link(ids, shown_size, page[-1]["id"], "next"))
        return JSONResponse(page, headers={"Link": ",".join(links)})

    async def messages(self, request: Request) -> Response:
        """The messages that the courier would have sent, newest first, with their codes, as Kratos shows with --dev."""
        query = request.query_params
        if unknown := query.keys() - {"page_size", "recipient"}:
            raise KratosError(400, f"The stand-in does not know {', '.join(sorted(unknown))}.")
        size = min(_page_size(query.get("page_size", "")), MAX_PAGE_SIZE)
        return JSONResponse(self._store.messages(limit=size, recipient=query.get("recipient")))

    async def show(self, request: Request) -> Response:
        if Fault.SICK in self._store.faults():
            raise KratosError(500, "the fault sick is on")
        return JSONResponse(with_credentials(self._identity(request)))

    async def create(self, request: Request) -> Response:
        """Create an identity without a password, so that nobody can log in as it."""
        body = await _json(request)
        if not isinstance(body, dict):
            raise KratosError(400, message="the body must be an object")
        body = cast(Json, body)
        if body.get("schema_id", SCHEMA_ID) != SCHEMA_ID:
            raise KratosError(400, f"Unable to find JSON Schema ID: {body['schema_id']}")
        state = body.get("state") or "active"
        _check(state, body.get("traits"))
        identity = new_identity(body["traits"], public_url=self._public_url, now=datetime.now(UTC), state=state)
        try:
            self._store.add_identity(identity, identifier_of(identity["traits"]["email"]), None)
        except DuplicateIdentifier:
            reason = "This identity conflicts with another identity that already exists."
            raise KratosError(409, reason) from None
        location = f"{request.base_url}identities/{identity['id']}"
        return JSONResponse(with_credentials(identity), 201, {"Location": location})

    async def patch(self, request: Request) -> Response:
        identity = self._identity(request)
        wanted = _patched(identity, await _json(request))
        _check(wanted["state"], wanted["traits"])
        result = changed(identity, wanted, datetime.now(UTC))
        try:
            self._store.change_identity(result, identifier_of(result["traits"]["email"]))
        except DuplicateIdentifier:
            raise KratosError(409) from None
        return JSONResponse(with_credentials(result))

    async def delete(self, request: Request) -> Response:
        if not self._store.remove_identity(request.path_params["identity_id"]):
            raise KratosError(404)
        return Response(status_code=204)

    def _identity(self, request: Request) -> Json:
        identity = self._store.identity(request.path_params["identity_id"])
        if identity is None:
            raise KratosError(404)
        return identity


def _check(state: Any, traits: Any) -> None:
    if state not in STATES:
        raise KratosError(400, f"The supplied state ('{state}') was not valid.", message="identity state is not valid")
    if problems := check_traits(traits):
        raise KratosError(400, "\n".join(problem.message["text"] for problem in problems))


def _patched(identity: Json, patch: Any) -> Json:
    """A copy of the identity with a JSON Patch (RFC 6902) applied. The stand-in supports a new state and new traits."""
    wanted = deepcopy(identity)
    for operation in cast(list[Any], patch) if isinstance(patch, list) else [patch]:
        match operation:
            case {"op": "replace", "path": "/state", "value": state}:
                wanted["state"] = state
            case {"op": "replace", "path": str(path), "value": value} if path.startswith("/traits/"):
                wanted["traits"][path.removeprefix("/traits/")] = value
            case _:
                raise KratosError(400, f"The stand-in does not know the operation {operation}.")
    return wanted


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
    """The requested page size. The links repeat it, although no page is longer than MAX_PAGE_SIZE."""
    try:
        asked = int(text or 0)
    except ValueError:
        raise KratosError(400, f'strconv.Atoi: parsing "{text}": invalid syntax') from None
    return asked if asked > 0 else DEFAULT_PAGE_SIZE


def _link(ids: list[str], size: int, token: str, relation: str) -> str:
    query = urlencode([*(("ids", value) for value in ids), ("page_size", size), ("page_token", token)])
    return f'</admin/identities?{query}>; rel="{relation}"'
