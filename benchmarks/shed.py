"""PostgreSQL stands still for two minutes while 10,000 clients send their hooks again and again: when it goes on, how
soon are hooks answered in time as before?

    python -m benchmarks.shed [--json] [--still SECONDS] [--rate HOOKS] [--clients N] [--source FOLDER]

Clients register persons at a steady rate. Then PostgreSQL gets SIGSTOP, and later SIGCONT; the clients ignore
Retry-After (benchmarks/crowd.py). Goodput is the hooks answered 200 within 5 s, in a second. `--source` is the folder
of another checkout (`git worktree add FOLDER COMMIT`), whose service is measured instead. In a shorter form (`--still
20`) fewer clients have come to wait: the rate times those seconds.
"""

import argparse
import asyncio
import json
import resource
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.contenders import BENCH, OURS, ROOT
from benchmarks.servers import WEBHOOK_KEY, Servers, alone

START_WITHIN = 5.0
SETTLE = 5
"""Seconds of the load that are not counted: connections are opened, code runs for the first time."""
BEFORE = 15
"""Seconds whose goodput is the former one."""
AFTER = 60
BACK_WITHIN = 10
"""Seconds after PostgreSQL's return in which goodput must have come back."""
WINDOW = 3
"""Seconds over which it is averaged."""

Seconds = list[Counter[str]]


@dataclass(frozen=True)
class Course:
    clients: int
    rate: float
    still: int

    @property
    def stops(self) -> int:
        return SETTLE + BEFORE

    @property
    def goes_on(self) -> int:
        return self.stops + self.still

    @property
    def ends(self) -> int:
        return self.goes_on + AFTER


def may_open(files: int) -> None:
    """Raises SystemExit where the system does not allow so many open files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < files:
        raise SystemExit(f"so many clients need {files} open files, and {hard} are allowed: raise `ulimit -Hn`")
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))


async def crowd(servers: Servers, url: str, course: Course, begin: float) -> Seconds:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.crowd", url, str(course.clients), str(course.clients / course.rate)),
        *(str(begin), str(begin + course.ends)),
        env=servers.environment(OURS, BENCH_HOOK_KEY=WEBHOOK_KEY),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError("the clients failed; the reason stands above")
    return [Counter(second) for second in json.loads(output)]


async def stand_still(servers: Servers, course: Course, begin: float) -> None:
    await asyncio.sleep(begin + course.stops - time.time())
    postmaster = psutil.Process(servers.postgres.pid)
    stopped = [postmaster]
    postmaster.send_signal(signal.SIGSTOP)
    try:
        stopped += postmaster.children(recursive=True)  # no more are born
        for backend in stopped[1:]:
            backend.send_signal(signal.SIGSTOP)
        await asyncio.sleep(begin + course.goes_on - time.time())
    finally:
        for each in reversed(stopped):
            each.send_signal(signal.SIGCONT)


async def measure(course: Course, source: Path) -> tuple[Seconds, list[float]]:
    async with Servers(BENCH / "servers", source=source) as servers:
        _, mail_server = await servers.quick_mail_server()
        service, url = await servers.serve(POSTROOM_STALWART_URL=mail_server, POSTROOM_LOG_LEVEL="INFO")
        begin = time.time() + START_WITHIN
        async with asyncio.TaskGroup() as group:
            clients = group.create_task(crowd(servers, url, course, begin))
            busy = group.create_task(cpu_of(service.pid, course, begin))
            group.create_task(stand_still(servers, course, begin))
    return clients.result(), busy.result()


async def cpu_of(pid: int, course: Course, begin: float) -> list[float]:
    """Of one core, in each second."""
    process, used = psutil.Process(pid), list[float]()
    for second in range(course.ends + 1):
        await asyncio.sleep(max(0.0, begin + second - time.time()))
        times = process.cpu_times()
        used.append(times.user + times.system)
    return [later - earlier for earlier, later in pairwise(used)]


def goodput(seconds: Seconds, first: int, count: int) -> float:
    return statistics.fmean(second["good"] for second in seconds[first : first + count])


def figures(seconds: Seconds, cpu: Sequence[float], course: Course) -> dict[str, float]:
    former = goodput(seconds, SETTLE, BEFORE)
    best = max(goodput(seconds, course.goes_on + k, WINDOW) for k in range(BACK_WITHIN - WINDOW + 1))
    back = next((k for k in range(AFTER) if goodput(seconds, course.goes_on + k, WINDOW) >= 0.8 * former), None)
    return {
        "hooks answered 200 within 5 s, a second, before": round(former),
        "the service's part of a core, before": round(statistics.fmean(cpu[SETTLE : course.stops]), 2),
        "clients without their mailbox when PostgreSQL goes on": seconds[course.goes_on - 1]["unserved"],
        "goodput of the first ten seconds after": round(goodput(seconds, course.goes_on, BACK_WITHIN)),
        "best three seconds of these / before": round(best / former, 2),
        "the clients themselves were late by up to, s": max(second["behind, ms"] for second in seconds) / 1000,
        "seconds until 0.8 of before": AFTER if back is None else back,
    }


def show(seconds: Seconds, cpu: Sequence[float], course: Course) -> None:
    kinds = sorted({kind for second in seconds for kind in second})
    table = Table("second", *kinds, "CPU")
    shown = [*range(course.stops - 2, course.stops + 8), *range(course.goes_on - 3, course.ends)]
    for number in shown:
        second = seconds[number]
        table.add_row(str(number - course.goes_on), *(str(second[kind]) for kind in kinds), f"{cpu[number]:.2f}")
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shed")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--still", type=int, default=120, help="seconds that PostgreSQL stands still")
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=150.0, help="persons a second, before")
    parser.add_argument("--source", type=Path, default=ROOT, help="the checkout whose service is measured")
    asked = parser.parse_args()
    course = Course(asked.clients, asked.rate, asked.still)
    may_open(course.clients + 1_000)
    with alone():
        seconds, cpu = asyncio.run(measure(course, asked.source.resolve()))
    found = figures(seconds, cpu, course)
    if asked.json:
        print(json.dumps({"figures": found, "seconds": seconds}, indent=2))
        return
    show(seconds, cpu, course)
    table = Table("PostgreSQL still", f"{course.still} s, {course.clients:,} clients")
    for what, figure in found.items():
        table.add_row(what, f"{figure:,}")
    Console().print(table)


if __name__ == "__main__":
    main()
