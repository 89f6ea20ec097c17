"""Commands of production: serve, work, migrate."""

from typing import Annotated

import typer

from postroom import settings as settings_module
from postroom.postgres.migrate import role_of, upgrade
from postroom.telemetry import configure_logging

UntilEof = Annotated[bool, typer.Option("--until-eof", hidden=True, help="Stop when standard input ends.")]


def register(app: typer.Typer) -> None:
    app.command("serve")(serve_command)
    app.command("work")(work_command)
    app.command("migrate")(migrate_command)


def serve_command(until_eof: UntilEof = False) -> None:
    """Run the service: webhook, health, metrics, and a retry worker inside (POSTROOM_WORKER=false: without).

    Example: POSTROOM_DATABASE_URL=postgresql://postroom@db/postroom … postroom serve
    """
    # Not at the top, nor below: the commands that only look must not wait for the web framework.
    from postroom.process import run, serve

    settings = settings_module.load()
    configure_logging(json=settings.log_format == "json", level=settings.log_level)
    run(serve(settings, until_eof=until_eof))


def work_command(until_eof: UntilEof = False) -> None:
    """Run a retry worker as a process of its own; any number may run, on any host. It answers /health and /metrics at
    POSTROOM_WORK_HOST and POSTROOM_WORK_PORT.

    Example: POSTROOM_DATABASE_URL=postgresql://postroom@db/postroom … postroom work
    """
    from postroom.process import run, work

    settings = settings_module.load()
    configure_logging(json=settings.log_format == "json", level=settings.log_level)
    run(work(settings, until_eof=until_eof))


def migrate_command() -> None:
    """Bring the database's schema up to date; safe to repeat, and to run from several hosts at once.

    Uses POSTROOM_MIGRATE_DATABASE_URL (the owner) if it is set. Grants the role of POSTROOM_DATABASE_URL its rights.

    Example: POSTROOM_MIGRATE_DATABASE_URL=postgresql://owner@db/postroom postroom migrate
    """
    settings = settings_module.load()
    service_url = settings.database_url.get_secret_value()
    owner = settings.migrate_database_url
    revision = upgrade(owner.get_secret_value() if owner else service_url, role_of(service_url))
    typer.echo(f"schema is at revision {revision}")
