"""How soon the service recovers after PostgreSQL was stopped for two minutes while 10,000 clients kept sending hooks.

    python -m benchmarks.load_shedding [--json] [--stopped SECONDS] [--rate HOOKS] [--clients N] [--source FOLDER]

Clients register identities at a steady rate (benchmarks/hook_clients.py); they ignore Retry-After. PostgreSQL gets
SIGSTOP, and later SIGCONT. Goodput is the number of hooks a second that get 200 within 5 s. `--source` is the folder of
another checkout (`git worktree add FOLDER COMMIT`), whose service is measured instead. When PostgreSQL is stopped for a
shorter time (`--stopped 20`), fewer clients are waiting when it continues: the rate times the seconds.
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
from benchmarks.servers import WEBHOOK_KEY, Servers, exclusive

START_WITHIN = 5.0
WARM_UP = 5
"""Seconds of load that are not counted: connections are opened, and code runs for the first time."""
BEFORE = 15
"""Seconds over which the normal goodput is measured."""
AFTER = 60
RECOVERED_WITHIN = 10
"""Seconds after PostgreSQL continues, in which goodput must be back to normal."""
WINDOW = 3
"""Seconds over which goodput is averaged."""

Seconds = list[Counter[str]]


@dataclass(frozen=True)
class Scenario:
    """When PostgreSQL stops and continues, and when the load ends, in seconds from the start of the load."""

    clients: int
    rate: float
    stopped: int

    @property
    def stop_at(self) -> int:
        return WARM_UP + BEFORE

    @property
    def continue_at(self) -> int:
        return self.stop_at + self.stopped

    @property
    def end_at(self) -> int:
        return self.continue_at + AFTER


def allow_open_files(files: int) -> None:
    """Raise the limit of open files. Raises SystemExit if the system does not allow that many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < files:
        raise SystemExit(f"these clients need {files} open files, and only {hard} are allowed: raise `ulimit -Hn`")
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))


async def send_hooks(servers: Servers, url: str, scenario: Scenario, begin: float) -> Seconds:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.hook_clients", url, str(scenario.clients), str(scenario.clients / scenario.rate)),
        *(str(begin), str(begin + scenario.end_at)),
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
        raise RuntimeError("the clients failed; the reason is printed above")
    return [Counter(second) for second in json.loads(output)]


async def stop_postgres(servers: Servers, scenario: Scenario, begin: float) -> None:
    await asyncio.sleep(begin + scenario.stop_at - time.time())
    postmaster = psutil.Process(servers.postgres.pid)
    stopped = [postmaster]
    postmaster.send_signal(signal.SIGSTOP)
    try:
        stopped += postmaster.children(recursive=True)  # a stopped postmaster starts no more of them
        for backend in stopped[1:]:
            backend.send_signal(signal.SIGSTOP)
        await asyncio.sleep(begin + scenario.continue_at - time.time())
    finally:
        for each in reversed(stopped):
            each.send_signal(signal.SIGCONT)


async def measure(scenario: Scenario, source: Path) -> tuple[Seconds, list[float]]:
    async with Servers(BENCH / "servers", source=source) as servers:
        _, mail_server = await servers.stub_mail_server()
        service, url = await servers.serve(POSTROOM_STALWART_URL=mail_server, POSTROOM_LOG_LEVEL="INFO")
        begin = time.time() + START_WITHIN
        async with asyncio.TaskGroup() as group:
            clients = group.create_task(send_hooks(servers, url, scenario, begin))
            busy = group.create_task(cpu_of(service.pid, scenario, begin))
            group.create_task(stop_postgres(servers, scenario, begin))
    return clients.result(), busy.result()


async def cpu_of(pid: int, scenario: Scenario, begin: float) -> list[float]:
    """Return which share of one core the process used in each second."""
    process, used = psutil.Process(pid), list[float]()
    for second in range(scenario.end_at + 1):
        await asyncio.sleep(max(0.0, begin + second - time.time()))
        times = process.cpu_times()
        used.append(times.user + times.system)
    return [later - earlier for earlier, later in pairwise(used)]


def goodput(seconds: Seconds, first: int, count: int) -> float:
    return statistics.fmean(second["good"] for second in seconds[first : first + count])


def figures(seconds: Seconds, cpu: Sequence[float], scenario: Scenario) -> dict[str, float]:
    normal = goodput(seconds, WARM_UP, BEFORE)
    best = max(goodput(seconds, scenario.continue_at + k, WINDOW) for k in range(RECOVERED_WITHIN - WINDOW + 1))
    recovered = next(
        (k for k in range(AFTER) if goodput(seconds, scenario.continue_at + k, WINDOW) >= 0.8 * normal), None
    )
    return {
        "goodput before": round(normal),
        "the service's share of a core, before": round(statistics.fmean(cpu[WARM_UP : scenario.stop_at]), 2),
        "clients without a mailbox when PostgreSQL continues": seconds[scenario.continue_at - 1]["unserved"],
        "goodput of the first ten seconds after": round(goodput(seconds, scenario.continue_at, RECOVERED_WITHIN)),
        "best three seconds of these / before": round(best / normal, 2),
        "maximum delay of the clients themselves, s": max(second["behind, ms"] for second in seconds) / 1000,
        "seconds until goodput was 0.8 of that before": AFTER if recovered is None else recovered,
    }


def show(seconds: Seconds, cpu: Sequence[float], scenario: Scenario) -> None:
    kinds = sorted({kind for second in seconds for kind in second})
    table = Table("second", *kinds, "CPU")
    shown = [*range(scenario.stop_at - 2, scenario.stop_at + 8), *range(scenario.continue_at - 3, scenario.end_at)]
    for number in shown:
        second = seconds[number]
        table.add_row(str(number - scenario.continue_at), *(str(second[kind]) for kind in kinds), f"{cpu[number]:.2f}")
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load_shedding")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--stopped", type=int, default=120, help="seconds for which PostgreSQL is stopped (default: %(default)s)"
    )
    parser.add_argument("--clients", type=int, default=10_000, help="default: %(default)s")
    parser.add_argument(
        "--rate", type=float, default=150.0, help="identities registered a second, before (default: %(default)s)"
    )
    parser.add_argument(
        "--source", type=Path, default=ROOT, help="the checkout whose service is measured (default: this one)"
    )
    arguments = parser.parse_args()
    scenario = Scenario(arguments.clients, arguments.rate, arguments.stopped)
    allow_open_files(scenario.clients + 1_000)
    with exclusive():
        seconds, cpu = asyncio.run(measure(scenario, arguments.source.resolve()))
    found = figures(seconds, cpu, scenario)
    if arguments.json:
        print(json.dumps({"figures": found, "seconds": seconds}, indent=2))
        return
    show(seconds, cpu, scenario)
    table = Table("PostgreSQL stopped", f"for {scenario.stopped} s, {scenario.clients:,} clients")
    for what, figure in found.items():
        table.add_row(what, f"{figure:,}")
    Console().print(table)


if __name__ == "__main__":
    main()
