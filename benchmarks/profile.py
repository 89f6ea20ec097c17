"""Profiles with py-spy: the service while fifty clients send hooks, and a worker that drains a backlog.

    python -m benchmarks.profile [--seconds N] [--json]

A sample counts for the innermost function of ours and for the library that it called. Samples in which the process
waits in the event loop are counted separately.
"""

import argparse
import asyncio
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Iterable
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.contenders import BENCH, BEST, OURS
from benchmarks.deployment import Deployment
from benchmarks.figures import Row
from benchmarks.scale import SCALES, SHORT, Scale
from benchmarks.servers import Servers, end, exclusive
from benchmarks.steps import Steps, progress_bars

PY_SPY = Path(sys.executable).with_name("py-spy")
RATE = 250
"""Samples a second."""
ROWS = 10
CLIENTS = 50
HOOKS_A_SECOND = 1_000
DRAINED_A_SECOND = 700
"""Both are more than this machine does, so that the load does not end before the profile."""

STARTING = (
    "postroom/__main__.py",
    "postroom/composition/process.py",
    *(f"postroom/cli/{name}.py" for name in ("__init__", "app", "service")),
)
"""They run the event loop, so every stack begins in them."""

_FRAME = re.compile(r"(?P<function>.+) \((?P<file>[^:)]+)(?::\d+)?\)$")
_IN_THE_LOOP = ("Runner.run", "Loop.run_forever", "BaseEventLoop")


async def measure(servers: Servers, scale: Scale, steps: Steps) -> list[Row]:
    steps.expect(2)
    found = [
        await steps.run("hooks", _hooks(servers, scale.profile_seconds)),
        await steps.run("drain", _drain(servers, scale.profile_seconds)),
    ]
    return [row for row in found if row]


async def _hooks(servers: Servers, seconds: float) -> Row:
    await servers.clean(OURS)
    mail_server, mail_url = await servers.stub_mail_server()
    service, url = await servers.serve(POSTROOM_STALWART_URL=mail_url, POSTROOM_LOG_LEVEL="INFO")
    try:
        await servers.hooks(url, 50, 1, "first")
        load = servers.hooks(url, int(HOOKS_A_SECOND * seconds), CLIENTS, "profile")
        return summary("hook to mailbox, 50 clients", await _recorded(service.pid, seconds, load))
    finally:
        await end(service)
        await end(mail_server)


async def _drain(servers: Servers, seconds: float) -> Row:
    async with Deployment(servers, OURS, BEST) as deployment:
        await deployment.client("enqueue", "--n", str(int(DRAINED_A_SECOND * seconds)), "--together", "20")
        worker = await deployment.start_worker()
        await deployment.until(lambda events: len(events) > 0, 30)
        return summary("drain by one worker", await _recorded(worker.pid, seconds, asyncio.sleep(0)))


async def _recorded(pid: int, seconds: float, load: Awaitable[object]) -> list[str]:
    """Run `load` and record; return lines of `frame;frame;… samples`, outermost frame first."""
    with tempfile.TemporaryDirectory(prefix="postroom-profile-") as folder:
        raw = Path(folder) / "raw"
        loading = asyncio.ensure_future(load)
        argv = ("record", "--pid", str(pid), "--duration", str(round(seconds)), "--rate", str(RATE))
        process = await asyncio.create_subprocess_exec(
            PY_SPY,
            *(*argv, "--format", "raw", "--output", str(raw)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await process.communicate()
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
        if process.returncode:
            raise RuntimeError(f"py-spy failed (it needs permission to trace a process): {errors.decode()[-500:]}")
        return raw.read_text().splitlines()


def summary(path: str, lines: Iterable[str]) -> Row:
    """Return the hottest places of `path`. `share, %` leaves out the samples in which the process waited."""
    places: Counter[tuple[str, str]] = Counter()
    waiting = 0
    for line in lines:
        stack, _, count = line.rpartition(" ")
        frames = [(found["function"], found["file"]) for each in stack.split(";") if (found := _FRAME.match(each))]
        if not frames or frames[-1][0].startswith(_IN_THE_LOOP):
            waiting += int(count)
        else:
            places[_place(frames)] += int(count)
    working = sum(places.values())
    return {
        "path": path,
        "samples": working + waiting,
        "in the event loop, %": round(100 * waiting / max(1, working + waiting)),
        "places": [
            {"ours": ours, "library": library, "share, %": round(100 * count / working, 1)}
            for (ours, library), count in places.most_common(ROWS)
        ],
    }


def _place(frames: list[tuple[str, str]]) -> tuple[str, str]:
    """Return the innermost function of ours and the package that it called ('' if none), or the innermost package."""
    called: list[str] = []
    for function, file in frames[::-1]:
        package = _package(file)
        if package == "postroom" and not file.endswith(STARTING):
            return f"{function} ({file})", called[-1] if called else ""
        called += [package] if package else []
    return "none of ours", called[0] if called else ""


def _package(file: str) -> str:
    """Return the package of a file; '' for a module of the standard library."""
    return file.removeprefix("src/").partition("/")[0] if "/" in file else ""


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=SHORT.profile_seconds, help="seconds of each profile (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    with exclusive(), progress_bars() as bars:
        steps = Steps(bars, bars.add_task("profile", step=""))
        async with Servers(BENCH / "servers") as servers:
            rows = await measure(servers, replace(SCALES["short"], profile_seconds=arguments.seconds), steps)
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        table = Table("function", "library that it called", "share", title=row["path"])
        for place in row["places"]:
            table.add_row(place["ours"], place["library"], f"{place['share, %']} %")
        Console().print(table)


if __name__ == "__main__":
    asyncio.run(main())
