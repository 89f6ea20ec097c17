"""The command line that benchmarks with named figures share."""

import argparse
import json
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.trial import Trial

Figures = dict[str, float]


async def run(
    prog: str, headings: tuple[str, str], measure: Callable[[Trial], Awaitable[Figures]], **settings: str
) -> None:
    """Measure on a trial of its own (`settings` are the service's), and print a table, or JSON with --json."""
    parser = argparse.ArgumentParser(prog=prog)
    parser.add_argument("--json", action="store_true", help="for programs")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="postroom-bench-") as folder:
        trial = Trial(Path(folder), **settings)
        try:
            await trial.up()
            figures = await measure(trial)
        finally:
            await trial.down()
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    table = Table(*headings)
    for what, figure in figures.items():
        table.add_row(what, str(figure))
    Console().print(table)
