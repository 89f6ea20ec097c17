"""Processes that cache access tokens learn of each other's revocations through PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from secrets import token_bytes
from uuid import UUID, uuid4

import pytest

from eventually import eventually
from postroom.domain.person import ALL_SCOPES
from postroom.errors import DatabaseUnavailable
from postroom.people.access_tokens import TokenMaker, hash_of
from postroom.people.ports import AccessToken
from postroom.people.token_cache import TokenCache
from postroom.postgres import connection as connection_module
from postroom.postgres import notifications as notifications_module
from postroom.postgres.access_tokens import PostgresAccessTokens
from postroom.postgres.connection import Pool
from postroom.postgres.notifications import PostgresNotifications
from postroom.postgres.outbox import PostgresOutbox
from postroom.realtime.live_streams import LiveStreams
from records import Records
from relay import relay_before
from servers import Database

ADA = UUID(int=1)


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def process(pool: Pool, url: str) -> AsyncIterator[TokenCache]:
    tokens = TokenCache(PostgresAccessTokens(pool), now=now)
    streams, stop = LiveStreams(PostgresOutbox(pool), PostgresNotifications(pool, url, tokens)), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(streams.run(stop))
        try:
            yield tokens
        finally:
            stop.set()


@pytest.fixture
async def one(pool: Pool, database: Database) -> AsyncIterator[TokenCache]:
    async with process(pool, database.service_url) as tokens:
        yield tokens


@pytest.fixture
async def other(pool: Pool, database: Database) -> AsyncIterator[TokenCache]:
    async with process(pool, database.service_url) as tokens:
        yield tokens


async def made(pool: Pool) -> tuple[AccessToken, bytes]:
    maker = TokenMaker(PostgresAccessTokens(pool), new_id=uuid4, random_bytes=token_bytes, now=now)
    token, text = await maker.make(ADA, name="phone", scopes=ALL_SCOPES)
    token_hash = hash_of(text)
    assert token_hash
    return token, token_hash


async def until_remembered(tokens: TokenCache, token_hash: bytes, records: Records) -> None:
    """Wait until the token is cached. The row is hidden for a moment, to see whether PostgreSQL is asked."""

    async def remembered() -> bool:
        assert await tokens.find(token_hash)
        await records.rows("UPDATE access_tokens SET token_hash = token_hash || 'x'")
        try:
            return await tokens.find(token_hash) is not None
        finally:
            await records.rows("UPDATE access_tokens SET token_hash = %s", token_hash)

    await eventually(remembered, "it is cached")


async def test_token_revocation_reaches_every_process(
    pool: Pool, records: Records, one: TokenCache, other: TokenCache
) -> None:
    token, token_hash = await made(pool)
    for each in (one, other):
        await until_remembered(each, token_hash, records)
    assert await one.revoke(ADA, token.id)
    assert await one.find(token_hash) is None

    async def forgotten() -> bool:
        return await other.find(token_hash) is None

    await eventually(forgotten, "the other process has been notified", within=3)


async def test_process_that_cannot_listen_caches_no_token_until_it_listens_again(
    pool: Pool, records: Records, one: TokenCache
) -> None:
    _, token_hash = await made(pool)
    await until_remembered(one, token_hash, records)
    async with pool.connection() as connection:
        listeners = "FROM pg_stat_activity WHERE application_name = 'postroom-live' AND datname = current_database()"
        await connection.execute(f"SELECT pg_terminate_backend(pid, 5000) {listeners}")
    await records.rows("DELETE FROM access_tokens")  # without a notification

    async def forgotten() -> bool:
        return await one.find(token_hash) is None

    await eventually(forgotten, "the cached token is dropped", within=3)
    _, token_hash = await made(pool)
    await until_remembered(one, token_hash, records)


async def test_listener_behind_a_proxy_notices_that_postgresql_is_dead(
    pool: Pool, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TCP keepalives do not notice it. A stream would skip events that it did not receive, and a revoked token would
    stay cached."""
    monkeypatch.setattr(connection_module, "ANSWERED_WITHIN", 0.2)
    monkeypatch.setattr(notifications_module, "ASKED_EVERY", 0.1)
    async with relay_before(database.service_url) as (relay, url):

        async def listen() -> None:
            async with asyncio.timeout(3), PostgresNotifications(pool, url).listen() as payloads:
                relay.black_hole()
                await anext(payloads)

        with pytest.raises(DatabaseUnavailable):
            await listen()
        relay.pass_on()
