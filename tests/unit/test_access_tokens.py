"""Access tokens: their text, texts that cannot be one, and how long one is cached, but not after its revocation."""

import asyncio
import base64
import hashlib
import re
import zlib
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import uncalled
from postroom.domain.person import ALL_SCOPES, Scope
from postroom.errors import DatabaseUnavailable, Refused
from postroom.people.access_tokens import (
    DEFAULT_DAYS,
    MAX_DAYS,
    MAX_LIVE,
    RANDOM_BYTES,
    TokenMaker,
    hash_of,
    new_access_token,
    token_text,
)
from postroom.people.ports import AccessToken
from postroom.people.token_cache import CACHE_SECONDS, TokenCache

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


# Their text, and names that are refused


NOW = datetime(2026, 11, 25, tzinfo=UTC)
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)


@given(RANDOM)
def test_access_token_text_is_a_prefix_32_random_bytes_and_a_checksum(random: bytes) -> None:
    text = token_text(random)
    found = re.fullmatch(r"(postroom_([\w-]{43}))(\w{6})", text)
    assert found
    assert base64.urlsafe_b64decode(found[2] + "=") == random
    number = 0
    for digit in found[3]:
        number = number * 62 + DIGITS.index(digit)
    assert number == zlib.crc32(found[1].encode())
    assert hash_of(text) == hashlib.sha256(text.encode()).digest()


@given(RANDOM, st.integers(0, 57), st.sampled_from(DIGITS + "-_"))
def test_access_token_with_one_wrong_character_is_detected_without_the_database(
    random: bytes, at: int, other: str
) -> None:
    text = token_text(random)
    changed = text[:at] + other + text[at + 1 :]
    assert (hash_of(changed) is None) == (changed != text)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1],
        lambda text: text + "a",
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text.upper(),
        lambda text: text.removeprefix("postroom_"),
        lambda _text: "",
        lambda _text: "postroom_" + "é" * 49,
        lambda _text: token_text(b"a few bytes"),  # its checksum is right
    ],
)
def test_text_without_the_shape_of_an_access_token_has_no_hash(change: Callable[[str], str]) -> None:
    assert hash_of(change(token_text(bytes(RANDOM_BYTES)))) is None


def make(**changes: object) -> AccessToken:
    values = {"name": "phone", "scopes": ALL_SCOPES, "days": DEFAULT_DAYS, "now": NOW} | changes
    return new_access_token(uuid4(), uuid4(), **values)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", ["", "  \t", "\x00", "x" * 101])
def test_invalid_token_name_is_rejected(name: str) -> None:
    with pytest.raises(Refused) as caught:
        make(name=name)
    assert caught.value.code == "wrong_name"


def test_access_token_expires_after_90_days_by_default_and_a_year_at_most() -> None:
    assert make().expires_at == NOW + timedelta(days=90)
    assert make(days=MAX_DAYS).expires_at == NOW + timedelta(days=365)


def test_token_name_is_sanitized_to_one_printable_line() -> None:
    assert make(name="  my\x00\n phone\u202e ").name == "my phone"


class _Kept:
    def __init__(self) -> None:
        self.added: list[tuple[AccessToken, bytes, int]] = []

    async def add(self, token: AccessToken, token_hash: bytes, *, limit: int) -> None:
        self.added.append((token, token_hash, limit))

    find = of = revoke = uncalled


async def test_only_the_hash_of_a_new_access_token_is_stored() -> None:
    kept, token_id, identity_id = _Kept(), uuid4(), uuid4()
    maker = TokenMaker(kept, new_id=lambda: token_id, random_bytes=bytes, now=lambda: NOW)
    token, text = await maker.make(identity_id, name="phone", scopes=frozenset({Scope.SEND}))
    assert token == AccessToken(
        token_id, identity_id, "phone", frozenset({Scope.SEND}), NOW, NOW + timedelta(days=DEFAULT_DAYS)
    )
    assert kept.added == [(token, hash_of(text), MAX_LIVE)]
    assert text not in repr(kept.added)
