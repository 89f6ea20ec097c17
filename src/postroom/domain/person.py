"""The person who asks for mail, by a Kratos session or by an access token made for a program."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Scope(StrEnum):
    """What an access token may do; a session may do everything."""

    READ = "read"
    """read mail, folders and settings"""
    WRITE = "write"
    """change and delete them"""
    SEND = "send"
    """submit mail, for which `read` is needed as well"""


ALL_SCOPES = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Person:
    """`expires_at`: when the session or the token ends, None if it names no end."""

    identity_id: UUID
    scopes: frozenset[Scope] = ALL_SCOPES
    expires_at: datetime | None = None
    token_id: UUID | None = None
    """the access token of the request, None for a session"""
    authenticated_at: datetime | None = None
    """the last login, by Kratos' clock; None for an access token, and where Kratos does not say"""
