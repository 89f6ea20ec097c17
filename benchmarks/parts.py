"""Where the time goes of a hook that is accepted and not attempted: a clock around each part.

    python -m benchmarks.parts [--json]

Each figure is the median of what a part took, less that of the parts within it. Beside it stands procrastinate's defer
on the same PostgreSQL: the target is 1.6 times its rate.
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

from benchmarks.command import tell, wants_json
from benchmarks.contenders import BENCH, BY_NAME, DEFAULTS, OURS, install
from benchmarks.figures import Row
from benchmarks.lane import Lane
from benchmarks.measures.accept_rate import open_breaker
from benchmarks.servers import Servers, alone, end
from postroom import settings
from postroom.api.webhook import Webhook
from postroom.composition import process
from postroom.postgres.requests import PostgresRequests
from postroom.queue.retry_set import RetrySet
from postroom.telemetry import configure_logging

HOOKS = 3_000
TIMED = ((Webhook, "provision"), (PostgresRequests, "accept"), (RetrySet, "replace"))


def serve() -> None:
    """The service with its clocks; at its end it writes the medians, in ms, into the file of BENCH_PARTS."""
    seconds: dict[str, list[float]] = {name: [] for _, name in TIMED}

    def clock(owner: type, name: str) -> None:
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
        clock(owner, name)
    atexit.register(
        lambda: Path(os.environ["BENCH_PARTS"]).write_text(
            json.dumps({name: 1000 * statistics.median(found) for name, found in seconds.items()})
        )
    )
    loaded = settings.load(os.environ)
    configure_logging(json=True, level=loaded.log_level)
    uvloop.run(process.serve(loaded, until_eof=True))


async def measure(servers: Servers) -> Row:
    """In ms, at p50, of one client while the breaker is open."""
    await servers.clean(OURS)
    await open_breaker(servers, is_open=True)
    told = servers.data.folder("parts") / "parts.json"
    command = ("-c", "from benchmarks import parts; parts.serve()")
    service, url = await servers.serve(*command, POSTROOM_WORKER="false", BENCH_PARTS=str(told))
    found = await servers.hooks(url, HOOKS, 1, "part")
    assert service.pid
    os.kill(service.pid, signal.SIGTERM)
    await service.ended()
    await end(service)
    part = json.loads(told.read_text())
    whole = 1000 * statistics.median(found["latencies"])
    procrastinate = BY_NAME["procrastinate"]
    async with Lane(servers, procrastinate, DEFAULTS) as lane:
        deferred = await lane.client("accept", "--seconds", "5", "--clients", "1")
    theirs = 1000 * statistics.median(deferred["latencies"])
    return {
        "HTTP and FastAPI: the client, the way, the server": whole - part["provision"],
        "reading and checking the hook": part["provision"] - part["accept"] - part["replace"],
        "PostgreSQL: statement and commit": part["accept"],
        "Redis: the member": part["replace"],
        "all": whole,
        "procrastinate's defer, within its process": theirs,
        "target": theirs / 1.6,
    }


async def main() -> None:
    as_json = wants_json("python -m benchmarks.parts")
    await install("procrastinate")
    async with Servers(BENCH / "servers") as servers:
        found = {name: round(value, 2) for name, value in (await measure(servers)).items()}
    tell(("a hook, accepted and not attempted", "ms, p50"), found, as_json=as_json)


if __name__ == "__main__":
    with alone():
        asyncio.run(main())
