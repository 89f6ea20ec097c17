"""Tables and sentences on standard output: with boxes on a terminal, one line for each row in a pipe."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.segment import Segment, Segments
from rich.table import Column, Table
from rich.text import Text

from postroom.checks.finding import Finding
from postroom.cli.control_characters import escape_control
from postroom.setup.step import Step

Cell = str | Text
NARROWEST = 16
"""The least width of a column, in characters: an id in shorter pieces cannot be read."""
_UNITS = ((86400, "days"), (3600, "h"), (60, "min"))
_COLOURS = {"ok": "green", "changed": "cyan", "would change": "cyan", "warning": "yellow", "error": "red"}


def out() -> Console:
    """Standard output. In a pipe nothing is coloured or wrapped, whatever COLUMNS and FORCE_COLOR say."""
    terminal = sys.stdout.isatty()
    return Console(force_terminal=None if terminal else False, soft_wrap=not terminal, emoji=False, highlight=False)


def print_sentence(console: Console, sentence: str, style: str = "") -> None:
    console.print(Text(escape_control(sentence), style))


def fixed(header: str) -> Column:
    """A column whose values are not broken over lines, such as times."""
    return Column(header, no_wrap=True)


def print_rows(
    console: Console,
    title: str,
    columns: Sequence[str | Column],
    rows: Sequence[Sequence[Cell]],
    *,
    name: str = "",
    is_continued: bool = False,
) -> None:
    """A table, if there are rows. On a terminal what is too long for its column goes on in the next line: nobody can
    use an id that was cut. In a pipe each row is one line of cells with tabs between them, after a line of their
    headers; `name` is then the first cell of each, where a command prints several tables. One that
    `is_continued` needs no headers there."""
    if not rows:
        return
    headers = [each.copy() if isinstance(each, Column) else Column(each) for each in columns]
    cells = [[_text(cell) for cell in row] for row in rows]
    if not console.is_terminal:
        lines = [[cell.plain for cell in row] for row in cells]
        if not is_continued:
            lines.insert(0, [str(each.header) for each in headers])
        # As segments: of text, Rich would make spaces of the tabs.
        console.print(Segments([Segment("\t".join([name, *line] if name else line) + "\n") for line in lines]))
        return
    if title:
        console.print(Text(title, style="italic"))
    console.print(_grid(headers, cells) if _needs(headers, cells) <= console.width else _records(headers, cells))


def _text(cell: Cell) -> Text:
    """As a `Text`: in a string, Rich would take brackets for its own markup."""
    return Text(escape_control(cell.plain), cell.style) if isinstance(cell, Text) else Text(escape_control(cell))


def _needs(headers: Sequence[Column], rows: Sequence[Sequence[Text]]) -> int:
    """The width that the terminal needs to show these rows as a grid."""
    needs = 1
    for number, column in enumerate(headers):
        longest = max(cell_len(str(column.header)), *(row[number].cell_len for row in rows))
        needs += 3 + (longest if column.no_wrap else min(longest, NARROWEST))
    return needs


def _grid(headers: Sequence[Column], rows: Sequence[Sequence[Text]]) -> RenderableType:
    table = Table(*headers)
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*row)
    return table


def _records(headers: Sequence[Column], rows: Sequence[Sequence[Text]]) -> RenderableType:
    """For a terminal that is too narrow: one line for each cell, as psql does (`\\x auto`)."""
    table = Table.grid(Column(style="bold", no_wrap=True), Column(overflow="fold"), padding=(0, 2, 0, 0))
    for number, row in enumerate(rows):
        if number:
            table.add_row()
        for column, cell in zip(headers, row, strict=True):
            if cell.plain:
                table.add_row(f"  {column.header}", cell)
    return table


def ago(moment: datetime | None) -> str:
    if moment is None:
        return "-"
    seconds = (moment - datetime.now(UTC)).total_seconds()
    size = abs(seconds)
    unit, name = next((each for each in _UNITS if size >= 2 * each[0]), (1, "s"))
    text = f"{size / unit:.0f} {name}"
    if text == "0 s":
        return "now"
    return f"in {text}" if seconds >= 0 else f"{text} ago"


def print_findings(console: Console, title: str, findings: Sequence[Finding | Step], *, name: str = "") -> None:
    rows = [(each.part, Text(each.state, style=_COLOURS[each.state]), each.details, each.fix) for each in findings]
    print_rows(console, title, ("part", fixed("state"), "details", "fix"), rows, name=name)
