"""Where the time goes: py-spy on the service while fifty clients send hooks, and on a worker that drains a backlog.

    python -m benchmarks.profile [--seconds N] [--json]

A sample counts for the place of ours that was at work and for the library that it had called; who waits, waits in the
event loop, and is told apart.
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
from benchmarks.course import Course, progress
from benchmarks.figures import Row
from benchmarks.form import FORMS, SHORT, Form
from benchmarks.lane import Lane
from benchmarks.servers import Servers, alone, end

PY_SPY = Path(sys.executable).with_name("py-spy")
RATE = 250
"""Samples a second."""
TOLD = 10
CLIENTS = 50
HOOKS_A_SECOND = 1_000
DRAINED_A_SECOND = 700
"""More than are done in a second here: the load must not end before the profile."""

STARTING = (
    "postroom/__main__.py",
    "postroom/composition/process.py",
    *(f"postroom/cli/{name}.py" for name in ("__init__", "app", "service")),
)
"""They hold the event loop, so every stack begins in them."""

_FRAME = re.compile(r"(?P<function>.+) \((?P<file>[^:)]+)(?::\d+)?\)$")
_IN_THE_LOOP = ("Runner.run", "Loop.run_forever", "BaseEventLoop")


async def measure(servers: Servers, form: Form, course: Course) -> list[Row]:
    course.expect(2)
    found = [
        await course.step("hooks", _hooks(servers, form.profile_seconds)),
        await course.step("drain", _drain(servers, form.profile_seconds)),
    ]
    return [row for row in found if row]


async def _hooks(servers: Servers, seconds: float) -> Row:
    await servers.clean(OURS)
    mail_server, mail_url = await servers.quick_mail_server()
    service, url = await servers.serve(POSTROOM_STALWART_URL=mail_url, POSTROOM_LOG_LEVEL="INFO")
    try:
        await servers.hooks(url, 50, 1, "first")
        load = servers.hooks(url, int(HOOKS_A_SECOND * seconds), CLIENTS, "profile")
        return told("hook to mailbox, 50 clients", await _watched(service.pid, seconds, load))
    finally:
        await end(service)
        await end(mail_server)


async def _drain(servers: Servers, seconds: float) -> Row:
    async with Lane(servers, OURS, BEST) as lane:
        await lane.client("enqueue", "--n", str(int(DRAINED_A_SECOND * seconds)), "--together", "20")
        worker = await lane.work()
        await lane.until(lambda events: len(events) > 0, 30)
        return told("drain by one worker", await _watched(worker.pid, seconds, asyncio.sleep(0)))


async def _watched(pid: int, seconds: float, load: Awaitable[object]) -> list[str]:
    """Lines of `frame;frame;… samples`, outermost first, while `load` runs."""
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
            raise RuntimeError(f"py-spy failed (it needs the right to trace a process): {errors.decode()[-500:]}")
        return raw.read_text().splitlines()


def told(path: str, lines: Iterable[str]) -> Row:
    """The hottest places of `path`. `share, %` is of the samples in which the process was not waiting."""
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
            for (ours, library), count in places.most_common(TOLD)
        ],
    }


def _place(frames: list[tuple[str, str]]) -> tuple[str, str]:
    """The innermost function of ours and the package that it had called ('' if none); or the innermost package."""
    called: list[str] = []
    for function, file in frames[::-1]:
        package = _package(file)
        if package == "postroom" and not file.endswith(STARTING):
            return f"{function} ({file})", called[-1] if called else ""
        called += [package] if package else []
    return "none of ours", called[0] if called else ""


def _package(file: str) -> str:
    """'' for a module of the standard library that is no package."""
    return file.removeprefix("src/").partition("/")[0] if "/" in file else ""


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SHORT.profile_seconds, help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="for programs")
    arguments = parser.parse_args()
    with alone(), progress() as bars:
        course = Course(bars, bars.add_task("profile", step=""))
        async with Servers(BENCH / "servers") as servers:
            rows = await measure(servers, replace(FORMS["short"], profile_seconds=arguments.seconds), course)
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        table = Table("place of ours", "library it had called", "share", title=row["path"])
        for place in row["places"]:
            table.add_row(place["ours"], place["library"], f"{place['share, %']} %")
        Console().print(table)


if __name__ == "__main__":
    asyncio.run(main())
