"""The commands and their options. Each imports what it needs when it is called, so that `--help`, the completion of a
shell and every other command start without drivers, web framework and migrations."""

import asyncio
from importlib.metadata import entry_points, version
from typing import Annotated, Any

import typer

from postroom.cli.operator_commands import operator
from postroom.cli.options import AsJson, DryRun, StalwartVersion, UntilEof
from postroom.cli.setup.commands import setup
from postroom.errors import ConfigurationError

OF_THE_TRIAL = ("up", "env", "sandbox")
"""Commands of the distribution postroom-sandbox. It adds them by an entry point, which is called with `app`."""

app = typer.Typer(
    name="postroom",
    help="A mailbox on Stalwart for every identity of Ory Kratos, whatever breaks.",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich would take most of the time of --help, for boxes
)
app.add_typer(setup, name="setup")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"postroom {version('postroom')}")
        raise typer.Exit


@app.callback()
def postroom(
    _: Annotated[
        bool,
        typer.Option("--version", "-V", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None: ...


@app.command("serve")
def serve_command(until_eof: UntilEof = False) -> None:
    """Run the service.

    It serves the webhook, JMAP, /health and /metrics, and runs a retry worker unless POSTROOM_WORKER=false.

    Example: POSTROOM_DATABASE_URL=postgresql://postroom@db/postroom … postroom serve
    """
    from postroom.cli.service import serve

    serve(until_eof=until_eof)


@app.command("work")
def work_command(until_eof: UntilEof = False) -> None:
    """Run a retry worker as a process of its own.

    Any number may run, on any host. It serves /health and /metrics at POSTROOM_WORK_HOST and POSTROOM_WORK_PORT.

    Example: POSTROOM_DATABASE_URL=postgresql://postroom@db/postroom … postroom work
    """
    from postroom.cli.service import work

    work(until_eof=until_eof)


@app.command("health")
def health_command(
    worker: Annotated[bool, typer.Option("--worker", help="Ask postroom work, not postroom serve.")] = False,
    ready: Annotated[bool, typer.Option("--ready", help="Ask whether hooks can be stored, too.")] = False,
) -> None:
    """Ask a process on this host whether it lives.

    It is the health check of a container. The exit code is 1 if only a restart helps; with --ready also while
    PostgreSQL is unavailable or a loop is late.

    Example: POSTROOM_WORK_PORT=3002 postroom health --worker
    """
    from postroom.cli.health import health

    health(worker=worker, ready=ready)


@app.command("migrate")
def migrate_command() -> None:
    """Bring the database's schema up to date.

    It connects as the owner, by POSTROOM_MIGRATE_DATABASE_URL, if that is set, and grants the role of
    POSTROOM_DATABASE_URL its rights. It is safe to repeat, and to run from several hosts at once.

    Example: POSTROOM_MIGRATE_DATABASE_URL=postgresql://owner@db/postroom postroom migrate
    """
    from postroom.cli.migrate import migrate

    migrate()


@app.command("check")
def check_command(
    fix: Annotated[
        bool,
        typer.Option("--fix", help="First set Stalwart's webhook, its allow-list and its upload quota."),
    ] = False,
    dry_run: DryRun = False,
    admin: Annotated[
        str | None,
        typer.Option(metavar="LOGIN", help="Read and set Stalwart's settings as this administrator of Stalwart."),
    ] = None,
    stalwart_version: StalwartVersion = None,
    as_json: AsJson = False,
) -> None:
    """Check all settings and parts; suggest fixes.

    The exit code is 1 if there is an error. --dry-run belongs to --fix. The password of --admin is asked for, or read
    from standard input if that is not a terminal, and is not stored.

    Example: postroom check --fix --admin admin@example.org
    """
    from postroom.cli.check import check

    asyncio.run(check(stalwart_version, fix=fix, dry_run=dry_run, admin=admin, as_json=as_json))


app.registered_commands += operator.registered_commands


def _not_installed() -> None:
    raise ConfigurationError(
        "this command belongs to the trial, which is not installed: install the wheel of postroom-sandbox beside that "
        "of postroom"
    )


def _add_commands_of_the_trial() -> None:
    found = entry_points(group="postroom.commands")
    for each in found:
        each.load()(app)
    if not found:
        anything: dict[str, Any] = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
        for name in OF_THE_TRIAL:
            app.command(name, hidden=True, context_settings=anything)(_not_installed)


_add_commands_of_the_trial()
