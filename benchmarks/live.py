"""What 1,000 idle live connections cost the service in memory.

    python -m benchmarks.live [--json]

A trial is started in a temporary folder; 1,000 people register at its Kratos, and each opens a stream of /api/live. For
each of them the service listens to the mail server's event source, too.
"""

import asyncio
import resource

import httpx2
import psutil

from benchmarks.command import Figures, run
from benchmarks.people import Stream, many, open_stream, sign_up
from benchmarks.trial import Trial

PEOPLE = 1000
FIRST = 5
"""Their streams pay for what all share: caches, code that was never run."""

MEGABYTE = 1 << 20
REST = 30.0
"""Seconds in which the connections do what idle ones do: pings, and a settled id."""


async def measure(trial: Trial) -> Figures:
    environment = trial.environment
    service = _service()
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
        members = await many(PEOPLE, lambda _: sign_up(http, environment))

    async def opened(place: int) -> Stream:
        return await open_stream(environment["POSTROOM_URL"], members[place].token)

    streams = await many(FIRST, opened)
    await asyncio.sleep(1)
    before, cpu_before = service.memory_info().rss, _cpu_seconds(service)
    streams += await many(PEOPLE - FIRST, lambda place: opened(FIRST + place))
    open_, cpu_open = service.memory_info().rss, _cpu_seconds(service)
    readers = [asyncio.create_task(_still_open(reader)) for reader, _ in streams]
    await asyncio.sleep(REST)
    ended = sum(task.done() for task in readers)
    rested, cpu_rested = service.memory_info().rss, _cpu_seconds(service)
    for task in readers:
        task.cancel()
    for _, writer in streams:
        writer.close()
    return {
        "live connections": len(streams),
        "of them ended meanwhile": ended,
        "service before, MB": round(before / MEGABYTE, 1),
        "above it when all are open, MB": round((open_ - before) / MEGABYTE, 1),
        f"above it {REST:g} s later, MB": round((rested - before) / MEGABYTE, 1),
        "CPU to open one, ms": round(1000 * (cpu_open - cpu_before) / (PEOPLE - FIRST), 2),
        "CPU while idle, % of a core": round(100 * (cpu_rested - cpu_open) / REST, 1),
    }


def _service() -> psutil.Process:
    (found,) = [each for each in psutil.Process().children(recursive=True) if "serve" in each.cmdline()]
    return found


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def _still_open(reader: asyncio.StreamReader) -> None:
    while await reader.read(65536):
        pass


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Ours and, by inheritance, the service's: each connection is a file.
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192) if most > 0 else 8192, most))
    asyncio.run(run("python -m benchmarks.live", ("1,000 idle live connections", ""), measure))
