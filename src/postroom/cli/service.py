"""Commands of production: serve, work, migrate, check."""

import asyncio
import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from postroom import settings as settings_module
from postroom.cli.environment import settings_or_trial
from postroom.errors import ConfigurationError
from postroom.examination import Finding, examine
from postroom.postgres.migrate import role_of, upgrade
from postroom.runtime import connected
from postroom.telemetry import configure_logging

UntilEof = Annotated[bool, typer.Option("--until-eof", hidden=True, help="Stop when standard input ends.")]


def register(app: typer.Typer) -> None:
    app.command("serve")(serve_command)
    app.command("work")(work_command)
    app.command("migrate")(migrate_command)
    app.command("check")(check_command)


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
    """Run a retry worker as a process of its own; any number may run, on any host.

    Example: POSTROOM_DATABASE_URL=postgresql://postroom@db/postroom … postroom work
    """
    from postroom.process import run, work

    settings = settings_module.load()
    configure_logging(json=settings.log_format == "json", level=settings.log_level)
    run(work(settings, until_eof=until_eof))


def migrate_command() -> None:
    """Bring the database's schema up to date; safe to repeat, and to run from several hosts at once.

    Uses POSTROOM_MIGRATE_DATABASE_URL (the owner) if it is set, and grants the role of POSTROOM_DATABASE_URL
    what the service needs: of the log, no more than to insert and to read.

    Example: POSTROOM_MIGRATE_DATABASE_URL=postgresql://owner@db/postroom postroom migrate
    """
    settings = settings_module.load()
    service_url = settings.database_url.get_secret_value()
    owner = settings.migrate_database_url
    revision = upgrade(owner.get_secret_value() if owner else service_url, role_of(service_url))
    typer.echo(f"schema is at revision {revision}")


def check_command(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Look at every setting and every part, and say how to mend what is wrong. Exit code 1 if something is.

    Example: postroom check --json
    """
    try:
        settings = settings_or_trial()
    except ConfigurationError as error:
        findings = [{"part": "settings", "state": "wrong", "detail": str(error), "fix": "docs/reference/settings.md"}]
    else:
        findings = [finding.as_dict() for finding in asyncio.run(_examine(settings))]
    if as_json:
        typer.echo(json.dumps(findings, indent=2))
    else:
        _print(findings)
    if any(finding["state"] == "wrong" for finding in findings):
        raise typer.Exit(1)


async def _examine(settings: settings_module.Settings) -> list[Finding]:
    async with connected(settings) as parts:
        return await examine(parts)


def _print(findings: list[dict[str, str]]) -> None:
    table = Table("part", "state", "what was found", "what to do")
    colours = {"fine": "green", "warning": "yellow", "wrong": "red"}
    for each in findings:
        colour = colours[each["state"]]
        table.add_row(each["part"], f"[{colour}]{each['state']}[/]", each["detail"], each["fix"])
    Console().print(table)
