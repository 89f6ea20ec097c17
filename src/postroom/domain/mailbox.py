"""The mailbox that an identity should have, and the mark that proves whose it is.

The mark is a disabled alias whose local part is made of the identity's id. The mail server keeps addresses unique
across accounts and aliases, so it refuses a second mailbox for an identity by itself, even if our database is lost.
"""

from dataclasses import dataclass
from uuid import NAMESPACE_DNS, UUID, uuid5

from postroom.domain.missing import Doubt

MARK_PREFIX = "postroom-"
PROBE_NAME = f"{MARK_PREFIX}probe"


def mark_of(identity_id: UUID) -> str:
    """Local part of the mark: the prefix and the id without hyphens (41 characters)."""
    return MARK_PREFIX + identity_id.hex


def identity_of(mark: str) -> UUID | None:
    """The identity that a mark names, or None if `mark` is not one of ours."""
    try:
        identity_id = UUID(hex=mark.removeprefix(MARK_PREFIX))
    except ValueError:
        return None
    return identity_id if mark_of(identity_id) == mark else None


def account_id_of(identity_id: UUID) -> UUID:
    """The id of its row in `email_accounts`: the same when that row is lost and made again."""
    return uuid5(identity_id, "email_account")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The mailbox that the mail server is asked to create."""

    identity_id: UUID
    email: str
    """Normalised address (`domain.address`)."""
    display_name: str | None = None

    @property
    def mark(self) -> str:
        return mark_of(self.identity_id)

    @property
    def mark_description(self) -> str:
        """What an administrator of the mail server reads beside the mark."""
        return f"Made by Postroom for identity {self.identity_id}"

    @property
    def local_part(self) -> str:
        return self.email.partition("@")[0]

    @property
    def domain(self) -> str:
        return self.email.partition("@")[2]


class ProbeMailbox(Mailbox):
    """Our own mailbox, which the create probe creates, with everything that a person's has. It belongs to no identity:
    `identity_id` only tells the installations at one mail server apart. No person gets its name, and no mark of a
    person equals its mark."""

    __slots__ = ()

    def __init__(self, mark_domain: str) -> None:
        description = "Shows Postroom whether mailboxes can be made; keep it"
        super().__init__(uuid5(NAMESPACE_DNS, mark_domain), f"{PROBE_NAME}@{mark_domain}", description)

    @property
    def mark(self) -> str:
        return f"{PROBE_NAME}-{self.identity_id.hex}"

    @property
    def mark_description(self) -> str:
        return "Made by Postroom for its create probe"


def is_probe_mark(mark: str) -> bool:
    return mark.startswith(f"{PROBE_NAME}-")


@dataclass(frozen=True, slots=True)
class StalwartAccount:
    """An account on the mail server that carries our mark: `id` is its JMAP accountId."""

    id: str
    email: str


@dataclass(frozen=True, slots=True)
class Account:
    """A row of `email_accounts`; `doubt` is None as long as every check found its mailbox at the mail server."""

    id: UUID
    doubt: Doubt | None = None
