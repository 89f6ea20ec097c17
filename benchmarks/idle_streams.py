"""Memory and CPU that 1,000 idle streams of /api/live cost the service.

    python -m benchmarks.idle_streams [--json]

Starts a trial in a temporary folder. 1,000 users register at its Kratos, and each opens a stream. For each of them the
service also listens to the event source of the mail server.
"""

import asyncio
import resource

import httpx2
import psutil

from benchmarks.command import Figures, run
from benchmarks.trial import Trial
from benchmarks.users import Stream, many, open_stream, sign_up

USERS = 1000
FIRST = 5
"""Streams opened before the measurement starts: they fill the caches and run the code for the first time."""

MEGABYTE = 1 << 20
REST = 30.0
"""Seconds for which the streams stay idle and receive only pings."""


async def measure(trial: Trial) -> Figures:
    environment = trial.environment
    service = _service()
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
        users = await many(USERS, lambda _: sign_up(http, environment))

    async def opened(index: int) -> Stream:
        return await open_stream(environment["POSTROOM_URL"], users[index].token)

    streams = await many(FIRST, opened)
    await asyncio.sleep(1)
    before, cpu_before = service.memory_info().rss, _cpu_seconds(service)
    streams += await many(USERS - FIRST, lambda index: opened(FIRST + index))
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
        "open streams": len(streams),
        "of these, closed meanwhile": ended,
        "service before, MB": round(before / MEGABYTE, 1),
        "increase when all are open, MB": round((open_ - before) / MEGABYTE, 1),
        f"increase {REST:g} s later, MB": round((rested - before) / MEGABYTE, 1),
        "CPU to open one, ms": round(1000 * (cpu_open - cpu_before) / (USERS - FIRST), 2),
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
    # Each connection is an open file. The service inherits the limit.
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192) if most > 0 else 8192, most))
    asyncio.run(run("python -m benchmarks.idle_streams", ("1,000 idle streams", ""), measure))
