"""`postroom rebuild`: restores the database, after its loss, from the marks on the mail server."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from postroom.cli.database import connected_to_database
from postroom.cli.environment import settings_or_trial
from postroom.cli.json_output import json_text
from postroom.cli.operator import operator_name
from postroom.cli.terminal import out, print_rows, print_sentence
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
            f"after {tally.read} accounts: {error}. What was restored stays; fix it and run this again"
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
                actor=operator_name(),
                dry_run=dry_run,
                report=lambda so_far: progress.update(task, completed=so_far.read),
            )
            progress.update(task, total=await rebuild.count())
            await rebuild.run(tally)


@contextmanager
def _progress() -> Generator[tuple[Progress, TaskID]]:
    """On standard error, and only on a terminal: standard output may be read by a program."""
    console = Console(stderr=True)
    columns = (TextColumn("accounts read"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield progress, progress.add_task("", total=None)


def _print(tally: Tally, *, dry_run: bool) -> None:
    console = out()
    print_sentence(
        console,
        f"{tally.read} accounts: {tally.restored} {'would be restored' if dry_run else 'restored'}, "
        f"{tally.known} known, {tally.under_way} left to a worker, {tally.unmarked} without a mark, "
        f"{len(tally.differences)} different, {tally.marked_elsewhere} marked in another domain, "
        f"{tally.missing} missing",
    )
    if tally.missing:
        print_sentence(
            console,
            f"Missing at the mail server, but on record: {tally.missing}; postroom status lists them within "
            "two hours, postroom remake makes one again",
            "red",
        )
    if tally.marked_elsewhere:
        print_sentence(
            console,
            f"Marked in another domain, and not restored: {tally.marked_elsewhere}; is POSTROOM_MARK_DOMAIN what it "
            "was before the loss?",
            "yellow",
        )
    columns = ("mailbox", "Stalwart account", "identity", "reason")
    differences = [
        (each.email, each.stalwart_account_id, ", ".join(map(str, each.identity_ids)), each.why)
        for each in tally.differences[:SHOWN]
    ]
    print_rows(console, "Different from what is on record, and left alone", columns, differences)
    if len(tally.differences) > SHOWN:
        print_sentence(console, f"and {len(tally.differences) - SHOWN} more: --json prints all of them")
