"""The parts of a command that works with the database: it tells why it cannot before it begins."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from postroom.errors import Unavailable
from postroom.postgres.connection import require_reachable
from postroom.postgres.schema import require_schema
from postroom.runtime import Parts, connected
from postroom.settings import Settings


@asynccontextmanager
async def connected_to_database(settings: Settings) -> AsyncGenerator[Parts]:
    """Raises `Unavailable` when PostgreSQL cannot be reached, and `ConfigurationError` when code and schema do not fit:
    a statement would fail on a column that is not there."""
    try:
        await require_reachable(settings.database_url.get_secret_value())
    except Unavailable as error:
        raise Unavailable(f"{error}; start it, or correct POSTROOM_DATABASE_URL") from error
    async with connected(settings) as parts:
        await require_schema(parts.pool)
        yield parts
