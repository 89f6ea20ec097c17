"""Checks that this code and the schema fit: each declares what it needs of the other."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg.errors import InsufficientPrivilege, UndefinedTable

from postroom.errors import ConfigurationError
from postroom.postgres.connection import Pool, in_one_line, the_row
from postroom.postgres.migrate import NAMED_COLUMNS, newest_revision

MIGRATE = "run postroom migrate"
UPDATE = "update Postroom"


@contextmanager
def as_migrated() -> Generator[None]:
    """Raises `ConfigurationError` if a right or a table is missing that `postroom migrate` makes."""
    try:
        yield
    except (InsufficientPrivilege, UndefinedTable) as error:
        raise ConfigurationError(f"PostgreSQL refuses: {in_one_line(error)}", fix=MIGRATE) from error


@dataclass(frozen=True, slots=True)
class Revisions:
    """Of a schema and a code that fit."""

    schema: str
    code: str


async def require_schema(pool: Pool) -> Revisions:
    """Raises `ConfigurationError` when code and schema do not fit, with both revisions, and `DatabaseUnavailable`."""
    code = newest_revision()
    try:
        found = await the_row(pool, "schema_state")
    except UndefinedTable:
        raise await _before_any_history(pool, code) from None
    schema, oldest_code = found["revision"] or "", found["oldest_code"] or ""
    if schema < code:
        problem = f"the schema is at revision {schema}, and this Postroom needs revision {code}"
        raise ConfigurationError(problem, fix=MIGRATE)
    if code < oldest_code:
        raise ConfigurationError(
            f"this Postroom knows the schema up to revision {code}, and the database, at revision {schema}, needs code "
            f"of revision {oldest_code} or newer",
            fix=UPDATE,
        )
    return Revisions(schema, code)


async def _before_any_history(pool: Pool, code: str) -> ConfigurationError:
    """Of a database that no migration has reached, or none from revision 0003 on."""
    if not (await the_row(pool, "schema_exists"))["found"]:
        return ConfigurationError("the database is empty: it was not migrated yet", fix=MIGRATE)
    return ConfigurationError(
        f"the schema is before revision {NAMED_COLUMNS}, and this Postroom needs revision {code}",
        fix=f"stop all Postroom processes, then {MIGRATE}",
    )
