"""`POST /api/unsubscribe`: leave the mailing list of a message by one request of ours (RFC 8058)."""

from typing import Annotated, Literal

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, StringConstraints

from postroom.api.body import read_body
from postroom.api.visitor import PROBLEMS_OF_VISITORS, Visiting
from postroom.people.ports import Visitor
from postroom.unsubscribe.unsubscribing import Unsubscribing, require_scopes


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email_id: Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_-]{1,255}$")]
    """JMAP's id of the Email (RFC 8620 §1.2)"""


class Unsubscribed(BaseModel, json_schema_serialization_defaults_required=True):
    done: Literal[True] = True


def unsubscribe_route(unsubscribing: Unsubscribing, visiting: Visiting) -> APIRoute:
    async def unsubscribe(
        request: Request, response: Response, visitor: Annotated[Visitor, Depends(visiting)]
    ) -> Unsubscribed:
        """Ask the mailing list of a message to take the person off it, if the message offers that by one request and
        the mail server confirmed its signature. Otherwise `not_one_click`: the person may write to the list, or open
        its page. An access token needs `read` and `send`."""
        response.headers["Cache-Control"] = "no-store"
        require_scopes(visitor.person)
        message = await read_body(request, Message)
        await unsubscribing.unsubscribe(visitor.person, message.email_id)
        return Unsubscribed()

    return APIRoute(
        "/api/unsubscribe",
        unsubscribe,
        methods=["POST"],
        responses=PROBLEMS_OF_VISITORS,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": Message.model_json_schema()}},
            }
        },
    )
