"""The ports on a real PostgreSQL, as the service's role, and the owner's view beside them."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import Pool, make_pool
from postroom.postgres.requests import PostgresRequests
from records import Records
from servers import Database


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
async def records(database: Database) -> AsyncIterator[Records]:
    async with await AsyncConnection.connect(database.owner_url, autocommit=True, row_factory=dict_row) as connection:
        yield Records(connection)
