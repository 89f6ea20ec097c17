"""Checks whether an identity is active: an access token must not outlive its identity."""

import time
from collections.abc import Callable
from uuid import UUID

from cachetools import TTLCache

from postroom.errors import KratosUnavailable, NoSession
from postroom.people.ports import IdentityStates

CACHE_SECONDS = 60.0
"""Seconds after which Kratos is asked again."""

GRACE = 3600.0
"""Seconds for which an identity still counts as active while Kratos is unavailable."""

OUTAGE_PAUSE = 5.0
"""Seconds without requests after Kratos was unavailable: each request may take the full deadline."""

CACHE_SIZE = 10_000


class ActiveIdentities:
    """`monotonic` is a monotonic clock."""

    def __init__(self, identities: IdentityStates, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._identities = identities
        self._monotonic = monotonic
        self._active_at = TTLCache[UUID, float](CACHE_SIZE, GRACE, monotonic)
        """When each was last active"""
        self._unavailable_until = 0.0

    async def require(self, identity_id: UUID) -> None:
        """Raises `NoSession` if the identity is inactive or deleted, and `KratosUnavailable` if Kratos cannot be asked
        and the identity was not active within the last hour."""
        seen = self._active_at.get(identity_id)
        if seen is not None and self._monotonic() - seen < CACHE_SECONDS:
            return
        try:
            active = await self._ask(identity_id)
        except KratosUnavailable:
            if seen is not None:
                return
            raise
        self._active_at.pop(identity_id, None)
        if not active:
            raise NoSession("the identity to which this access token belongs is inactive or deleted")
        self._active_at[identity_id] = self._monotonic()

    async def _ask(self, identity_id: UUID) -> bool:
        if self._monotonic() < self._unavailable_until:
            raise KratosUnavailable("Kratos was unavailable a moment ago")
        try:
            return await self._identities.is_active(identity_id)
        except KratosUnavailable:
            self._unavailable_until = self._monotonic() + OUTAGE_PAUSE
            raise
