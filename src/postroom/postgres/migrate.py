"""Schema migrations: Alembic keeps the order, plain SQL does the work."""

from importlib.resources import files
from pathlib import Path

import psycopg
from psycopg import sql as compose
from psycopg.conninfo import conninfo_to_dict

from postroom.errors import ConfigurationError

_READ_AND_WRITE = ("email_requests", "email_accounts", "resumed_domains")
_READ_WRITE_AND_FORGET = ("access_tokens", "mail_credentials", "mail_states", "live_events")


def upgrade(owner_url: str, service_role: str) -> str:
    """Bring the schema up to date and grant `service_role` what the service needs, and no more. Safe to repeat.

    Blocking. Returns the revision. Raises `ConfigurationError` when the database cannot be reached.
    """
    # Not at the top: every command would wait a quarter of a second for it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(str(files("postroom.postgres"))) / "migrations"))
    config.attributes["url"] = owner_url
    try:
        with psycopg.connect(owner_url) as conn:
            # Several processes may start at once: one migrates, the others wait and find nothing to do. GRANT and
            # CREATE TABLE, too, fail when two do the same at the same moment.
            conn.execute("SELECT pg_advisory_xact_lock(hashtext('postroom.migrate'))")
            command.upgrade(config, "head")
            conn.execute("SELECT extend_log(24)")
            if service_role != conn.info.user:
                _grant(conn, service_role)
            found = conn.execute("SELECT version_num FROM alembic_version").fetchone()
    except psycopg.OperationalError as error:
        raise ConfigurationError(f"cannot migrate the database: {str(error).strip()}") from error
    return str(found[0]) if found else "none"


def _grant(conn: psycopg.Connection, service_role: str) -> None:
    role = compose.Identifier(service_role)
    if not conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [service_role]).fetchone():
        raise ConfigurationError(
            f"the role {service_role} of POSTROOM_DATABASE_URL does not exist; create it, then migrate again"
        )
    for table in _READ_AND_WRITE:
        conn.execute(compose.SQL("GRANT SELECT, INSERT, UPDATE ON {} TO {}").format(compose.Identifier(table), role))
    for table in _READ_WRITE_AND_FORGET:
        conn.execute(
            compose.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO {}").format(compose.Identifier(table), role)
        )
    # The audit: what was written stays as it was written.
    conn.execute(compose.SQL("GRANT SELECT, INSERT ON email_provisioning_log, postroom_facts TO {}").format(role))
    # Its own name is asked for rows that no month took (`log_default_rows`).
    conn.execute(compose.SQL("GRANT SELECT ON email_provisioning_log_default TO {}").format(role))
    conn.execute(compose.SQL("GRANT SELECT, UPDATE ON mail_server_breaker, identity_sweep TO {}").format(role))
    conn.execute(compose.SQL("GRANT SELECT ON alembic_version, schema_history TO {}").format(role))


def role_of(url: str) -> str:
    """The role that a database URL logs in as. Raises `ConfigurationError` when it names none."""
    role = conninfo_to_dict(url).get("user")
    if not role:
        raise ConfigurationError("POSTROOM_DATABASE_URL names no user (postgresql://USER:…@HOST/DATABASE)")
    return str(role)
