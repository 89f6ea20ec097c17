"""The ports on a real PostgreSQL, as the service's role, and a stand-in for Stalwart."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from mail_person import Person, person
from parts import leadership_at
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import Pool
from postroom.postgres.leadership import PostgresLeadership
from postroom.postgres.requests import PostgresRequests
from servers import Database
from stalwart_client import StalwartClient
from stalwart_stand_in import StalwartStandIn, admin_of, stalwart_stand_in


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
async def admin(server: StalwartStandIn) -> AsyncIterator[StalwartClient]:
    """The operator of the module's own stand-in."""
    async with admin_of(server) as admin:
        yield admin


@pytest.fixture
async def ann(admin: StalwartClient) -> AsyncIterator[Person]:
    async with person(admin) as ann:
        yield ann


@pytest.fixture
async def stalwart(tmp_path: Path) -> AsyncIterator[StalwartStandIn]:
    async with stalwart_stand_in(tmp_path) as server:
        yield server
