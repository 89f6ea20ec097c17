"""Caches access tokens for some seconds: a query for each request would make a list of mail a third slower."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from cachetools import TTLCache

from postroom.people.ports import AccessToken, AccessTokens

CACHE_SECONDS = 30.0
"""Seconds for which a revoked token may still work if the notification is lost; as long as a Kratos session is
cached."""

CACHE_SIZE = 10_000


class TokenCache:
    """The port `AccessTokens`, as a cache over another one. Nothing is cached while revocations are not listened to.

    Only existing tokens are cached: one that was made a moment ago is found, and invented ones evict no others. `now`
    is the wall clock, `monotonic` a monotonic clock.
    """

    def __init__(
        self, tokens: AccessTokens, *, now: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._tokens = tokens
        self._now = now
        self._found = TTLCache[bytes, AccessToken](CACHE_SIZE, CACHE_SECONDS, monotonic)
        self._listening = False
        self._clearings = 0

    @contextmanager
    def listening(self) -> Generator[None]:
        """In this block, `forget` is called whenever any process has revoked a token."""
        self.forget()  # earlier revocations were missed
        self._listening = True
        try:
            yield
        finally:
            self._listening = False
            self.forget()

    def forget(self) -> None:
        """Clear the cache: people seldom revoke a token, and to find each again costs little."""
        self._clearings += 1
        self._found.clear()

    async def find(self, token_hash: bytes) -> AccessToken | None:
        if known := self._found.get(token_hash):
            return known if known.expires_at > self._now() else None
        before = self._clearings
        found = await self._tokens.find(token_hash)
        # It may have been read before a revocation whose notification arrived before the result.
        if found and self._listening and self._clearings == before:
            self._found[token_hash] = found
        return found

    async def revoke(self, identity_id: UUID, token_id: UUID) -> bool:
        try:
            return await self._tokens.revoke(identity_id, token_id)
        finally:
            self.forget()  # this process need not wait for the notification

    async def add(self, token: AccessToken, token_hash: bytes, *, limit: int) -> None:
        await self._tokens.add(token, token_hash, limit=limit)

    async def of(self, identity_id: UUID) -> Sequence[AccessToken]:
        return await self._tokens.of(identity_id)
