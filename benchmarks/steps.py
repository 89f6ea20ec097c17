"""The steps of a measure, with a progress bar. A step that fails is recorded, and the others go on."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from benchmarks.contenders import ROOT

T = TypeVar("T")

STEP_WITHIN = 1800.0
"""Seconds. A step that takes longer hangs."""

LONGEST_REASON = 500


@dataclass
class Steps:
    """The steps of one measure. `failures` are published with its figures."""

    progress: Progress
    bar: TaskID
    failures: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def expect(self, steps: int) -> None:
        self.progress.update(self.bar, total=steps)

    async def run(self, name: str, awaitable: Awaitable[T]) -> T | None:
        """Return the result of `awaitable`, or None if it failed; the reason is then in `failures`."""
        self.progress.update(self.bar, step=name)
        try:
            async with asyncio.timeout(STEP_WITHIN):
                return await awaitable
        except Exception as error:  # noqa: BLE001 — whatever it was, the figures of other steps must not be lost
            self.failed(name, error)
            return None
        finally:
            self.progress.advance(self.bar)

    def skip(self, name: str) -> None:
        self.progress.update(self.bar, step=name, advance=1)

    def failed(self, name: str, error: Exception) -> None:
        # The reason is published, without the path of this checkout.
        reason = f"{type(error).__name__}: {error}".replace(f"{ROOT}/", "")[-LONGEST_REASON:]
        self.failures.append({"step": name, "reason": reason})
        self.progress.console.print(f"[red]{name} failed[/red]: {reason}", markup=True, highlight=False)


def progress_bars() -> Progress:
    """Return progress bars on standard error; standard output is for results."""
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, TextColumn("{task.fields[step]}"), console=Console(stderr=True))
