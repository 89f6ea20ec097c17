"""How long an access token is cached, and that a token that may have been revoked is not."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from fakes import uncalled
from postroom.domain.person import ALL_SCOPES
from postroom.errors import DatabaseUnavailable
from postroom.mail.ports import AccessToken
from postroom.mail.token_cache import CACHE_SECONDS, TokenCache

ADA, TOKEN, HASH = UUID(int=1), UUID(int=2), b"hash"
START = datetime(2026, 3, 1, tzinfo=UTC)


class Stored:
    """PostgreSQL, which reads the token, calls `meanwhile`, and only then responds. `error` is raised once the token is
    revoked."""

    def __init__(self, token: AccessToken) -> None:
        self.tokens = {HASH: token}
        self.asked: list[bytes] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self.error: Exception | None = None

    async def find(self, token_hash: bytes) -> AccessToken | None:
        self.asked.append(token_hash)
        read = self.tokens.get(token_hash)
        self.meanwhile()
        return read

    async def revoke(self, identity_id: UUID, token_id: UUID) -> bool:
        await asyncio.sleep(0)
        self.tokens.clear()
        if self.error:
            raise self.error
        return True

    add = of = uncalled


class World:
    def __init__(self) -> None:
        self.passed = 0.0
        self.stored = Stored(AccessToken(TOKEN, ADA, "phone", ALL_SCOPES, START, START + timedelta(seconds=40)))
        self.tokens = TokenCache(
            self.stored, now=lambda: START + timedelta(seconds=self.passed), monotonic=lambda: self.passed
        )

    async def asks(self, times: int = 1) -> int:
        """How often PostgreSQL is asked if the token is looked up so many times."""
        before = len(self.stored.asked)
        for _ in range(times):
            await self.tokens.find(HASH)
        return len(self.stored.asked) - before


@pytest.fixture
def world() -> World:
    return World()


async def test_access_token_is_cached_for_30_seconds_but_never_past_its_expiry(world: World) -> None:
    with world.tokens.listening():
        assert await world.asks(3) == 1
        world.passed = CACHE_SECONDS - 0.1
        assert await world.asks() == 0
        world.passed = CACHE_SECONDS
        assert await world.asks(2) == 1
        world.passed = 40.0
        assert await world.tokens.find(HASH) is None
        assert len(world.stored.asked) == 2


async def test_unknown_access_token_is_looked_up_each_time(world: World) -> None:
    token = world.stored.tokens.pop(HASH)
    with world.tokens.listening():
        assert await world.asks(2) == 2
        world.stored.tokens[HASH] = token
        assert await world.tokens.find(HASH) == token


async def test_access_tokens_are_cached_only_while_revocations_are_received(world: World) -> None:
    assert await world.asks(2) == 2
    with world.tokens.listening():
        assert await world.asks(2) == 1
    assert await world.asks(2) == 2, "the cached token is dropped, because notifications may be missed now"
    with world.tokens.listening():
        assert await world.asks(2) == 1


async def notification(world: World) -> None:
    world.stored.tokens.clear()
    world.tokens.forget()


async def own_revocation(world: World) -> None:
    assert await world.tokens.revoke(ADA, TOKEN)


async def uncertain_revocation(world: World) -> None:
    world.stored.error = DatabaseUnavailable("the connection broke")
    with pytest.raises(DatabaseUnavailable):
        await world.tokens.revoke(ADA, TOKEN)


@pytest.mark.parametrize("revoked", [notification, own_revocation, uncertain_revocation])
async def test_revocation_clears_cached_tokens(world: World, revoked: Callable[[World], Awaitable[None]]) -> None:
    with world.tokens.listening():
        await world.tokens.find(HASH)
        await revoked(world)
        assert await world.tokens.find(HASH) is None


@pytest.mark.parametrize("notified", [True, False], ids=["notified", "before notifications are received again"])
async def test_a_token_read_before_a_revocation_is_not_cached_after_it(world: World, notified: bool) -> None:
    with ExitStack() as stack:
        if notified:
            stack.enter_context(world.tokens.listening())
            world.stored.meanwhile = world.tokens.forget
        else:
            world.stored.meanwhile = lambda: stack.enter_context(world.tokens.listening())
        await world.tokens.find(HASH)
        world.stored.meanwhile = lambda: None
        assert await world.asks(2) == 1
