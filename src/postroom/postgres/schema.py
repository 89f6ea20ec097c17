"""Whether this code may run on this schema: each says what it needs of the other."""

from psycopg.errors import InsufficientPrivilege, UndefinedTable

from postroom.errors import ConfigurationError
from postroom.postgres.connection import Pool, the_row
from postroom.postgres.migrate import newest_revision


async def require_schema(pool: Pool) -> None:
    """Raises `ConfigurationError` when code and schema do not fit, with both numbers, and `Unavailable`."""
    code = newest_revision()
    try:
        found = await the_row(pool, "schema_state")
    except UndefinedTable:
        # Before revision 0003 no table told it.
        raise ConfigurationError(
            f"the database has no schema, or one before revision 0003, and this Postroom needs revision {code}; stop "
            "all Postroom processes, then run postroom migrate"
        ) from None
    except InsufficientPrivilege:
        raise ConfigurationError(
            "the role of POSTROOM_DATABASE_URL may not read schema_history; run postroom migrate"
        ) from None
    schema, oldest_code = found["revision"] or "", found["oldest_code"] or ""
    if schema < code:
        raise ConfigurationError(
            f"the schema is at revision {schema}, and this Postroom needs revision {code}; run postroom migrate"
        )
    if code < oldest_code:
        raise ConfigurationError(
            f"this Postroom knows the schema up to revision {code}, and the database, at revision {schema}, takes code "
            f"of revision {oldest_code} or newer; update Postroom"
        )
