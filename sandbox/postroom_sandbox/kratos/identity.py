"""An identity: what is stored about a person, and which part each API shows."""

import re
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

from postroom_sandbox.kratos import form_messages
from postroom_sandbox.kratos.error import Json
from postroom_sandbox.kratos.form_messages import Problem

SCHEMA_ID = "default"
MIN_EMAIL = 3
STATES = ("active", "inactive")
NIL_UUID = "00000000-0000-0000-0000-000000000000"

# A local part that Go's net/mail accepts without quotes, and a label of a host name.
_LOCAL_PART = re.compile(r'[^\s@"(),:;<>\[\\\].]+(\.[^\s@"(),:;<>\[\\\].]+)*')
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, with microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def identifier_of(email: str) -> str:
    """The identifier for the login. `traits.email` keeps the spelling that the person chose."""
    return email.strip().lower()


def check_traits(traits: Any) -> list[Problem]:
    """The violations of the identity schema in `traits`."""
    if not isinstance(traits, dict):
        return [form_messages.missing("traits.email")]
    traits = cast(Json, traits)
    unknown = sorted(traits.keys() - {"email", "name"})
    problems = [form_messages.invalid("traits", f'additionalProperties "{name}" not allowed') for name in unknown]
    if "email" not in traits:
        problems.append(form_messages.missing("traits.email"))
    for name, value in traits.items():
        if name in ("email", "name") and not isinstance(value, str):
            problems.append(form_messages.invalid(f"traits.{name}", "expected string"))
        elif name == "email" and not _is_email(value):
            problems.append(form_messages.invalid("traits.email", f'"{value}" is not valid "email"'))
            if len(value) < MIN_EMAIL:
                problems.append(form_messages.too_short("traits.email", len(value), MIN_EMAIL))
    return problems


def _is_email(text: str) -> bool:
    local_part, _, domain = text.rpartition("@")
    return (
        len(text) <= 254
        and len(local_part) <= 64
        and _LOCAL_PART.fullmatch(local_part) is not None
        and all(_LABEL.fullmatch(label) for label in domain.split("."))
    )


def new_identity(traits: Json, *, public_url: str, now: datetime, state: str = "active") -> Json:
    """Everything that is stored about a new identity, except its password."""
    moment = timestamp(now)
    return {
        "id": str(uuid4()),
        "schema_id": SCHEMA_ID,
        "schema_url": f"{public_url}/schemas/ZGVmYXVsdA",  # base64 of "default"
        "state": state,
        "state_changed_at": moment,
        "metadata_public": None,
        "metadata_admin": None,
        "created_at": moment,
        "organization_id": None,
    } | _dependent_on_traits(traits, moment)


def changed(identity: Json, wanted: Json, now: datetime) -> Json:
    """The identity with the state and the traits of `wanted`, and new timestamps."""
    moment = timestamp(now)
    result = {**identity, "updated_at": moment, "state": wanted["state"]}
    if result["state"] != identity["state"]:
        result["state_changed_at"] = moment
    if wanted["traits"] != identity["traits"]:
        result |= _dependent_on_traits(wanted["traits"], moment)
    return result


def _dependent_on_traits(traits: Json, moment: str) -> Json:
    address = {"value": identifier_of(traits["email"]), "via": "email", "created_at": moment, "updated_at": moment}
    verifiable = {**address, "id": str(uuid4()), "verified": False, "status": "pending"}
    return {
        "traits": traits,
        "verifiable_addresses": [verifiable],
        "recovery_addresses": [{**address, "id": str(uuid4())}],
        "updated_at": moment,
    }


def with_code_sent(identity: Json) -> Json:
    """The identity after a verification code was sent to its address."""
    (address,) = identity["verifiable_addresses"]
    return {**identity, "verifiable_addresses": [{**address, "status": "sent"}]}


def verified(identity: Json, address: str, now: datetime) -> Json:
    """The identity after the code that was sent to `address` was used."""
    proof = {"verified": True, "status": "completed", "verified_at": timestamp(now)}
    addresses = [each | proof if each["value"] == address else each for each in identity["verifiable_addresses"]]
    return {**identity, "verifiable_addresses": addresses}


def public(identity: Json) -> Json:
    """What the person and the webhook may see."""
    return {name: value for name, value in identity.items() if name != "metadata_admin"}


def with_credentials(identity: Json) -> Json:
    """The identity as the admin API shows a single one. Lists omit the credentials."""
    password = {
        "type": "password",
        "identifiers": [identifier_of(identity["traits"]["email"])],
        "version": 0,
        "created_at": identity["created_at"],
        "updated_at": identity["updated_at"],
    }
    return {**identity, "credentials": {"password": password}}
