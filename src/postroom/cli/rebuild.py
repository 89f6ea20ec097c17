"""`postroom rebuild`: after the loss of the database, from the marks on the mail server."""

import getpass
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from postroom.cli.database import connected_to_database
from postroom.cli.environment import settings_or_trial
from postroom.cli.terminal import json_text, out, print_rows
from postroom.composition.parts import restore_from_marks
from postroom.errors import ConfigurationError, MailServerError
from postroom.provisioning.rebuild import Tally

SHOWN = 20


async def rebuild(*, from_stalwart: bool, dry_run: bool, as_json: bool) -> None:
    if not from_stalwart:
        raise ConfigurationError("say what to rebuild from: postroom rebuild --from-stalwart")
    tally = Tally()
    try:
        await _rebuild(tally, dry_run=dry_run)
    except MailServerError as error:
        raise ConfigurationError(
            f"after {tally.looked_at} accounts: {error}. What was restored stays; mend it and run this again"
        ) from error
    if as_json:
        typer.echo(json_text({"dry_run": dry_run, **asdict(tally)}))
    else:
        _print(tally, dry_run=dry_run)
    if tally.differences or tally.marked_elsewhere or tally.missing:
        raise typer.Exit(1)


async def _rebuild(tally: Tally, *, dry_run: bool) -> None:
    async with connected_to_database(settings_or_trial()) as parts:
        with _progress() as (progress, task):
            rebuild = await restore_from_marks(
                parts,
                actor=getpass.getuser(),
                dry_run=dry_run,
                tell=lambda so_far: progress.update(task, completed=so_far.looked_at),
            )
            progress.update(task, total=await rebuild.count())
            await rebuild.run(tally)


@contextmanager
def _progress() -> Generator[tuple[Progress, TaskID]]:
    """On standard error, and only on a terminal: the output is for programs as well."""
    console = Console(stderr=True)
    columns = (TextColumn("accounts looked at"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield progress, progress.add_task("", total=None)


def _print(tally: Tally, *, dry_run: bool) -> None:
    console = out()
    console.print(
        f"[bold]{tally.looked_at}[/] accounts: [bold]{tally.restored}[/] "
        f"{'would be restored' if dry_run else 'restored'}, {tally.known} known, {tally.under_way} left to a worker, "
        f"{tally.unmarked} without a mark, {len(tally.differences)} different, {tally.missing} missing"
    )
    if tally.missing:
        console.print(
            f"[red]{tally.missing} that are on record are not at the mail server[/]: postroom status lists them within "
            "two hours, postroom remake makes one anew"
        )
    if tally.marked_elsewhere:
        console.print(
            f"[yellow]{tally.marked_elsewhere} carry a mark in another domain[/]: is POSTROOM_MARK_DOMAIN what it was "
            "before the loss?"
        )
    if tally.differences:
        print_rows(
            console,
            "",
            ("mailbox", "Stalwart account", "identity", "left alone, because"),
            [
                (each.email, each.stalwart_account_id, ", ".join(map(str, each.identity_ids)), each.why)
                for each in tally.differences[:SHOWN]
            ],
        )
        if len(tally.differences) > SHOWN:
            console.print(f"and {len(tally.differences) - SHOWN} more: --json lists all of them")
