"""Access tokens, remembered for some seconds: to ask PostgreSQL with each request costs a list of mail a third more."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from cachetools import TTLCache

from postroom.mail.ports import AccessToken, AccessTokens

CACHE_SECONDS = 30.0
"""Seconds for which a token works on, at most, when nobody tells of its end; as long as a session of Kratos."""

CACHE_SIZE = 10_000


class TokenCache:
    """The port `AccessTokens` over another one. Nothing is remembered while revocations are not heard of.

    Remembered is only what PostgreSQL has: a token that was made a moment ago is found, and made-up ones push nobody
    out. `now` is the time of day, `monotonic` the passing of time.
    """

    def __init__(
        self, tokens: AccessTokens, *, now: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._tokens = tokens
        self._now = now
        self._found = TTLCache[bytes, AccessToken](CACHE_SIZE, CACHE_SECONDS, monotonic)
        self._hears = False
        self._forgotten = 0

    @contextmanager
    def hearing(self) -> Generator[None]:
        """While it lasts, `forget` is called whenever some process has revoked a token."""
        self.forget()  # what was revoked before was not heard of
        self._hears = True
        try:
            yield
        finally:
            self._hears = False
            self.forget()

    def forget(self) -> None:
        """All of them: people seldom revoke a token, and to find each once more costs little."""
        self._forgotten += 1
        self._found.clear()

    async def find(self, token_hash: bytes) -> AccessToken | None:
        if known := self._found.get(token_hash):
            return known if known.expires_at > self._now() else None
        before = self._forgotten
        found = await self._tokens.find(token_hash)
        # It may have been read before it was revoked, and be told only after that was heard.
        if found and self._hears and self._forgotten == before:
            self._found[token_hash] = found
        return found

    async def revoke(self, identity_id: UUID, token_id: UUID) -> bool:
        try:
            return await self._tokens.revoke(identity_id, token_id)
        finally:
            self.forget()  # this process need not wait until it hears so

    async def add(self, token: AccessToken, token_hash: bytes, *, limit: int) -> None:
        await self._tokens.add(token, token_hash, limit=limit)

    async def of(self, identity_id: UUID) -> Sequence[AccessToken]:
        return await self._tokens.of(identity_id)
