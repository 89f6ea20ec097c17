"""The real servers, beside which the models are held."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from postroom.postgres.connection import Pool, make_pool
from records import Records, records_of
from servers import Database


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    pool = make_pool(database.service_url, size=2)
    await pool.open()
    yield pool
    await pool.close()


@pytest.fixture
async def records(database: Database) -> AsyncIterator[Records]:
    async with records_of(database.owner_url) as records:
        yield records


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client
