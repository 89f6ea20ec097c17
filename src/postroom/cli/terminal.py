"""How things are put on a terminal: what strangers wrote can neither steer it nor pass for our own words."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text


def shown(text: str) -> str:
    """`text` with everything escaped that is not seen as itself: control characters, and marks that turn the direction
    of writing, by which one address is made to look like another."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def print_rows(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> None:
    if not rows:
        return
    table = Table(*columns, title=title or None, title_justify="left")
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


def plain(value: object) -> str:
    """For `json.dumps`."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return str(value)
