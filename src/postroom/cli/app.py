"""Every command as it is typed. What it needs is imported when it is called: `--help` waits for no driver, no web
framework and no migration, and no command waits for what only another needs."""

import asyncio
from importlib.metadata import entry_points
from typing import Annotated, Any

import typer

from postroom.errors import ConfigurationError

OF_THE_TRIAL = ("up", "env", "sandbox")
"""Commands of the distribution postroom-sandbox. It adds them by an entry point, which is called with `app`."""

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
UntilEof = Annotated[bool, typer.Option("--until-eof", hidden=True, help="Stop when standard input ends.")]
Who = Annotated[str, typer.Argument(metavar="EMAIL_OR_ID", help="An address, or a Kratos identity id.")]

app = typer.Typer(
    name="postroom",
    help="A mailbox on Stalwart for every identity of Ory Kratos, whatever breaks.",
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,  # to draw boxes around a help, Rich takes longer than all the rest
)


@app.command("serve")
def serve_command(until_eof: UntilEof = False) -> None:
    """Run the service: webhook, health, metrics, and a retry worker inside (POSTROOM_WORKER=false: without).

    Example: POSTROOM_DATABASE_URL=postgresql://postroom@db/postroom … postroom serve
    """
    from postroom.cli.service import serve

    serve(until_eof=until_eof)


@app.command("work")
def work_command(until_eof: UntilEof = False) -> None:
    """Run a retry worker as a process of its own; any number may run, on any host. It answers /health and /metrics at
    POSTROOM_WORK_HOST and POSTROOM_WORK_PORT.

    Example: POSTROOM_DATABASE_URL=postgresql://postroom@db/postroom … postroom work
    """
    from postroom.cli.service import work

    work(until_eof=until_eof)


@app.command("migrate")
def migrate_command() -> None:
    """Bring the database's schema up to date; safe to repeat, and to run from several hosts at once.

    Uses POSTROOM_MIGRATE_DATABASE_URL (the owner) if it is set. Grants the role of POSTROOM_DATABASE_URL its rights.

    Example: POSTROOM_MIGRATE_DATABASE_URL=postgresql://owner@db/postroom postroom migrate
    """
    from postroom.cli.migrate import migrate

    migrate()


@app.command("check")
def check_command(
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Set Stalwart's web hook, our address there and its upload quota, then look."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --fix: only tell what would be done.")] = False,
    admin: Annotated[
        str | None,
        typer.Option(metavar="LOGIN", help="Look at Stalwart's settings, and set them, as this administrator of its."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look at every setting and every part, and say how to mend what is wrong. Exit code 1 if something is.

    The password of --admin is asked for, or read from standard input if that is no terminal. It is kept nowhere.

    Example: postroom check --fix --admin admin@example.org
    """
    from postroom.cli.check import check

    asyncio.run(check(fix=fix, dry_run=dry_run, admin=admin, as_json=as_json))


@app.command("status")
def status_command(as_json: AsJson = False) -> None:
    """Show what waits, runs, is overdue or dead, and whether the parts around us are well.

    Example: postroom status --json
    """
    from postroom.cli.status import status

    asyncio.run(status(as_json=as_json))


@app.command("log")
def log_command(who: Who, as_json: AsJson = False) -> None:
    """Show the timeline of one identity: every attempt, every retry, each refusal, everything an operator did.

    Example: postroom log alice@example.org
    """
    from postroom.cli.look import log

    asyncio.run(log(who, as_json=as_json))


@app.command("retry")
def retry_command(who: Who, as_json: AsJson = False) -> None:
    """Attempt a waiting or dead request now; a dead one gets its retries back. Recorded with your name.

    Example: postroom retry alice@example.org
    """
    from postroom.cli.look import retry

    asyncio.run(retry(who, as_json=as_json))


@app.command("bury")
def bury_command(
    who: Who,
    reason: Annotated[str, typer.Option(help="Why; it is kept in the audit.")],
    as_json: AsJson = False,
) -> None:
    """Give a waiting request up: it goes to the dead letters with your reason; `postroom retry` undoes it.

    Example: postroom bury alice@example.org --reason "left the company"
    """
    from postroom.cli.look import bury

    asyncio.run(bury(who, reason, as_json=as_json))


@app.command("remake")
def remake_command(
    who: Who,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only look at the mail server, and say what it has.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a mailbox anew that is not at the mail server any more. Recorded with your name.

    It looks first, and does nothing while the mail server has the mailbox. Else a worker finds it by its mark, if it
    is there under another id, or makes an empty one. Mail that went with the old one does not come back.

    Example: postroom remake alice@example.org
    """
    from postroom.cli.remake import remake

    asyncio.run(remake(who, dry_run=dry_run, as_json=as_json))


@app.command("pause")
def pause_command(
    reason: Annotated[str, typer.Option("--reason", help="Why, for whoever looks at `postroom status`.")],
    as_json: AsJson = False,
) -> None:
    """Ask the mail server for nothing until `postroom resume`. Requests are stored and wait; none is lost.

    Example: postroom pause --reason "Stalwart is moved to another host"
    """
    from postroom.cli.mail_server import pause

    asyncio.run(pause(reason, as_json=as_json))


@app.command("resume")
def resume_command(
    domain: Annotated[
        str | None, typer.Option("--domain", help="Let go what waits for this mail domain, and nothing else.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask the mail server now, and close the breaker if it is well, instead of waiting for the next probe.

    Whoever waits for what has ended then runs within seconds: one first, twice as many after each success.

    Example: postroom resume --domain example.org
    """
    from postroom.cli.mail_server import resume

    asyncio.run(resume(domain, as_json=as_json))


@app.command("sweep")
def sweep_command(
    now: Annotated[bool, typer.Option("--now", help="Begin a pass, or go on with the one under way, at once.")] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget where the pass under way is, and begin a new one at once.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show where the sweep of Kratos' identities stands; let it begin or go on at once.

    A running service or worker takes it up within 5 s; this command does not wait for that.

    Example: postroom sweep --now
    """
    from postroom.cli.sweep import sweep

    asyncio.run(sweep(now=now, restart=restart, as_json=as_json))


@app.command("rebuild")
def rebuild_command(
    from_stalwart: Annotated[
        bool, typer.Option("--from-stalwart", help="From the marks on the mail server; required.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be restored.")] = False,
    as_json: AsJson = False,
) -> None:
    """Restore requests and accounts from the marks on the mail server, after the database was lost.

    What is on record is left alone. Safe to interrupt and to repeat. Exit code 1 if something needs a look.

    Example: postroom migrate && postroom rebuild --from-stalwart --dry-run
    """
    from postroom.cli.rebuild import rebuild

    asyncio.run(rebuild(from_stalwart=from_stalwart, dry_run=dry_run, as_json=as_json))


def _not_installed() -> None:
    raise ConfigurationError(
        "this command is of the trial, which is not installed: install the wheel of postroom-sandbox beside that of "
        "postroom, see docs/how-to/trial.md"
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
