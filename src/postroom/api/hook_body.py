"""Parses and validates the body of the provisioning webhook."""

import json
from collections.abc import Collection
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema

from postroom.api.body import first_mistake
from postroom.domain.identity import AddressPolicy, as_sent, mailbox_for
from postroom.domain.mailbox import Mailbox
from postroom.errors import Refused
from postroom.http.json_object import as_object, json_object

MAX_BODY = 64 * 1024
"""Bytes; the documented hook has a few hundred."""

NIL = UUID(int=0)


TRAITS = {
    "type": "object",
    "properties": {"email": {"type": "string", "description": "The address for the identity"}},
    "required": ["email"],
}


class Identity(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: Annotated[UUID, Field(description="Kratos' identity id; never the nil UUID")]
    # Not validated here: the rules and messages are the same as in the sweep.
    traits: Annotated[object, WithJsonSchema(TRAITS)] = None


class HookBody(BaseModel):
    """The body of the provisioning webhook; other fields are ignored."""

    model_config = ConfigDict(extra="allow")

    # Written out: in an OpenAPI requestBody, Pydantic's `#/$defs/Identity` would not resolve.
    identity: Annotated[Identity, WithJsonSchema(Identity.model_json_schema())]


def parse(raw: bytes) -> HookBody:
    """Raises `Refused` if the body is not a valid JSON object."""
    try:
        content = json.loads(raw)
    except RecursionError:
        raise Refused("unreadable_body", "the JSON is nested too deeply") from None
    except UnicodeDecodeError:
        raise Refused("unreadable_body", "the body is not UTF-8") from None
    except ValueError as error:
        raise Refused("unreadable_body", f"the body is not JSON: {error}"[:200]) from None
    try:
        return HookBody.model_validate(content)
    except ValidationError as error:
        raise Refused("unreadable_body", first_mistake(error)) from None


def claimed_identity(raw: bytes) -> tuple[UUID | None, str | None]:
    """The identity and the address in a refused body, as far as they can be read: for the audit."""
    identity = as_object(json_object(raw).get("identity"))
    try:
        identity_id = UUID(str(identity.get("id")))
    except ValueError:
        identity_id = None
    return identity_id, as_sent(as_object(identity.get("traits")).get("email"))


def mailbox_of(body: HookBody, *, domains: Collection[str], reserved: Collection[str]) -> Mailbox:
    """The requested mailbox. Raises `Refused`."""
    identity = body.identity
    if identity.id == NIL:
        raise Refused(
            "nil_identity",
            "the identity id is the nil UUID: the hook runs before Kratos stores the identity; "
            "remove response.parse and can_interrupt from it",
        )
    return mailbox_for(identity.id, as_object(identity.traits), AddressPolicy(domains, reserved))
