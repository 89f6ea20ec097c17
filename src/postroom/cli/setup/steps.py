"""What a set-up did, on a terminal."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.text import Text

from postroom.cli.terminal import fixed, out, print_rows
from postroom.setup.step import Step

_COLOURS = {"ok": "green", "changed": "cyan", "would change": "cyan", "warning": "yellow", "error": "red"}


@contextmanager
def progress(server: str) -> Generator[Callable[[Step], Step]]:
    """The part that was done last, on standard error while it goes on, if that is a terminal."""
    with Console(stderr=True).status(f"Setting up {server}") as status:

        def report(step: Step) -> Step:
            status.update(f"Setting up {server}: {step.part}")
            return step

        yield report


def print_steps(steps: Sequence[Step]) -> None:
    rows = [(each.part, Text(each.state, style=_COLOURS[each.state]), each.details, each.fix) for each in steps]
    print_rows(out(), "", ("part", fixed("state"), "details", "fix"), rows)


def exit_code(steps: Sequence[Step]) -> None:
    """Raises `typer.Exit` with 1 if one of them failed."""
    if any(step.state == "error" for step in steps):
        raise typer.Exit(1)
