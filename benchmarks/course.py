"""How far a run is, for whoever waits, and what failed on the way: a failure costs its own figure and no other."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from benchmarks.contenders import ROOT

T = TypeVar("T")

STEP_WITHIN = 1800.0
"""Seconds; a step that takes longer hangs."""

LONGEST_REASON = 500


@dataclass
class Course:
    """Of one measure. `failures` are told beside its figures."""

    progress: Progress
    bar: TaskID
    failures: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def expect(self, steps: int) -> None:
        self.progress.update(self.bar, total=steps)

    async def step(self, what: str, awaitable: Awaitable[T]) -> T | None:
        """What `awaitable` gives; None if it failed, with its reason among the failures."""
        self.progress.update(self.bar, step=what)
        try:
            async with asyncio.timeout(STEP_WITHIN):
                return await awaitable
        except Exception as error:  # noqa: BLE001 — whatever it was, the other figures must not be lost by it
            self.failed(what, error)
            return None
        finally:
            self.progress.advance(self.bar)

    def pass_over(self, what: str) -> None:
        self.progress.update(self.bar, step=what, advance=1)

    def failed(self, what: str, error: Exception) -> None:
        # It is published: where this checkout lies is nobody's business.
        reason = f"{type(error).__name__}: {error}".replace(f"{ROOT}/", "")[-LONGEST_REASON:]
        self.failures.append({"step": what, "reason": reason})
        self.progress.console.print(f"[red]{what} failed[/red]: {reason}", markup=True, highlight=False)


def progress() -> Progress:
    """On standard error: standard output is for the results."""
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, TextColumn("{task.fields[step]}"), console=Console(stderr=True))
