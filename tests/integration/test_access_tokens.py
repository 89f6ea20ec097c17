"""Access tokens and the accounts behind them on a real PostgreSQL, as the service's role."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from uuid import UUID, uuid4

import pytest

from postroom.domain.person import ALL_SCOPES, Scope
from postroom.errors import DatabaseUnavailable, Refused
from postroom.people.access_tokens import MAX_LIVE, TokenMaker, hash_of
from postroom.people.ports import AccessToken
from postroom.postgres.access_tokens import PostgresAccessTokens
from postroom.postgres.connection import Pool, make_pool
from records import Records

ADA, BOB = UUID(int=1), UUID(int=2)


@pytest.fixture
def tokens(pool: Pool) -> PostgresAccessTokens:
    return PostgresAccessTokens(pool)


@pytest.fixture
def maker(tokens: PostgresAccessTokens) -> TokenMaker:
    return TokenMaker(tokens, new_id=uuid4, random_bytes=token_bytes, now=lambda: datetime.now(UTC))


async def make(maker: TokenMaker, identity_id: UUID = ADA, name: str = "phone") -> tuple[AccessToken, bytes]:
    token, text = await maker.make(identity_id, name=name, scopes=frozenset({Scope.READ, Scope.SEND}))
    token_hash = hash_of(text)
    assert token_hash
    return token, token_hash


async def expire(records: Records, token: AccessToken) -> None:
    await records.rows("UPDATE access_tokens SET expires_at = now() WHERE id = %s", token.id)


async def test_access_token_is_found_unchanged_by_its_hash(tokens: PostgresAccessTokens, maker: TokenMaker) -> None:
    token, token_hash = await make(maker)
    assert await tokens.find(token_hash) == token
    assert await tokens.find(token_hash[:-1] + b"?") is None
    assert await tokens.find(b"") is None


async def test_expired_access_token_is_not_found_and_is_later_deleted(
    tokens: PostgresAccessTokens, maker: TokenMaker, records: Records
) -> None:
    token, token_hash = await make(maker)
    await expire(records, token)
    assert await tokens.find(token_hash) is None
    assert await tokens.of(ADA) == []
    other, _ = await make(maker)
    assert [row["id"] for row in await records.rows("SELECT id FROM access_tokens")] == [other.id], (
        "the expired token is deleted"
    )


async def test_use_of_an_access_token_is_recorded_every_30_seconds(
    tokens: PostgresAccessTokens, maker: TokenMaker, records: Records
) -> None:
    token, token_hash = await make(maker)

    async def used() -> tuple[datetime, str]:
        await tokens.find(token_hash)
        [row] = await records.rows("SELECT last_used_at, xmin::text AS commit FROM access_tokens")
        return row["last_used_at"], row["commit"]

    first = await used()
    assert abs(first[0] - datetime.now(UTC)) < timedelta(minutes=1)
    assert await used() == first, "the second use within 30 s writes nothing"
    await records.rows("UPDATE access_tokens SET last_used_at = now() - interval '31 seconds'")
    assert (await used())[0] > first[0]
    [listed] = await tokens.of(ADA)
    assert listed == replace(token, last_used_at=listed.last_used_at)
    assert listed.last_used_at


async def test_a_person_sees_and_revokes_only_their_own(tokens: PostgresAccessTokens, maker: TokenMaker) -> None:
    (first, first_hash), (second, _) = await make(maker, name="phone"), await make(maker, name="laptop")
    bobs, bobs_hash = await make(maker, BOB)
    assert [token.id for token in await tokens.of(ADA)] == [first.id, second.id]
    assert not await tokens.revoke(ADA, bobs.id)
    assert await tokens.find(bobs_hash)
    assert await tokens.revoke(ADA, first.id)
    assert await tokens.find(first_hash) is None
    assert not await tokens.revoke(ADA, first.id)
    assert [token.id for token in await tokens.of(ADA)] == [second.id]


async def test_person_has_at_most_20_live_tokens_even_with_concurrent_requests(
    tokens: PostgresAccessTokens, maker: TokenMaker, records: Records
) -> None:
    asked = [make(maker) for _ in range(MAX_LIVE + 10)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    refused = [result for result in results if isinstance(result, BaseException)]
    assert {(type(error), getattr(error, "code", None)) for error in refused} == {(Refused, "too_many")}
    live = await tokens.of(ADA)
    assert (len(live), len(refused)) == (MAX_LIVE, 10)
    await make(maker, BOB)
    # A revoked token and an expired one make room.
    await tokens.revoke(ADA, live[0].id)
    await make(maker)
    await expire(records, live[1])
    await make(maker)
    with pytest.raises(Refused):
        await make(maker)


async def test_an_unavailable_postgresql_is_reported_as_such() -> None:
    pool = make_pool("postgresql://nobody@127.0.0.1:9/nothing", size=2)
    pool.timeout = 0.2
    await pool.open(wait=False)
    try:
        tokens = PostgresAccessTokens(pool)
        now = datetime.now(UTC)
        token = AccessToken(uuid4(), ADA, "phone", ALL_SCOPES, now, now)
        for asking in (tokens.find(b"x"), tokens.of(ADA), tokens.revoke(ADA, ADA), tokens.add(token, b"x", limit=1)):
            with pytest.raises(DatabaseUnavailable):
                await asking
    finally:
        await pool.close()
