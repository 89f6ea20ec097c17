"""Schema migrations: plain SQL files, in the order that Alembic keeps."""

import time
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
from psycopg import sql as compose
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import InsufficientPrivilege, LockNotAvailable

from postroom.errors import ConfigurationError
from postroom.postgres.connection import in_one_line, own_settings
from postroom.postgres.refusal import remedy

APPLICATION = "postroom-migrate"
CONNECTED_WITHIN = 10
"""Seconds to connect to a server that does not answer."""
LOCK_TIMEOUT = 2
"""Seconds that a statement waits for a lock: for as long, all later statements on the table wait behind it."""
LOCK_PAUSE = 1.0
TURN_PAUSE = 0.1
RETRY_FOR = 60.0
"""Seconds for which a statement is repeated while another, long transaction locks the table."""
PAGE = 5_000
"""Rows that a migration fills in one commit: a process that needs one of them meanwhile waits until then."""

UTF8 = "UTF8"
IN_UTF8 = "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
"""Options of CREATE DATABASE on a cluster of any locale: each but C fits one encoding only. With C, an update of the
system's locales leaves every index in order, too."""
CREATED_IN_UTF8 = f"create it anew: CREATE DATABASE … OWNER … {IN_UTF8}"

NAMED_COLUMNS = "0003"
"""Code from before this revision selects `*`: a changed table breaks it, and it declares no needs in the schema."""

OLDEST_CODE = "0012"
"""The `oldest_code` of the newest schema: while it is made, no code from before this revision may run."""

_RIGHTS: Mapping[LiteralString, Sequence[LiteralString]] = {
    "SELECT, INSERT, UPDATE": ("email_requests", "email_accounts", "resumed_domains", "person_settings"),
    "SELECT, INSERT, UPDATE, DELETE": (
        "access_tokens",
        "mail_credentials",
        "mail_states",
        "live_events",
        "processes",
        "addresses",
        "doubts",
        "let_through",
    ),
    # The audit is append-only.
    "SELECT, INSERT": ("email_provisioning_log", "installation", "postroom_facts"),
    # `log_default_rows` reads the default partition by its own name: rows for which no month exists.
    "SELECT": ("email_provisioning_log_default", "alembic_version", "schema_history"),
    "SELECT, UPDATE": ("mail_server_breaker", "identity_sweep", "mailbox_inspection", "brake"),
}
"""All rights of the service's role."""

_CLOSED_SCHEMA = "SELECT current_schema() WHERE NOT has_schema_privilege(%s, current_schema(), 'USAGE')"
_ONE_ROW = ("mail_server_breaker", "identity_sweep", "mailbox_inspection", "brake")
_PARTITIONS_OF_THE_LOG = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'email_provisioning_log'::regclass
"""


def newest_revision() -> str:
    """The newest migration of this code."""
    versions = files("postroom.postgres").joinpath("migrations", "versions").iterdir()
    return max(each.name[:4] for each in versions if each.name.endswith(".sql"))


def upgrade(owner_url: str, service_role: str) -> str:
    """Bring the schema up to date and grant `service_role` exactly the rights that the service needs. Safe to repeat.

    Blocking. Returns the revision. Raises `ConfigurationError` when the database cannot be reached or is not in UTF8,
    when the role may not migrate, when a table stays locked, when code from before `OLDEST_CODE` may still run, and
    when this code is older than the schema.
    """
    # Not at the top: the import would delay every command by a quarter of a second.
    from alembic import command

    config = alembic_config(owner_url)
    try:
        with connect(owner_url) as conn:
            _require_utf8(conn)
            # Several processes may start at once: one migrates, the others wait and find nothing to do. Without this
            # lock, concurrent GRANTs and CREATE TABLEs would fail as well.
            _wait_for_our_turn(conn)
            schema, code = _revision(conn), newest_revision()
            if schema > code:
                raise ConfigurationError(
                    f"the schema is at revision {schema}, and this Postroom knows it up to revision {code}; "
                    "update Postroom"
                )
            if "" < schema < OLDEST_CODE:
                _require_no_sessions(conn, service_role)
            conn.commit()  # otherwise an index that is built concurrently would wait for this transaction
            _retry_while_locked(lambda: command.upgrade(config, "head"))
            conn.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LOCK_TIMEOUT}s"])
            _retry_while_locked(lambda: _extend_log(conn))
            _restore_rows(conn)
            if service_role != conn.info.user:
                _grant(conn, service_role)
            return _revision(conn)
    except psycopg.Error as error:
        raise ConfigurationError(f"cannot migrate the database: {in_one_line(error)}", fix=_fix(error)) from error


def _fix(error: psycopg.Error) -> str:
    """An error without an SQLSTATE means that there was no connection."""
    if isinstance(error, InsufficientPrivilege):
        return "set POSTROOM_MIGRATE_DATABASE_URL to the URL of the database's owner"
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        where = "POSTROOM_MIGRATE_DATABASE_URL (POSTROOM_DATABASE_URL if that is not set)"
        return remedy(error).fix.format(setting=where)
    return ""


def connect(owner_url: str) -> psycopg.Connection:
    """Raises `psycopg.Error`."""
    session = own_settings(owner_url)
    return psycopg.connect(owner_url, application_name=APPLICATION, connect_timeout=CONNECTED_WITHIN, **session)


def alembic_config(url: str) -> Any:
    """The configuration of Alembic's commands on the database at `url`."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(str(files("postroom.postgres"))) / "migrations"))
    config.attributes["url"] = url
    return config


def run(version: str) -> None:
    """Run the statements of a migration, from the `.sql` file beside it."""
    from alembic import op  # as above

    # The driver's own cursor: the text contains `%` and several statements.
    op.get_bind().connection.cursor().execute(Path(version).with_suffix(".sql").read_text("utf-8"))


def run_by_itself(version: Path) -> None:
    """Run the statements of an `.sql` file in a transaction of their own: one that waits for the lock of a second table
    keeps everybody waiting for the first. What the migration did before is committed."""
    from alembic import op  # as above

    with op.get_context().autocommit_block():
        run(str(version))


def run_page_by_page(version: Path) -> None:
    """Repeat the statement of an `.sql` file, each time in a transaction of its own and behind the row that it returned
    before, until it returns none. What the migration did before is committed."""
    from alembic import op  # as above

    # The text is part of this package and never comes from a caller.
    statement = cast("LiteralString", version.with_suffix(".sql").read_text("utf-8"))
    with op.get_context().autocommit_block():
        cursor = op.get_bind().connection.cursor()
        after: str | None = ""
        while after is not None:
            (after,) = cursor.execute(statement, {"after": after, "limit": PAGE}).fetchone()


def build_index(name: str, definition: str) -> None:
    """CREATE INDEX CONCURRENTLY `name` ON `definition`, in a migration: its statements before this one are committed.

    A migration that was interrupted leaves an index that is invalid, or one that is complete.
    """
    from alembic import op  # as above

    with op.get_context().autocommit_block():
        cursor = op.get_bind().connection.cursor()
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
        if cursor.fetchone() == (True,):
            return
        # It waits for the transactions of others, and no statement waits for it.
        cursor.execute(f"SET lock_timeout = '{RETRY_FOR}s'")
        cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        cursor.execute(f"CREATE INDEX CONCURRENTLY {name} ON {definition}")
        cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}s'")


def build_index_of_the_log(name: str, definition: str) -> None:
    """`build_index` on each month with rows, since PostgreSQL cannot do that on a partitioned table. CREATE INDEX on
    that table attaches them."""
    from alembic import op  # as above

    cursor = op.get_bind().connection.cursor()
    for (month,) in cursor.execute(_PARTITIONS_OF_THE_LOG).fetchall():
        if (
            cursor.execute(compose.SQL("SELECT FROM {} LIMIT 1").format(compose.Identifier(month))).fetchone()
            is not None
        ):
            build_index(f"{month}_{name}", f"{month} {definition}")


def _require_utf8(conn: psycopg.Connection) -> None:
    """Raise `ConfigurationError` unless the database stores all of Unicode, and knows that it is text."""
    encoding = conn.info.parameter_status("server_encoding")
    if encoding != UTF8:
        raise ConfigurationError(
            f"the database {conn.info.dbname} is in {encoding}, which does not store every name and address",
            fix=CREATED_IN_UTF8,
        )


def _revision(conn: psycopg.Connection) -> str:
    """The revision of the schema, empty before the first migration."""
    if conn.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return ""
    found = conn.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found[0]) if found else ""


def _require_no_sessions(conn: psycopg.Connection, service_role: str) -> None:
    """Raise `ConfigurationError` if the service is connected. If it shares the migration's role, only sessions with its
    application name count. Addresses of other roles are hidden without pg_read_all_stats."""
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
            f"the schema is older than revision {OLDEST_CODE}, and code of that age must not run during this "
            f"migration: stop all Postroom processes, then migrate again; connected in "
            f"pg_stat_activity: {sessions}"
        )


def _wait_for_our_turn(conn: psycopg.Connection) -> None:
    """Until this connection is closed. Not by a statement that waits: an index that is built concurrently would wait
    for that statement, and neither would end."""
    while conn.execute("SELECT pg_try_advisory_lock(hashtext('postroom.migrate'))").fetchone() != (True,):
        conn.commit()
        time.sleep(TURN_PAUSE)  # a command, and no event loop runs beside it


def _retry_while_locked(act: Callable[[], object]) -> None:
    from sqlalchemy.exc import DBAPIError  # as above

    # Only the waits: what was done before, such as pages of a large table, may have taken longer.
    waited = 0.0
    while True:
        try:
            act()
        except (LockNotAvailable, DBAPIError) as error:
            if isinstance(error, DBAPIError) and not isinstance(error.orig, LockNotAvailable):
                raise (error.orig or error) from error
            waited += LOCK_TIMEOUT + LOCK_PAUSE
            if waited > RETRY_FOR:
                raise ConfigurationError(
                    "cannot migrate the database: a long transaction holds a lock on a table; find it in "
                    "pg_stat_activity (xact_start), end it, then migrate again"
                ) from error
            time.sleep(LOCK_PAUSE)  # this is a command: no event loop is blocked
        else:
            return


def _extend_log(conn: psycopg.Connection) -> None:
    with conn.transaction():  # a savepoint: without it a time-out would release the lock above
        conn.execute("SELECT extend_log(24)")


def _restore_rows(conn: psycopg.Connection) -> None:
    """Restore the row of each table with one row, if it was deleted: the loops need it."""
    for table in _ONE_ROW:
        query = compose.SQL("INSERT INTO {} DEFAULT VALUES ON CONFLICT DO NOTHING")
        conn.execute(query.format(compose.Identifier(table)))


def _grant(conn: psycopg.Connection, service_role: str) -> None:
    role = compose.Identifier(service_role)
    if not conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [service_role]).fetchone():
        raise ConfigurationError(
            f"the role {service_role} of POSTROOM_DATABASE_URL does not exist; create it, then migrate again"
        )
    # Each partition separately, since it may be detached: default privileges may have granted more.
    for (partition,) in conn.execute(_PARTITIONS_OF_THE_LOG).fetchall():
        conn.execute(compose.SQL("REVOKE ALL ON {} FROM {}").format(compose.Identifier(partition), role))
    # All roles may use `public`, unless that right was revoked; another schema, only its owner.
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
