"""`GET /api/me`: the person who is logged in and the progress of the mailbox. `POST /api/logout`."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter

from postroom.api.visitor import PROBLEMS_OF_VISITORS, Visiting, session_only
from postroom.domain.identity import Refusal
from postroom.domain.mailbox import Account
from postroom.domain.person import Scope
from postroom.domain.request import Request as MailboxRequest
from postroom.mail.people import joined_headers
from postroom.mail.ports import Visitor
from postroom.mail.preparation import Preparation, may_be_refused, preparation_of

Read = Callable[[UUID], Awaitable[tuple[MailboxRequest, Account | None] | None]]
"""`Requests.read`"""

LastRefusal = Callable[[UUID], Awaitable[Refusal | None]]
"""`PostgresRefusals.last`"""


_PREPARATION = TypeAdapter(Preparation)


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
    read: Read,
    last_refusal: LastRefusal,
    *,
    forget: Callable[[Mapping[str, str]], None],
    disconnect: Callable[[UUID], Awaitable[None]],
) -> list[APIRoute]:
    """`forget` is `PeopleByCredential.forget`, `disconnect` is `Publisher.disconnect`."""

    async def me(response: Response, visitor: Annotated[Visitor, Depends(visiting)]) -> Me:
        """The person who sends this request, and the progress of the mailbox."""
        response.headers["Cache-Control"] = "no-store"
        request, mailbox = await _request_and_progress(visitor.person.identity_id, read, last_refusal)
        return Me(
            identity_id=visitor.person.identity_id,
            email=request.email if request else None,
            mailbox=mailbox,
            expires_at=visitor.person.expires_at,
            scopes=sorted(visitor.person.scopes),
        )

    async def logout(request: Request, visitor: Annotated[Visitor, Depends(session_only(visiting))]) -> Response:
        """Drop the session from the cache, and end the person's live connections.

        The session itself is Kratos': afterwards send the browser to the `logout_url` of
        `GET {Kratos}/self-service/logout/browser`. Call this before, since it needs a session. Other processes of
        Postroom may accept the session for up to 30 s more.
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


def mailbox_json(read: Read, last_refusal: LastRefusal) -> Callable[[UUID], Awaitable[Mapping[str, Any]]]:
    """The progress of an identity's mailbox, as in `/api/me`."""

    async def mailbox(identity_id: UUID) -> Mapping[str, Any]:
        _, mailbox = await _request_and_progress(identity_id, read, last_refusal)
        return _PREPARATION.dump_python(mailbox, mode="json")

    return mailbox


async def _request_and_progress(
    identity_id: UUID, read: Read, last_refusal: LastRefusal
) -> tuple[MailboxRequest | None, Preparation]:
    found = await read(identity_id)
    request = found[0] if found else None
    refusal = await last_refusal(identity_id) if may_be_refused(request) else None
    return request, preparation_of(request, refusal, found[1] if found else None)
