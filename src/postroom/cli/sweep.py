"""`postroom sweep`, and the progress of the sweep of Kratos' identities for `postroom status`."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import typer
from rich.console import Console

from postroom.cli.database import connected_to_database
from postroom.cli.environment import settings_or_trial
from postroom.cli.json_output import json_text
from postroom.cli.terminal import ago, out, print_sentence
from postroom.composition.parts import Parts
from postroom.errors import ConfigurationError
from postroom.postgres.sweep import PostgresSwept
from postroom.provisioning.ports import SweepProgress


async def sweep(*, now: bool, restart: bool, as_json: bool) -> None:
    settings = settings_or_trial()
    if not settings.kratos_admin_url:
        raise ConfigurationError(
            "no sweep is configured; set POSTROOM_KRATOS_ADMIN_URL to the URL of Kratos' admin API"
        )
    async with connected_to_database(settings) as parts:
        swept = PostgresSwept(parts.pool)
        if restart:
            await swept.restart(0)
        elif now:
            await swept.put_off(0)
        progress = await swept.progress()
    if as_json:
        typer.echo(json_text(progress_as_dict(progress)))
    else:
        print_progress(out(), progress)


async def progress_of(parts: Parts) -> SweepProgress | None:
    """None where no sweep is configured."""
    return await PostgresSwept(parts.pool).progress() if parts.sweep else None


def progress_as_dict(progress: SweepProgress | None) -> Mapping[str, Any] | None:
    if progress is None:
        return None
    found = asdict(progress)
    due_in = found.pop("due_in")
    for each in ("read_at", "census", "counted"):
        del found[each]
    return {"under_way": progress.token is not None, **found, "due_in_seconds": due_in}


def print_progress(console: Console, progress: SweepProgress | None) -> None:
    print_sentence(console, f"Sweep: {_sentence(progress)}")


def _sentence(progress: SweepProgress | None) -> str:
    if progress is None:
        return "not configured; without POSTROOM_KRATOS_ADMIN_URL an identity whose webhook is lost gets no mailbox"
    last = f"last complete pass {ago(progress.finished_at)}" if progress.finished_at else "no complete pass yet"
    if progress.token is None:
        return f"{last}; next pass due {ago(progress.due_at)}"
    return f"{last}; this pass began {ago(progress.started_at)}, next page due {ago(progress.due_at)}"
