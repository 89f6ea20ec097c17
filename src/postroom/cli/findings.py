"""What was found of each part, for `postroom check` and `postroom status`."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from postroom.cli.terminal import print_rows
from postroom.examination.finding import Finding

_COLOURS = {"fine": "green", "warning": "yellow", "wrong": "red"}


def print_findings(console: Console, title: str, findings: Sequence[Finding]) -> None:
    rows = [(each.part, Text(each.state, style=_COLOURS[each.state]), each.detail, each.fix) for each in findings]
    print_rows(console, title, ("part", "state", "what was found", "what to do"), rows)
