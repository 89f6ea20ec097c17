"""Checks that this code and the schema fit: each declares what it needs of the other."""

from collections.abc import Generator
from contextlib import contextmanager

from psycopg.errors import InsufficientPrivilege, UndefinedTable

from postroom.errors import ConfigurationError
from postroom.postgres.connection import Pool, in_one_line, the_row
from postroom.postgres.migrate import newest_revision


@contextmanager
def as_migrated() -> Generator[None]:
    """Raises `ConfigurationError` if a right or a table is missing that `postroom migrate` makes."""
    try:
        yield
    except (InsufficientPrivilege, UndefinedTable) as error:
        raise ConfigurationError(f"PostgreSQL refuses: {in_one_line(error)}; run postroom migrate") from error


async def require_schema(pool: Pool) -> None:
    """Raises `ConfigurationError` when code and schema do not fit, with both revisions, and `DatabaseUnavailable`."""
    code = newest_revision()
    try:
        found = await the_row(pool, "schema_state")
    except UndefinedTable:
        # Before revision 0003 no table recorded it.
        raise ConfigurationError(
            f"the database has no schema, or one before revision 0003, and this Postroom needs revision {code}; stop "
            "all Postroom processes, then run postroom migrate"
        ) from None
    schema, oldest_code = found["revision"] or "", found["oldest_code"] or ""
    if schema < code:
        raise ConfigurationError(
            f"the schema is at revision {schema}, and this Postroom needs revision {code}; run postroom migrate"
        )
    if code < oldest_code:
        raise ConfigurationError(
            f"this Postroom knows the schema up to revision {code}, and the database, at revision {schema}, needs code "
            f"of revision {oldest_code} or newer; update Postroom"
        )
