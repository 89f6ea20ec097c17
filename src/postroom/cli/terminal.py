"""How things are put on a terminal: what strangers wrote can neither steer it nor pass for our own words."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from postroom.checks.finding import Finding

WIDTH_IN_A_PIPE = 1000
_COLOURS = {"fine": "green", "warning": "yellow", "wrong": "red"}


def shown(text: str) -> str:
    """`text` with everything escaped that is not seen as itself: control characters, and marks that turn the direction
    of writing, by which one address is made to look like another."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def out() -> Console:
    """Standard output. In a pipe a row stays one line, for grep, unless COLUMNS says how wide it is."""
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_IN_A_PIPE
    return console


def print_rows(
    console: Console, title: str, columns: Sequence[str | Column], rows: Sequence[Sequence[str | Text]]
) -> None:
    """A table. What is too long for its column goes on in the next line: nobody can use an id that was cut."""
    if not rows:
        return
    table = Table(*columns, title=title or None, title_justify="left")
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        # Not as a string: Rich would take brackets in it for its own markup.
        table.add_row(*(cell if isinstance(cell, Text) else Text(shown(cell)) for cell in row))
    console.print(table)


def ago(moment: datetime | None) -> str:
    if moment is None:
        return "-"
    seconds = (moment - datetime.now(UTC)).total_seconds()
    size = abs(seconds)
    text = f"{size:.0f} s" if size < 120 else f"{size / 60:.0f} min" if size < 7200 else f"{size / 3600:.0f} h"
    return f"in {text}" if seconds >= 0 else f"{text} ago"


def print_findings(console: Console, title: str, findings: Sequence[Finding]) -> None:
    rows = [(each.part, Text(each.state, style=_COLOURS[each.state]), each.detail, each.fix) for each in findings]
    print_rows(console, title, ("part", "state", "what was found", "what to do"), rows)


def json_text(content: object) -> str:
    """For programs."""
    return json.dumps(content, indent=2, default=_plain)


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return str(value)
