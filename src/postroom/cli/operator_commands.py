"""What an operator looks at and does, as it is typed."""

import asyncio
from typing import Annotated

import typer

from postroom.cli.options import (
    AsJson,
    DryRun,
    MailDomain,
    Output,
    Reason,
    ReasonStarts,
    WaitsFor,
    Who,
    Whom,
    narrowing,
)
from postroom.domain.request import ListedState

operator = typer.Typer()
"""`app` takes over its commands, in this order."""


@operator.command("status")
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


@operator.command("list")
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
    """List requests, or in what identities differ from their mailboxes.

    Without --state it lists all requests but the dismissed dead letters. It reads page after page, however many there
    are. --state differs lists who differs, and what would be done about that; nothing is.

    Example: postroom list --state dead --reason "failed 4 times" -o wide
    """
    from postroom.cli.difference_list import list_differences
    from postroom.cli.request_list import list_requests

    how = Output.JSON if as_json else output
    if state and ListedState.DIFFERS in state:
        if len(state) > 1 or reason or domain:
            raise typer.BadParameter("--state differs stands alone: it lists no requests")
        asyncio.run(list_differences(limit=limit, after=after, output=how))
        return
    chosen = state or [each for each in ListedState if each not in (ListedState.DISMISSED, ListedState.DIFFERS)]
    asyncio.run(list_requests(chosen, reason, domain, limit=limit, after=after, output=how))


@operator.command("log")
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


@operator.command("show")
def show_command(who: Who, as_json: AsJson = False) -> None:
    """Show what is with one person, on one screen.

    It asks Kratos, PostgreSQL and Stalwart at the same time, and shows beside each other what each of them says now.
    One that does not answer within 2 s is named, and the others are shown. If an address may mean several identities,
    it lists them, and the exit code is 2.

    Example: postroom show alice@example.org
    """
    from postroom.cli.show import show

    asyncio.run(show(who, as_json=as_json))


@operator.command("retry")
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


@operator.command("bury")
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


@operator.command("dismiss")
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


@operator.command("remake")
def remake_command(who: Who, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Make a lost mailbox again.

    It asks the mail server first, and does nothing if the mailbox is there. Otherwise a worker finds the mailbox by
    its mark, if it has another id now, or makes an empty one. Mail of the lost mailbox does not come back. Your login
    name is recorded.

    Example: postroom remake alice@example.org
    """
    from postroom.cli.remake import remake

    asyncio.run(remake(who, dry_run=dry_run, as_json=as_json))


@operator.command("pause")
def pause_command(reason: Reason, as_json: AsJson = False) -> None:
    """Ask the mail server for no mailbox.

    Until `postroom resume`, requests for mailboxes are stored and wait; none is lost. People go on reading and writing
    mail. `postroom status` shows your reason.

    Example: postroom pause --reason "Stalwart is moved to another host"
    """
    from postroom.cli.mail_server import pause

    asyncio.run(pause(reason, as_json=as_json))


@operator.command("resume")
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


@operator.command("sweep")
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


@operator.command("rebuild")
def rebuild_command(
    from_stalwart: Annotated[
        bool, typer.Option("--from-stalwart", help="Restore from the marks on the mail server; required.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Restore a lost database from Stalwart.

    The marks there show which account belongs to which identity. What is on record is not changed. It is safe to
    interrupt and to repeat. The exit code is 1 if an account differs from what is on record, is missing, or is marked
    in another domain.

    Example: postroom migrate && postroom rebuild --from-stalwart --dry-run
    """
    from postroom.cli.rebuild import rebuild

    asyncio.run(rebuild(from_stalwart=from_stalwart, dry_run=dry_run, as_json=as_json))
