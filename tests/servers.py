"""Fixtures of real servers: one PostgreSQL and one Valkey for all tests, and a new database for each."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql
from redis.asyncio import Redis

from postroom.postgres.connection import Pool, make_pool
from postroom_sandbox.data_folder import DataFolder
from postroom_sandbox.embedded_postgres import OWNER_ROLE, SERVICE_ROLE, EmbeddedPostgres
from postroom_sandbox.embedded_valkey import EmbeddedValkey
from records import Records, records_of

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """A migrated, empty database of one test."""

    name: str
    owner_url: str
    service_url: str


@pytest.fixture(scope="session")
async def server_folder(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DataFolder]:
    """The data folder of the servers that all tests share."""
    path: Path = tmp_path_factory.mktemp("servers")
    with DataFolder(path) as data:
        yield data


@pytest.fixture(scope="session")
async def postgres_server(server_folder: DataFolder) -> AsyncIterator[EmbeddedPostgres]:
    """PostgreSQL, running until the last test has ended; without fsync, since no test cuts the power."""
    server = EmbeddedPostgres(server_folder, fsync=False)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
        await server.remove()


@pytest.fixture(scope="session")
async def template_database(postgres_server: EmbeddedPostgres) -> str:
    """The name of a migrated database that is copied for each test; it has no connections."""
    from postroom.postgres.migrate import upgrade

    name = "template_migrated"
    await _as_admin(postgres_server, "CREATE DATABASE {} OWNER {}", name, OWNER_ROLE)
    owner_url = _url_for(postgres_server.owner_url, name)
    await asyncio.to_thread(upgrade, owner_url, SERVICE_ROLE)
    return name


@pytest.fixture
async def database(postgres_server: EmbeddedPostgres, template_database: str) -> AsyncIterator[Database]:
    """A migrated database of this test only; it is dropped afterwards despite open connections."""
    async with new_database(postgres_server, template=template_database) as database:
        yield database


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    """A pool of the service's role."""
    pool = make_pool(database.service_url, size=8)
    await pool.open()
    yield pool
    await pool.close()


@pytest.fixture
async def records(database: Database) -> AsyncIterator[Records]:
    async with records_of(database.owner_url) as records:
        yield records


@pytest.fixture(scope="session")
async def valkey_server(server_folder: DataFolder) -> AsyncIterator[EmbeddedValkey]:
    """Valkey, running until the last test has ended."""
    server = EmbeddedValkey(server_folder)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


@pytest.fixture
async def redis_url(valkey_server: EmbeddedValkey) -> str:
    """The URL of the shared Valkey, emptied for this test."""
    async with Redis.from_url(valkey_server.url) as client:
        await client.flushall()
    return valkey_server.url


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


_IN_ASCII = " ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'"


@pytest.fixture
async def ascii_database(postgres_server: EmbeddedPostgres) -> AsyncIterator[Database]:
    """As Debian's own cluster makes them where no locale is set; empty."""
    async with new_database(postgres_server, template="template0", more=_IN_ASCII) as database:
        yield database


@asynccontextmanager
async def new_database(
    server: EmbeddedPostgres, *, owner: str = OWNER_ROLE, template: str = "template1", more: LiteralString = ""
) -> AsyncIterator[Database]:
    """Without a schema, unless the template has one; dropped at the end despite open connections."""
    name = f"test_{next(_numbers)}"
    await _as_admin(server, "CREATE DATABASE {} TEMPLATE {} OWNER {}" + more, name, template, owner)
    yield Database(name, _url_for(server.owner_url, name), _url_for(server.service_url, name))
    await _as_admin(server, "DROP DATABASE {} WITH (FORCE)", name)


async def _as_admin(server: EmbeddedPostgres, statement: LiteralString, *names: str) -> None:
    query = sql.SQL(statement).format(*map(sql.Identifier, names))
    async with await psycopg.AsyncConnection.connect(server.admin_url, autocommit=True) as connection:
        await connection.execute(query)


def _url_for(url: str, database: str) -> str:
    return f"{url.rpartition('/')[0]}/{database}"
