"""The command line shared by the benchmarks that run on a trial and print named figures."""

import argparse
import json
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.trial import Trial

Figures = dict[str, float]


def parse_json_flag(prog: str) -> bool:
    """Parse the command line; return whether --json was given."""
    parser = argparse.ArgumentParser(prog=prog)
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args().json


async def on_trial(measure: Callable[[Trial], Awaitable[Figures]], **settings: str) -> Figures:
    """Start a trial with these `settings` of the service, measure, and stop it."""
    with tempfile.TemporaryDirectory(prefix="postroom-bench-") as folder:
        trial = Trial(Path(folder), **settings)
        try:
            await trial.up()
            return await measure(trial)
        finally:
            await trial.down()


def print_figures(headings: tuple[str, str], figures: Mapping[str, float], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures, indent=2))
        return
    table = Table(*headings)
    for what, figure in figures.items():
        table.add_row(what, str(figure))
    Console().print(table)


async def run(
    prog: str, headings: tuple[str, str], measure: Callable[[Trial], Awaitable[Figures]], **settings: str
) -> None:
    """Measure on a new trial, and print a table, or JSON with --json."""
    as_json = parse_json_flag(prog)
    print_figures(headings, await on_trial(measure, **settings), as_json=as_json)
