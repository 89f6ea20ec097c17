"""The ports on a real PostgreSQL, as the service's role, and a stand-in for Stalwart."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from parts import leadership_at
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import Pool
from postroom.postgres.leadership import PostgresLeadership
from postroom.postgres.requests import PostgresRequests
from servers import Database
from stalwart_stand_in import StalwartStandIn, stalwart_stand_in


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
    """The leadership of another process."""
    async with leadership_at(database.service_url) as leadership:
        yield leadership


@pytest.fixture
async def stalwart(tmp_path: Path) -> AsyncIterator[StalwartStandIn]:
    async with stalwart_stand_in(tmp_path) as server:
        yield server
