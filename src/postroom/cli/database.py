"""The parts of a command that works with the database: it tells why it cannot."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from postroom.composition.parts import Parts, connected
from postroom.errors import DatabaseUnavailable
from postroom.postgres.connection import require_reachable
from postroom.postgres.schema import as_migrated, require_schema
from postroom.settings import Settings


@asynccontextmanager
async def connected_to_database(settings: Settings) -> AsyncGenerator[Parts]:
    """Raises `DatabaseUnavailable` when PostgreSQL cannot be reached, and `ConfigurationError` when code and schema do
    not fit, before a statement fails on a column that is not there, or where a right is missing, also while the block
    runs."""
    try:
        await require_reachable(settings.database_url.get_secret_value())
    except DatabaseUnavailable as error:
        raise DatabaseUnavailable(f"{error}; start it, or correct POSTROOM_DATABASE_URL") from error
    async with connected(settings) as parts:
        with as_migrated():
            await require_schema(parts.pool)
            yield parts
