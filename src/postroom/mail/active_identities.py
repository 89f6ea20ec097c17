"""Whether an identity may still act: an access token lives by itself, and must not outlive the identity."""

import time
from collections.abc import Callable
from uuid import UUID

from cachetools import TTLCache

from postroom.errors import KratosUnavailable, NoSession
from postroom.mail.ports import Identities

CACHE_SECONDS = 60.0
"""Seconds after which Kratos is asked again."""

GRACE = 3600.0
"""Seconds for which an active identity goes on while Kratos is away."""

OUTAGE_PAUSE = 5.0
"""Seconds in which a Kratos that was away is not asked: each question may take its whole deadline."""

CACHE_SIZE = 10_000


class ActiveIdentities:
    """`monotonic` is the passing of time."""

    def __init__(self, identities: Identities, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._identities = identities
        self._monotonic = monotonic
        self._seen = TTLCache[UUID, float](CACHE_SIZE, GRACE, monotonic)
        """When each was last active"""
        self._away_until = 0.0

    async def require(self, identity_id: UUID) -> None:
        """Raises `NoSession` for an identity that is inactive or gone, and `KratosUnavailable` if that cannot be told
        of one that was not active within the last hour."""
        seen = self._seen.get(identity_id)
        if seen is not None and self._monotonic() - seen < CACHE_SECONDS:
            return
        try:
            active = await self._ask(identity_id)
        except KratosUnavailable:
            if seen is not None:
                return
            raise
        self._seen.pop(identity_id, None)
        if not active:
            raise NoSession("the identity to which this access token belongs is inactive or gone")
        self._seen[identity_id] = self._monotonic()

    async def _ask(self, identity_id: UUID) -> bool:
        if self._monotonic() < self._away_until:
            raise KratosUnavailable("Kratos was away a moment ago")
        try:
            return await self._identities.is_active(identity_id)
        except KratosUnavailable:
            self._away_until = self._monotonic() + OUTAGE_PAUSE
            raise
