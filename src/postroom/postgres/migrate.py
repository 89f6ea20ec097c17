"""Schema migrations: Alembic keeps the order, plain SQL does the work."""

import time
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql as compose
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import InsufficientPrivilege, LockNotAvailable

from postroom.errors import ConfigurationError
from postroom.postgres.connection import in_one_line

APPLICATION = "postroom-migrate"
CONNECTED_WITHIN = 10
"""Seconds for a server that does not answer."""
LOCK_TIMEOUT = 2
"""Seconds that a statement waits for a lock: as long, everybody who comes later waits behind it."""
LOCK_PAUSE = 1.0
RETRY_FOR = 60.0
"""Seconds for which it is tried again: a long transaction of somebody else holds a table."""

NAMED_COLUMNS = "0003"
"""Code from before this revision asks for `*`: it breaks under a changed table, and cannot be asked what it needs."""

_RIGHTS: Mapping[LiteralString, Sequence[LiteralString]] = {
    "SELECT, INSERT, UPDATE": ("email_requests", "email_accounts", "resumed_domains"),
    "SELECT, INSERT, UPDATE, DELETE": (
        "access_tokens",
        "mail_credentials",
        "mail_states",
        "live_events",
        "processes",
    ),
    # The audit: what was written stays as it was written.
    "SELECT, INSERT": ("email_provisioning_log", "postroom_facts"),
    # The partition's own name is asked for rows that no month took (`log_default_rows`).
    "SELECT": ("email_provisioning_log_default", "alembic_version", "schema_history"),
    "SELECT, UPDATE": ("mail_server_breaker", "identity_sweep", "mailbox_inspection"),
}
"""Of the service's role, and no more."""

_CLOSED_SCHEMA = "SELECT current_schema() WHERE NOT has_schema_privilege(%s, current_schema(), 'USAGE')"
_ONE_ROW = ("mail_server_breaker", "identity_sweep", "mailbox_inspection")
_PARTITIONS_OF_THE_LOG = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'email_provisioning_log'::regclass
"""


def newest_revision() -> str:
    """The newest migration that this code brings."""
    versions = files("postroom.postgres").joinpath("migrations", "versions").iterdir()
    return max(each.name[:4] for each in versions if each.name.endswith(".sql"))


def upgrade(owner_url: str, service_role: str) -> str:
    """Bring the schema up to date and grant `service_role` what the service needs, and no more. Safe to repeat.

    Blocking. Returns the revision. Raises `ConfigurationError` when the database cannot be reached, when the role may
    not migrate, when a table stays locked, when code from before revision 0003 may still run, and when this code is
    older than the schema.
    """
    # Not at the top: every command would wait a quarter of a second for it.
    from alembic import command

    config = alembic_config(owner_url)
    try:
        with connect(owner_url) as conn:
            # Several processes may start at once: one migrates, the others wait and find nothing to do. GRANT and
            # CREATE TABLE, too, fail when two do the same at the same moment.
            conn.execute("SELECT pg_advisory_xact_lock(hashtext('postroom.migrate'))")
            schema, code = _revision(conn), newest_revision()
            if schema > code:
                raise ConfigurationError(
                    f"the schema is at revision {schema}, and this Postroom knows it up to revision {code}; "
                    "update Postroom"
                )
            if "" < schema < NAMED_COLUMNS:
                _require_nobody(conn, service_role)
            _patiently(lambda: command.upgrade(config, "head"))
            conn.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LOCK_TIMEOUT}s"])
            _patiently(lambda: _extend_log(conn))
            _restore_rows(conn)
            if service_role != conn.info.user:
                _grant(conn, service_role)
            return _revision(conn)
    except psycopg.Error as error:
        raise ConfigurationError(f"cannot migrate the database: {in_one_line(error)}{_remedy(error)}") from error


def _remedy(error: psycopg.Error) -> str:
    """PostgreSQL names no setting of ours. What it says on a connection that stands has an SQLSTATE."""
    if isinstance(error, InsufficientPrivilege):
        return "; give POSTROOM_MIGRATE_DATABASE_URL its owner"
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        where = "POSTROOM_MIGRATE_DATABASE_URL (POSTROOM_DATABASE_URL, where that is not set)"
        return f"; start PostgreSQL, or correct {where}"
    return ""


def connect(owner_url: str) -> psycopg.Connection:
    """Raises `psycopg.Error`."""
    return psycopg.connect(owner_url, application_name=APPLICATION, connect_timeout=CONNECTED_WITHIN)


def alembic_config(url: str) -> Any:
    """For Alembic's own commands on the database at `url`."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(str(files("postroom.postgres"))) / "migrations"))
    config.attributes["url"] = url
    return config


def run(version: str) -> None:
    """The statements of a migration: they stand beside its file."""
    from alembic import op  # as above

    # The driver's own cursor: the text has `%` in it and several statements.
    op.get_bind().connection.cursor().execute(Path(version).with_suffix(".sql").read_text())


def _revision(conn: psycopg.Connection) -> str:
    """Empty before the first migration."""
    if conn.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return ""
    found = conn.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found[0]) if found else ""


def _require_nobody(conn: psycopg.Connection, service_role: str) -> None:
    """Where one role serves for both, only the sessions of the service itself count: the operator's are of that role,
    too. Another's address is hidden from a role without pg_read_all_stats."""
    found = conn.execute(
        "SELECT pid, coalesce(host(client_addr), 'a host not shown to this role'), application_name"
        " FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> %(ours)s"
        "   AND (application_name IN ('postroom', 'postroom-live')"
        "        OR usename = %(role)s AND usename <> current_user)"
        " ORDER BY pid",
        {"ours": APPLICATION, "role": service_role},
    ).fetchall()
    if found:
        sessions = "; ".join(f"pid {pid} from {host} ({name or 'no name'})" for pid, host, name in found)
        raise ConfigurationError(
            f"the schema is before revision {NAMED_COLUMNS}, and code from before it must not run beside this "
            f"migration: stop all Postroom processes, then migrate; connected in "
            f"pg_stat_activity: {sessions}"
        )


def _patiently(act: Callable[[], object]) -> None:
    from sqlalchemy.exc import DBAPIError  # as above

    ends = time.monotonic() + RETRY_FOR
    while True:
        try:
            act()
        except (LockNotAvailable, DBAPIError) as error:
            if isinstance(error, DBAPIError) and not isinstance(error.orig, LockNotAvailable):
                raise (error.orig or error) from error
            if time.monotonic() > ends:
                raise ConfigurationError(
                    "cannot migrate the database: a long transaction holds a table; find it in pg_stat_activity "
                    "(xact_start), end it, then migrate again"
                ) from error
            time.sleep(LOCK_PAUSE)  # a command, and no event loop runs beside it
        else:
            return


def _extend_log(conn: psycopg.Connection) -> None:
    with conn.transaction():  # a savepoint: without it a time-out would give up the lock above
        conn.execute("SELECT extend_log(24)")


def _restore_rows(conn: psycopg.Connection) -> None:
    """Of tables with one row, without which nothing goes round: somebody may have deleted it."""
    for table in _ONE_ROW:
        query = compose.SQL("INSERT INTO {} DEFAULT VALUES ON CONFLICT DO NOTHING")
        conn.execute(query.format(compose.Identifier(table)))


def _grant(conn: psycopg.Connection, service_role: str) -> None:
    role = compose.Identifier(service_role)
    if not conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [service_role]).fetchone():
        raise ConfigurationError(
            f"the role {service_role} of POSTROOM_DATABASE_URL does not exist; create it, then migrate again"
        )
    # Each partition by itself, since it may be detached: the schema's default rights may have given it more.
    for (partition,) in conn.execute(_PARTITIONS_OF_THE_LOG).fetchall():
        conn.execute(compose.SQL("REVOKE ALL ON {} FROM {}").format(compose.Identifier(partition), role))
    # `public` everybody may use, unless somebody took that right away; a schema of one's own nobody else.
    if closed := conn.execute(_CLOSED_SCHEMA, [service_role]).fetchone():
        conn.execute(compose.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(compose.Identifier(closed[0]), role))
    for rights, tables in _RIGHTS.items():
        conn.execute(compose.SQL(f"GRANT {rights} ON {', '.join(tables)} TO {{}}").format(role))


def role_of(url: str) -> str:
    """The role that a database URL logs in as. Raises `ConfigurationError` when it names none."""
    role = conninfo_to_dict(url).get("user")
    if not role:
        raise ConfigurationError("POSTROOM_DATABASE_URL names no user (postgresql://USER:…@HOST/DATABASE)")
    return str(role)
