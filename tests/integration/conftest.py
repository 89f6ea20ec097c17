"""The ports on a real PostgreSQL, as the service's role, and the servers around them, to look into and to disturb."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from parts import leadership_at
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import Pool, make_pool
from postroom.postgres.leadership import PostgresLeadership
from postroom.postgres.requests import PostgresRequests
from records import Records, records_of
from servers import Database
from stalwart_stand_in import StalwartStandIn, stalwart_stand_in


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    pool = make_pool(database.service_url, size=8)
    await pool.open()
    yield pool
    await pool.close()


@pytest.fixture
def requests(pool: Pool) -> PostgresRequests:
    return PostgresRequests(pool, new_id=uuid4)


@pytest.fixture
def breakers(pool: Pool) -> PostgresBreakers:
    return PostgresBreakers(pool)


@pytest.fixture
async def leadership(database: Database) -> AsyncIterator[PostgresLeadership]:
    async with leadership_at(database.service_url) as leadership:
        yield leadership


@pytest.fixture
async def other_leadership(database: Database) -> AsyncIterator[PostgresLeadership]:
    """As another process has it."""
    async with leadership_at(database.service_url) as leadership:
        yield leadership


@pytest.fixture
async def records(database: Database) -> AsyncIterator[Records]:
    async with records_of(database.owner_url) as records:
        yield records


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture
async def stalwart(tmp_path: Path) -> AsyncIterator[StalwartStandIn]:
    async with stalwart_stand_in(tmp_path) as server:
        yield server
