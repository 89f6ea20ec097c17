"""An identity of Kratos, as far as Postroom needs it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from postroom.domain.address import parse_address
from postroom.domain.mailbox import Mailbox
from postroom.errors import Refused

MAX_DISPLAY_NAME = 200

MAX_SENT = 320
"""Characters that the audit stores of an address: 64, the @ and 255, the most that RFC 5321 §4.5.3.1 allows."""


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity as Kratos' admin API lists it; `active` is its `state`. A time is None if it cannot be read."""

    id: UUID
    traits: Mapping[str, object]
    active: bool
    created_at: datetime | None = None
    updated_at: datetime | None = None
    """its version: Kratos sets it with each change"""


@dataclass(frozen=True, slots=True)
class UnreadableIdentity:
    """An identity that Kratos lists and that cannot be parsed. `id` is None if not even the id is readable."""

    id: UUID | None
    why: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an identity gets no mailbox: for the audit, for the person and for the operator."""

    identity_id: UUID | None
    """None if the body of the webhook was unreadable and named none"""
    email: str | None
    """the address `as_sent`"""
    code: str
    """see `Refused.code`"""
    reason: str
    """a sentence for the person"""
    refused_at: datetime | None = None


def as_sent(email: object) -> str | None:
    """The address in a trait for the audit, cut, and without what PostgreSQL cannot store (NUL, lone surrogates).

    It may hold control characters: code that shows it must escape them.
    """
    if not isinstance(email, str):
        return None
    return email.encode(errors="ignore").decode().replace("\0", "")[:MAX_SENT]


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Which addresses are assigned: those in the served `domains` (ASCII form), except the `reserved` local parts."""

    domains: Collection[str]
    reserved: Collection[str]


def mailbox_for(identity_id: UUID, traits: Mapping[str, object], policy: AddressPolicy) -> Mailbox:
    """The mailbox that an identity should have. Raises `Refused` when its traits name no address that can be
    assigned."""
    email = traits.get("email")
    if not isinstance(email, str):
        raise Refused("no_address", "no mail address is given: the identity has no trait email")
    address = parse_address(email, domains=policy.domains, reserved=policy.reserved)
    return Mailbox(identity_id, str(address), display_name(traits))


def display_name(traits: Mapping[str, object]) -> str | None:
    """The name to show with the mailbox, from the usual traits: `name` as a text, `name.first` and `name.last`
    (Kratos' own presets), or `display_name`. None when the schema has no name."""
    name = traits.get("name", traits.get("display_name"))
    if isinstance(name, Mapping):
        parts = cast(Mapping[str, object], name)
        words = [part for key in ("first", "last") if isinstance(part := parts.get(key), str)]
        name = " ".join(words)
    if not isinstance(name, str):
        return None
    # Control characters would reach the administrator's screen, and PostgreSQL refuses NUL.
    shown = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return shown[:MAX_DISPLAY_NAME] or None
