"""How long each process of `make test` was busy, and with the tests of which folder."""

from collections import defaultdict
from pathlib import PurePath

import pytest

_SPENT: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
"""Seconds of setup, call and teardown, by process and folder."""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    worker = getattr(report, "worker_id", "one process")
    _SPENT[worker][PurePath(report.nodeid).parts[:2][-1]] += report.duration


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if len(_SPENT) < 2:
        return
    terminalreporter.section("seconds of each lane")
    for worker, spent in sorted(_SPENT.items()):
        folders = ", ".join(
            f"{folder} {seconds:.0f}" for folder, seconds in sorted(spent.items(), key=lambda each: -each[1])
        )
        terminalreporter.write_line(f"{worker}: {sum(spent.values()):.0f} ({folders})")
