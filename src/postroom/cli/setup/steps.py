"""The output and the exit code of `postroom setup …`."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

import typer
from rich.console import Console

from postroom.cli.terminal import out, print_findings
from postroom.setup.step import Step


@contextmanager
def progress(server: str) -> Generator[Callable[[Step], Step]]:
    """Show the last step on standard error while the set-up runs, if that is a terminal."""
    with Console(stderr=True).status(f"Setting up {server}") as status:

        def report(step: Step) -> Step:
            status.update(f"Setting up {server}: {step.part}")
            return step

        yield report


def print_steps(steps: Sequence[Step]) -> None:
    print_findings(out(), "", steps)


def exit_code(steps: Sequence[Step]) -> None:
    """Raises `typer.Exit` with 1 if one of them failed."""
    if any(step.state == "error" for step in steps):
        raise typer.Exit(1)
