"""The commands and their options. Each imports what it needs when it is called, so that `--help`, the completion of a
shell and every other command start without drivers, web framework and migrations."""

import asyncio
from importlib.metadata import entry_points, version
from typing import Annotated, Any

import typer

from postroom.cli.options import (
    AsJson,
    DryRun,
    MailDomain,
    Output,
    Reason,
    ReasonStarts,
    StalwartVersion,
    UntilEof,
    WaitsFor,
    Who,
    Whom,
    narrowing,
)
from postroom.cli.setup.commands import setup
from postroom.domain.request import ListedState
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


@app.command("status")
def status_command(
    watch: Annotated[bool, typer.Option("--watch", help="Print it again and again, until Ctrl-C.")] = False,
    interval: Annotated[
        float | None, typer.Option(min=0.1, metavar="SECONDS", help="The time between two prints of --watch; 5 s.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show requests and the state of each part.

    It lists the requests that wait or are dead, what holds them back, and what to do.

    Example: postroom status --watch
    """
    from postroom.cli.status import status

    asyncio.run(status(watching=watch, interval=interval, as_json=as_json))


@app.command("list")
def list_command(
    state: Annotated[list[ListedState] | None, typer.Option(help="Only those in this state; may be repeated.")] = None,
    reason: Annotated[
        str | None,
        typer.Option(
            "--reason",
            "--reason-starts",
            metavar="TEXT",
            callback=narrowing,
            help="Only those whose reason, or last error, begins like this.",
        ),
    ] = None,
    domain: MailDomain = None,
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="Print at most so many; 0 for all.")] = 1000,
    after: Annotated[str | None, typer.Option(metavar="CURSOR", help="Continue a list where it ended.")] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print it.")] = Output.TABLE,
    as_json: AsJson = False,
) -> None:
    """List requests.

    Without --state it lists all but the dismissed dead letters. It reads page after page, however many there are.

    Example: postroom list --state dead --reason "failed 4 times" -o wide
    """
    from postroom.cli.request_list import list_requests

    chosen = state or [each for each in ListedState if each is not ListedState.DISMISSED]
    how = Output.JSON if as_json else output
    asyncio.run(list_requests(chosen, reason, domain, limit=limit, after=after, output=how))


@app.command("log")
def log_command(
    who: Annotated[
        str | None,
        typer.Argument(metavar="EMAIL_OR_ID", help="An address, the id of a Kratos identity, or a support number."),
    ] = None,
    following: Annotated[
        bool, typer.Option("--follow", "-f", help="Print new rows as they come, one a line, until Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what happened to an identity.

    It shows every attempt, every retry, each refusal, and everything that an operator did. An address stands for every
    identity that has it or ever asked for it, the newest first. With --follow and no address it prints the rows of
    everybody.

    Example: postroom log alice@example.org
    """
    from postroom.cli.log import log

    asyncio.run(log(who, following=following, as_json=as_json))


@app.command("retry")
def retry_command(
    whom: Whom = None,
    dead: Annotated[bool, typer.Option("--dead", help="All dead letters, but the dismissed ones.")] = False,
    dismissed: Annotated[bool, typer.Option("--dismissed", help="All dismissed dead letters.")] = False,
    reason_starts: ReasonStarts = None,
    domain: MailDomain = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Attempt waiting or dead requests now.

    A dead request gets its retries back, and is not dismissed any more. Your login name is recorded. The exit code is
    1 if it was not possible for some; the others are retried.

    Example: postroom retry --dead --reason-starts "failed 4 times" --dry-run
    """
    from postroom.cli.requests import Chosen, retry

    states = [ListedState.DEAD] * dead + [ListedState.DISMISSED] * dismissed
    asyncio.run(retry(Chosen(whom or [], states, reason_starts, domain), dry_run=dry_run, as_json=as_json))


@app.command("bury")
def bury_command(
    reason: Reason,
    whom: Whom = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="All waiting requests.")] = False,
    reason_starts: ReasonStarts = None,
    waits_for: WaitsFor = None,
    domain: MailDomain = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Move waiting requests to the dead letters.

    `postroom retry` undoes it. The exit code is 1 if it was not possible for some; the others are buried.

    Example: postroom bury alice@example.org --reason "left the company"
    """
    from postroom.cli.requests import Chosen, bury

    chosen = Chosen(whom or [], [ListedState.WAITING] * waiting, reason_starts, domain, waits_for)
    asyncio.run(bury(chosen, reason, dry_run=dry_run, as_json=as_json))


@app.command("dismiss")
def dismiss_command(
    reason: Reason,
    whom: Whom = None,
    dead: Annotated[bool, typer.Option("--dead", help="All dead letters.")] = False,
    reason_starts: ReasonStarts = None,
    domain: MailDomain = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Remove requests from the list of dead letters.

    They are not counted any more and stay dead: a webhook with the same address does not revive them. `postroom retry`
    undoes it. The exit code is 1 if it was not possible for some; the others are dismissed.

    Example: postroom dismiss alice@example.org --reason "has another address now"
    """
    from postroom.cli.requests import Chosen, dismiss

    chosen = Chosen(whom or [], [ListedState.DEAD] * dead, reason_starts, domain)
    asyncio.run(dismiss(chosen, reason, dry_run=dry_run, as_json=as_json))


@app.command("remake")
def remake_command(who: Who, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Make a lost mailbox again.

    It asks the mail server first, and does nothing if the mailbox is there. Otherwise a worker finds the mailbox by
    its mark, if it has another id now, or makes an empty one. Mail of the lost mailbox does not come back. Your login
    name is recorded.

    Example: postroom remake alice@example.org
    """
    from postroom.cli.remake import remake

    asyncio.run(remake(who, dry_run=dry_run, as_json=as_json))


@app.command("pause")
def pause_command(reason: Reason, as_json: AsJson = False) -> None:
    """Ask the mail server for no mailbox.

    Until `postroom resume`, requests for mailboxes are stored and wait; none is lost. People go on reading and writing
    mail. `postroom status` shows your reason.

    Example: postroom pause --reason "Stalwart is moved to another host"
    """
    from postroom.cli.mail_server import pause

    asyncio.run(pause(reason, as_json=as_json))


@app.command("resume")
def resume_command(
    domain: Annotated[
        str | None, typer.Option("--domain", metavar="NAME", help="Release what waits for this mail domain, only.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the mail server now, and continue.

    If it is healthy, the breaker closes, and the waiting requests run within seconds: one first, then twice as many
    after each success. Without this command they wait for the next probe.

    Example: postroom resume --domain example.org
    """
    from postroom.cli.mail_server import resume

    asyncio.run(resume(domain, as_json=as_json))


@app.command("sweep")
def sweep_command(
    now: Annotated[bool, typer.Option("--now", help="Begin a pass, or continue the present one, at once.")] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget the present pass, and begin a new one at once.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show or start the sweep of identities.

    It finds identities of Kratos that have no mailbox. With --now or --restart a running service or worker begins
    within 5 s; this command does not wait for that.

    Example: postroom sweep --now
    """
    from postroom.cli.sweep import sweep

    asyncio.run(sweep(now=now, restart=restart, as_json=as_json))


@app.command("rebuild")
def rebuild_command(
    from_stalwart: Annotated[
        bool, typer.Option("--from-stalwart", help="Restore from the marks on the mail server; required.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Restore a lost database from Stalwart.

    The marks there show which account belongs to which identity. What is on record is not changed. It is safe to
    interrupt and to repeat. The exit code is 1 if an account differs from what is on record, is
    missing, or is marked in another domain.

    Example: postroom migrate && postroom rebuild --from-stalwart --dry-run
    """
    from postroom.cli.rebuild import rebuild

    asyncio.run(rebuild(from_stalwart=from_stalwart, dry_run=dry_run, as_json=as_json))


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
