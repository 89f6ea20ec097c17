"""`GET /api/realtime`: the transport by which a client gets live events."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from postroom.api.me import ReadPreparation
from postroom.api.visitor import PROBLEMS_OF_VISITORS, Visiting
from postroom.domain.person import Scope
from postroom.mailboxes.preparation import PreparationState
from postroom.people.people import require_scope
from postroom.people.ports import Visitor
from postroom.realtime.centrifugo import channel_of
from postroom.realtime.connection_token import CentrifugoForBrowsers, connection_token


class ByCentrifugo(BaseModel):
    """Connect to `url` with `token` and subscribe to `channel`. Request this path again for the next token."""

    transport: Literal["centrifugo"] = "centrifugo"
    url: str
    channel: str
    token: str


class ByServerSentEvents(BaseModel):
    """Open an EventSource on `url`."""

    transport: Literal["sse"] = "sse"
    url: str = "/api/live"


def realtime_routes(
    visiting: Visiting,
    read: ReadPreparation,
    *,
    centrifugo: CentrifugoForBrowsers | None,
    mark_online: Callable[[UUID], Awaitable[None]],
    now: Callable[[], datetime],
) -> list[APIRoute]:
    """`mark_online` is called with each token: for each client every few minutes, since tokens are short-lived."""

    async def realtime(
        response: Response, visitor: Annotated[Visitor, Depends(visiting)]
    ) -> ByCentrifugo | ByServerSentEvents:
        """The transport for this client: Centrifugo or /api/live. Until the mailbox is ready, always /api/live."""
        response.headers["Cache-Control"] = "no-store"
        person = visitor.person
        require_scope(person, Scope.READ)
        if centrifugo is None:
            return ByServerSentEvents()
        _, mailbox = await read(person.identity_id)
        if mailbox.state is not PreparationState.READY:
            return ByServerSentEvents()
        await mark_online(person.identity_id)
        token = connection_token(
            person.identity_id, key=centrifugo.token_key, now=now(), session_expires_at=person.expires_at
        )
        return ByCentrifugo(url=centrifugo.url, channel=channel_of(person.identity_id), token=token)

    return [APIRoute("/api/realtime", realtime, methods=["GET"], responses=PROBLEMS_OF_VISITORS)]
