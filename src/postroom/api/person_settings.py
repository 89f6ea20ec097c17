"""`/api/settings`: what the interface keeps for a person, one JSON object. Needs a session."""

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from postroom.api.body import read_at_most, require_json
from postroom.api.mail_settings import PRIVATE
from postroom.api.visitor import PROBLEMS_OF_VISITORS, Visiting, session_only
from postroom.http.problems import problem
from postroom.people.people import joined_headers
from postroom.people.person_settings import EMPTY, MAX_SIZE, PersonSettings, checked, condition_of, is_known
from postroom.people.ports import Visitor


def person_settings_routes(settings: PersonSettings, visiting: Visiting) -> list[APIRoute]:
    session = Depends(session_only(visiting))

    async def read(request: Request, visitor: Annotated[Visitor, session]) -> Response:
        """The person's settings, as they were stored; `{}` if none were."""
        found = await settings.read(visitor.person.identity_id) or EMPTY
        headers = PRIVATE | {"ETag": found.etag}
        if is_known(found.etag, joined_headers(request.headers.raw).get("if-none-match")):
            return Response(status_code=304, headers=headers)
        return Response(found.text, media_type="application/json", headers=headers)

    async def store(request: Request, visitor: Annotated[Visitor, session]) -> Response:
        """Replace the person's settings, if they are still those that `If-Match` names."""
        headers = joined_headers(request.headers.raw)
        condition = condition_of(headers.get("if-match"), headers.get("if-none-match"))
        require_json(request)
        document = checked(await read_at_most(request, MAX_SIZE))
        identity_id = visitor.person.identity_id
        if not await settings.store(identity_id, document, condition):
            present = await settings.read(identity_id) or EMPTY
            detail = "the settings have changed since you read them: read them again, then repeat your change"
            raise problem("settings_changed", detail, headers={"ETag": present.etag})
        return Response(status_code=204, headers=PRIVATE | {"ETag": document.etag})

    path = "/api/settings"
    return [
        APIRoute(
            path,
            read,
            methods=["GET"],
            response_class=Response,
            responses=_READ | PROBLEMS_OF_VISITORS,
            openapi_extra={"parameters": [_header("If-None-Match", "An ETag: 304 if it is still the same")]},
        ),
        APIRoute(
            path,
            store,
            methods=["PUT"],
            status_code=204,
            response_class=Response,
            responses=PROBLEMS_OF_VISITORS,
            openapi_extra=_STORE,
        ),
    ]


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}


_OBJECT: dict[str, Any] = {"application/json": {"schema": {"type": "object"}}}
_READ: dict[int | str, dict[str, Any]] = {
    200: {"description": "The settings, with their ETag", "content": _OBJECT},
    304: {"description": "The client has them already"},
}
_STORE: dict[str, Any] = {
    "parameters": [
        _header("If-Match", "The ETag of the settings to replace"),
        _header("If-None-Match", "`*`: store them only if there are none yet"),
    ],
    "requestBody": {"required": True, "content": _OBJECT},
}
