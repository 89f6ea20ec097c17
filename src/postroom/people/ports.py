"""The ports by which people are known. Adapters implement them, and so do tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from postroom.domain.guess import Before, Guess
from postroom.domain.person import Person, Scope


@dataclass(frozen=True, slots=True)
class Visitor:
    """`set_cookie`: Kratos' cookies to pass on to the browser. `login_page`: Kratos' login page for browsers, None if
    unknown."""

    person: Person
    set_cookie: Sequence[str] = ()
    login_page: str | None = None


class Sessions(Protocol):
    """The sessions of Kratos."""

    async def whoami(self, *, cookie: str | None = None, token: str | None = None, refresh: bool = False) -> Visitor:
        """`refresh`: bypass the cache. Raises `NoSession`, `SecondFactorDue`, and `KratosUnavailable` if Kratos sends
        no response that can be trusted."""
        ...

    def forget(self, *, cookie: str | None = None, token: str | None = None) -> None:
        """The person logs out: drop this credential from the cache."""
        ...

    def forget_person(self, identity_id: UUID) -> None:
        """The person ended sessions that are used elsewhere: drop all of theirs from the cache."""
        ...


class IdentityStates(Protocol):
    """The states of Kratos' identities."""

    async def is_active(self, identity_id: UUID) -> bool:
        """False for one that is inactive or deleted. Raises `KratosUnavailable` if Kratos sends no response that can be
        trusted."""
        ...


@dataclass(frozen=True, slots=True)
class AccessToken:
    """`last_used_at` is exact to the minute."""

    id: UUID
    identity_id: UUID
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None


class AccessTokens(Protocol):
    """Tokens for programs, stored as hashes. Raises `DatabaseUnavailable`."""

    async def add(self, token: AccessToken, token_hash: bytes, *, limit: int) -> None:
        """Raises `Refused` if the person already has `limit` live ones."""
        ...

    async def find(self, token_hash: bytes) -> AccessToken | None:
        """The token, unless it has expired; records its use."""
        ...

    async def of(self, identity_id: UUID) -> Sequence[AccessToken]:
        """The live ones, oldest first."""
        ...

    async def revoke(self, identity_id: UUID, token_id: UUID) -> bool:
        """Every process is notified. False if the person has no such token."""
        ...


class People(Protocol):
    """Identifies the sender of a request."""

    async def identify(self, method: str, headers: Mapping[str, str], *, refresh: bool = False) -> Visitor:
        """`headers` have lower-case names; `refresh`: ask Kratos for the session, bypassing the cache. Raises
        `NoSession`, `SecondFactorDue`, `CrossSite`, `KratosUnavailable`, `DatabaseUnavailable`."""
        ...


class Guesses(Protocol):
    """The guesses of passwords and codes that were wrong or have no answer yet."""

    async def add(self, guess: Guess) -> Before:
        """Those before this one. It counts at once: of many requests at the same time none must slip through."""
        ...

    async def remove(self, guess: Guess) -> None:
        """It was right, or nobody has checked it."""
        ...

    async def remember(self, name: str, addresses: str, moment: float) -> None:
        """Whose guesses will follow under this name: that of a session which lacks the second factor, or of a flow."""
        ...

    async def addresses_of(self, name: str) -> str | None: ...
