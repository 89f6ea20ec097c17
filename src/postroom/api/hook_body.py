"""What Kratos sends, read with suspicion: any client on the way may send anything."""

import json
from collections.abc import Collection
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema

from postroom.api.body import first_mistake
from postroom.domain.identity import AddressPolicy, as_sent, mailbox_for
from postroom.domain.mailbox import Mailbox
from postroom.errors import Refused
from postroom.json_object import as_object, json_object

MAX_BODY = 64 * 1024
"""Bytes; a hook of ours has a few hundred."""

NIL = UUID(int=0)


TRAITS = {
    "type": "object",
    "properties": {"email": {"type": "string", "description": "The address that the identity shall have"}},
    "required": ["email"],
}


class Identity(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: Annotated[UUID, Field(description="Kratos' identity id; never the nil UUID")]
    # Whatever is in them is judged by the same rules as when the sweep finds it, and refused in the same words.
    traits: Annotated[object, WithJsonSchema(TRAITS)] = None


class HookBody(BaseModel):
    """The body of the provisioning webhook; further fields are welcome."""

    model_config = ConfigDict(extra="allow")

    # Written out: in a requestBody of OpenAPI, Pydantic's `#/$defs/Identity` would point nowhere.
    identity: Annotated[Identity, WithJsonSchema(Identity.model_json_schema())]


def parse(raw: bytes) -> HookBody:
    """Raises `Refused` for what is no JSON object of the right shape."""
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
    """The identity and address that a refused body seems to speak of, as far as they can be told: for the audit."""
    identity = as_object(json_object(raw).get("identity"))
    try:
        identity_id = UUID(str(identity.get("id")))
    except ValueError:
        identity_id = None
    return identity_id, as_sent(as_object(identity.get("traits")).get("email"))


def mailbox_of(body: HookBody, *, domains: Collection[str], reserved: Collection[str]) -> Mailbox:
    """The mailbox that the hook asks for. Raises `Refused`."""
    identity = body.identity
    if identity.id == NIL:
        raise Refused(
            "nil_identity",
            "the identity id is the nil UUID: the hook runs before Kratos stores the identity; "
            "remove response.parse and can_interrupt from it",
        )
    return mailbox_for(identity.id, as_object(identity.traits), AddressPolicy(domains, reserved))
