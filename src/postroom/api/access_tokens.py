"""`/api/access-tokens`: a person makes, lists and revokes tokens for programs. This needs a session, not a token."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from postroom.api.body import read_body
from postroom.api.visitor import PROBLEMS_OF_VISITORS, Visiting, session_only
from postroom.domain.person import Scope
from postroom.errors import Refused
from postroom.people.access_tokens import DEFAULT_DAYS, MAX_DAYS, MAX_LIVE, MAX_NAME, TokenMaker
from postroom.people.ports import AccessTokens, Visitor

# Written out: in an OpenAPI requestBody, Pydantic's `#/$defs/Scope` would not resolve.
WantedScope = Annotated[Scope, WithJsonSchema({"type": "string", "enum": list(Scope)})]


class TokenForm(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME, description="What the token is for")]
    scopes: Annotated[list[WantedScope], Field(min_length=1)]
    days: Annotated[int, Field(ge=1, le=MAX_DAYS, description="How long it is valid")] = DEFAULT_DAYS


class Shown(BaseModel, from_attributes=True):
    id: UUID
    name: str
    scopes: Annotated[list[Scope], BeforeValidator(sorted)]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    """exact to the minute"""


class Made(Shown):
    token: str
    """shown only once"""


class Listed(BaseModel):
    access_tokens: list[Shown]
    limit: int
    """maximum number of live tokens of a person"""


def access_tokens_routes(
    maker: TokenMaker, tokens: AccessTokens, visiting: Visiting, fresh: Visiting
) -> list[APIRoute]:
    """`fresh` is `fresh_login_only`."""
    session = Depends(session_only(visiting))

    async def make(request: Request, response: Response, visitor: Annotated[Visitor, Depends(fresh)]) -> Made:
        """Make a token. Its text is shown only once."""
        form = await read_body(request, TokenForm)
        token, text = await maker.make(
            visitor.person.identity_id, name=form.name, scopes=frozenset(form.scopes), days=form.days
        )
        response.headers["Cache-Control"] = "no-store"
        return Made(**Shown.model_validate(token).model_dump(), token=text)

    async def show(response: Response, visitor: Annotated[Visitor, session]) -> Listed:
        """The person's live tokens, oldest first."""
        response.headers["Cache-Control"] = "no-store"
        found = await tokens.of(visitor.person.identity_id)
        return Listed(access_tokens=[Shown.model_validate(each) for each in found], limit=MAX_LIVE)

    async def revoke(token_id: str, visitor: Annotated[Visitor, session]) -> Response:
        """Revoke a token. It is refused from now on."""
        if not await tokens.revoke(visitor.person.identity_id, _id_of(token_id)):
            raise _unknown()
        return Response(status_code=204)

    path, responses = "/api/access-tokens", PROBLEMS_OF_VISITORS
    body = {"required": True, "content": {"application/json": {"schema": TokenForm.model_json_schema()}}}
    return [
        APIRoute(
            path, make, methods=["POST"], status_code=201, responses=responses, openapi_extra={"requestBody": body}
        ),
        APIRoute(path, show, methods=["GET"], responses=responses),
        APIRoute(
            f"{path}/{{token_id}}",
            revoke,
            methods=["DELETE"],
            status_code=204,
            response_class=Response,
            responses=responses,
        ),
    ]


def _id_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _unknown() from None


def _unknown() -> Refused:
    return Refused("unknown", "you have no such access token; perhaps it has expired or was revoked already")
