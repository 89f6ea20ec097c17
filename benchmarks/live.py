"""What 1,000 idle live connections cost the service in memory.

    python -m benchmarks.live [--json]

A trial is started in a temporary folder; 50 people register at its Kratos, and each opens 20 streams of /api/live.
"""

import asyncio
import resource
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import psutil

from benchmarks.command import Figures, run
from benchmarks.trial import Trial

PEOPLE, STREAMS_EACH = 50, 20
MEGABYTE = 1 << 20
REST = 30.0
"""Seconds in which the connections do what idle ones do: pings, and a settled id."""

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def measure(trial: Trial) -> Figures:
    environment = trial.environment
    service = _service()
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        domain = environment["POSTROOM_DOMAINS"].partition(",")[0]
        tokens = [await _sign_up(http, environment["POSTROOM_KRATOS_PUBLIC_URL"], domain) for _ in range(PEOPLE)]
    # The first stream of each pays for what all share: caches, code that was never run.
    streams = [await _open(environment["POSTROOM_URL"], token) for token in tokens]
    before = service.memory_info().rss
    cpu_before = _cpu_seconds(service)
    for token in tokens:
        more = (_open(environment["POSTROOM_URL"], token) for _ in range(STREAMS_EACH - 1))
        streams += await asyncio.gather(*more)
    opened, cpu_opened = service.memory_info().rss, _cpu_seconds(service)
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
        "above it when all are open, MB": round((opened - before) / MEGABYTE, 1),
        f"above it {REST:g} s later, MB": round((rested - before) / MEGABYTE, 1),
        "CPU to open one, ms": round(1000 * (cpu_opened - cpu_before) / (len(streams) - PEOPLE), 2),
        "CPU while idle, % of a core": round(100 * (cpu_rested - cpu_opened) / REST, 1),
    }


def _service() -> psutil.Process:
    (found,) = [each for each in psutil.Process().children(recursive=True) if "serve" in each.cmdline()]
    return found


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def _sign_up(http: httpx2.AsyncClient, kratos: str, domain: str) -> str:
    """A session token."""
    flow = (await http.get(f"{kratos}/self-service/registration/api")).raise_for_status().json()
    form = {"method": "password", "password": uuid4().hex, "traits": {"email": f"live-{uuid4().hex[:12]}@{domain}"}}
    return (await http.post(flow["ui"]["action"], json=form)).raise_for_status().json()["session_token"]


async def _open(url: str, token: str) -> Stream:
    """A stream whose mailbox is ready. By hand: a thousand HTTP clients would measure themselves."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET /api/live HTTP/1.1\r\nHost: {parts.netloc}\r\nX-Session-Token: {token}\r\n\r\n".encode())
    async with asyncio.timeout(30):
        status = await reader.readline()
        if b" 200 " not in status:
            raise SystemExit(f"/api/live answered {status.decode().strip()}")
        while b"event: hello" not in await reader.readline():
            if reader.at_eof():
                raise SystemExit("/api/live ended before hello")
    return reader, writer


async def _still_open(reader: asyncio.StreamReader) -> None:
    while await reader.read(65536):
        pass


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Ours and, by inheritance, the service's: each connection is a file.
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192) if most > 0 else 8192, most))
    asyncio.run(run("python -m benchmarks.live", ("1,000 idle live connections", ""), measure))
