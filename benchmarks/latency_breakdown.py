"""What the latency of a stored hook consists of, and that of the same webhook on procrastinate for comparison.

    python -m benchmarks.latency_breakdown [--json]

The breaker is open, so hooks are stored and not attempted. Each part is timed; its figure is the median of its times,
without the parts inside it. One client sends hooks to both services in turn. The target is a rate 1.6 times that of
procrastinate.
"""

import asyncio
import atexit
import functools
import json
import os
import signal
import statistics
import time
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.command import parse_json_flag, print_figures
from benchmarks.contenders import BENCH, OURS, install
from benchmarks.figures import Row
from benchmarks.measures.accept_rate import PROCRASTINATE, both_services
from benchmarks.servers import Servers, exclusive
from benchmarks.targets import ACCEPT
from postroom.api.webhook import Webhook
from postroom.composition import process
from postroom.postgres.requests import PostgresRequests
from postroom.process.telemetry import configure_logging
from postroom.settings.environment import load

HOOKS, RUNS = 500, 6
TIMED = ((Webhook, "provision"), (PostgresRequests, "accept"))
SERVE = "from benchmarks import latency_breakdown; latency_breakdown.serve()"


def serve() -> None:
    """Run the service with timers. When it ends, it writes the medians, in ms, to the file BENCH_PARTS."""
    seconds: dict[str, list[float]] = {name: [] for _, name in TIMED}

    def add_timer(owner: type, name: str) -> None:
        timed = getattr(owner, name)

        @functools.wraps(timed)
        async def around(*arguments: Any, **named: Any) -> Any:
            begun = time.perf_counter()
            try:
                return await timed(*arguments, **named)
            finally:
                seconds[name].append(time.perf_counter() - begun)

        setattr(owner, name, around)

    for owner, name in TIMED:
        add_timer(owner, name)
    atexit.register(
        lambda: Path(os.environ["BENCH_PARTS"]).write_text(
            json.dumps({name: 1000 * statistics.median(found) for name, found in seconds.items()})
        )
    )
    loaded = load(os.environ)
    configure_logging(json=True, level=loaded.log_level)
    uvloop.run(process.serve(loaded, until_eof=True))


async def measure(servers: Servers) -> Row:
    """Return the milliseconds at p50 of one client."""
    file = servers.data.folder("parts") / "parts.json"
    latencies: dict[str, list[float]] = {OURS.name: [], PROCRASTINATE.name: []}
    async with both_services(servers, "-c", SERVE, BENCH_PARTS=str(file)) as services:
        for run in range(RUNS):
            for contender, (_, url) in services.items():
                found = await servers.hooks(url, HOOKS, 1, f"part{run}x")
                latencies[contender.name] += found["latencies"]
        service, _ = services[OURS]
        os.kill(service.pid, signal.SIGTERM)
        await service.ended()
    part = json.loads(file.read_text())
    ours, theirs = (1000 * statistics.median(latencies[each.name]) for each in (OURS, PROCRASTINATE))
    return {
        "HTTP and FastAPI, client and server": ours - part["provision"],
        "reading and checking the hook": part["provision"] - part["accept"],
        "PostgreSQL: statement and commit": part["accept"],
        "in total": ours,
        "procrastinate behind FastAPI": theirs,
        f"latency of {ACCEPT} times its rate": theirs / ACCEPT,
    }


async def main() -> None:
    as_json = parse_json_flag("python -m benchmarks.latency_breakdown")
    await install(PROCRASTINATE.name)
    async with Servers(BENCH / "servers") as servers:
        found = {name: round(value, 2) for name, value in (await measure(servers)).items()}
    print_figures(("a hook that is stored and not attempted", "ms, p50"), found, as_json=as_json)


if __name__ == "__main__":
    with exclusive():
        asyncio.run(main())
