"""`GET /api/me`: the person who is logged in and the preparation of the mailbox. `POST /api/logout`."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from postroom.api.visitor import PROBLEMS_OF_VISITORS, Visiting, session_only
from postroom.domain.person import Scope
from postroom.mailboxes.preparation import Preparation
from postroom.people.people import joined_headers
from postroom.people.ports import Visitor

ReadPreparation = Callable[[UUID], Awaitable[tuple[str | None, Preparation]]]
"""`Preparations.of`"""


# For OpenAPI: every field of a mailbox is always present, also with its default.
class Me(BaseModel, json_schema_serialization_defaults_required=True):
    identity_id: UUID
    email: str | None
    """None while no mailbox is requested"""
    mailbox: Preparation
    expires_at: datetime | None
    """end of the session or access token"""
    scopes: list[Scope]
    """all scopes for a session"""


def me_routes(
    visiting: Visiting,
    read: ReadPreparation,
    *,
    forget: Callable[[Mapping[str, str]], None],
    disconnect: Callable[[UUID], Awaitable[None]],
) -> list[APIRoute]:
    """`forget` is `PeopleByCredential.forget`, `disconnect` is `Publisher.disconnect`."""

    async def me(response: Response, visitor: Annotated[Visitor, Depends(visiting)]) -> Me:
        """The person who sends this request, and the preparation of the mailbox."""
        response.headers["Cache-Control"] = "no-store"
        email, mailbox = await read(visitor.person.identity_id)
        return Me(
            identity_id=visitor.person.identity_id,
            email=email,
            mailbox=mailbox,
            expires_at=visitor.person.expires_at,
            scopes=sorted(visitor.person.scopes),
        )

    async def logout(request: Request, visitor: Annotated[Visitor, Depends(session_only(visiting))]) -> Response:
        """Drop the session from the cache, and end the person's live connections.

        The session itself is Kratos': afterwards request the `logout_url` of
        `GET /.ory/kratos/public/self-service/logout/browser`, whose answer also clears what the browser has stored.
        Call this before, since it needs a session. Other processes of Postroom may accept the session for up to 30 s
        more.
        """
        forget(joined_headers(request.headers.raw))
        await disconnect(visitor.person.identity_id)
        return Response(status_code=204)

    responses = PROBLEMS_OF_VISITORS
    return [
        APIRoute("/api/me", me, methods=["GET"], responses=responses),
        APIRoute(
            "/api/logout", logout, methods=["POST"], status_code=204, response_class=Response, responses=responses
        ),
    ]
