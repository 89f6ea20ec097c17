"""The parts of a process, running inside the test: against real PostgreSQL and Valkey and the stand-in for Stalwart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from postroom.composition.parts import Parts, connected
from postroom.postgres.connection import LEADER_IDLE, open_leader_connection
from postroom.postgres.leadership import PostgresLeadership
from postroom.settings.environment import load
from servers import Database
from stalwart_stand_in import StalwartStandIn

UNUSED_URL = "http://127.0.0.1:9"  # the port of `discard`, on which nothing listens
KEY = "key-of-the-tests-0123456789"
READ_ONLY = "?options=-cdefault_transaction_read_only%3Don"
"""After a database URL: as if the server were a replica."""


def environment(
    database: Database, redis_url: str | None, stalwart: StalwartStandIn | None, **more: object
) -> dict[str, str]:
    """The environment of a service, with unlimited pace of the worker; `more` are settings in lower case."""
    values = {
        "database_url": database.service_url,
        "redis_url": redis_url or "",
        "stalwart_url": stalwart.url if stalwart else UNUSED_URL,
        "stalwart_api_key": stalwart.api_key if stalwart else "API_nobody",
        "webhook_key": KEY,
        "domains": "example.org",
        "pace": 0,
    }
    return {f"POSTROOM_{name.upper()}": str(value) for name, value in (values | more).items()}


@asynccontextmanager
async def running_parts(environment: dict[str, str], *, concurrency: int = 4) -> AsyncIterator[Parts]:
    """Parts with a running worker, which is stopped afterwards and must end in time."""
    async with connected(load(environment), concurrency=concurrency) as parts:
        worker = asyncio.create_task(parts.worker.run())
        try:
            yield parts
        finally:
            parts.worker.stop()
            await parts.accept.drain(within=1)
            await worker


@asynccontextmanager
async def leadership_at(url: str, *, idle: float = LEADER_IDLE) -> AsyncIterator[PostgresLeadership]:
    leadership = PostgresLeadership(partial(open_leader_connection, url, idle=idle))
    yield leadership
    await leadership.aclose()
