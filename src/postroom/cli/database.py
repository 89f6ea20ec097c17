"""Connects a command to the database, or explains why that is impossible."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from postroom.composition.parts import Parts, connected
from postroom.postgres.connection import require_reachable
from postroom.postgres.schema import as_migrated, require_schema
from postroom.settings.settings import Settings


@asynccontextmanager
async def connected_to_database(settings: Settings) -> AsyncGenerator[Parts]:
    """Raises `DatabaseUnavailable` if PostgreSQL cannot be reached, and `ConfigurationError` if code and schema do not
    fit, before a statement fails on a missing column, or if a right is missing, also in the block."""
    await require_reachable(settings.database_url.get_secret_value())
    async with connected(settings) as parts:
        with as_migrated():
            await require_schema(parts.pool)
            yield parts
