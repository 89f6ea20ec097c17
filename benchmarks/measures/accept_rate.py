"""How many delayed jobs are accepted in a second, by one client and by fifty.

In process: the call of the library itself, without HTTP. It shows what each queue takes. Ours is what the webhook does
after it has checked the hook.

Over HTTP: Postroom's webhook while the breaker is open, so that the request is committed and not attempted, and the
same webhook written on procrastinate, the durable peer. The same clients call both in turn (ours, theirs, theirs,
ours), so that other load on the machine affects both. Each pair of runs gives a ratio.
"""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from benchmarks.contenders import BY_NAME, CONTENDERS, DEFAULTS, OURS, Contender, rounds
from benchmarks.deployment import Deployment
from benchmarks.figures import Row, median_and_range, percentile
from benchmarks.scale import Scale
from benchmarks.servers import WEBHOOK_KEY, Servers, end
from benchmarks.steps import Steps
from postroom.domain.breaker import Cause
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import make_pool
from postroom_sandbox.processes import Process

CLIENTS = (1, 50)
OVER_HTTP, IN_PROCESS = "over HTTP", "in process"
RATIO = "times procrastinate"
PROCRASTINATE = BY_NAME["procrastinate"]
POOL_SIZE = "10"
"""Connections to PostgreSQL of each service: our default."""
STORED = {OURS: "500", PROCRASTINATE: "202"}
"""The status of a hook whose request is stored. Ours responds 500, "will retry", because Kratos then knows that the
mailbox does not exist yet."""

Kind = tuple[Contender, str, int]
"""A contender, over HTTP or in process, and the number of clients."""
Services = dict[Contender, tuple[Process, str]]
"""The process and the URL of each."""


async def measure(servers: Servers, scale: Scale, steps: Steps) -> list[Row]:
    runs: dict[Kind, list[Row]] = {}
    ratios: dict[Kind, list[float]] = {}
    steps.expect(scale.accept_runs * (len(CONTENDERS) + 1))
    for contenders in rounds(scale.accept_runs):
        for contender in contenders:
            found = await steps.run(f"{contender.name}, {IN_PROCESS}", _in_process(servers, contender, scale))
            for clients, run in (found or {}).items():
                runs.setdefault((contender, IN_PROCESS, clients), []).append(run)
        for pair in await steps.run(OVER_HTTP, _over_http(servers, scale)) or []:
            for kind, run in pair.items():
                runs.setdefault(kind, []).append(run)
            (ours, our_run), (_, their_run) = sorted(pair.items(), key=lambda each: each[0][0] is not OURS)
            ratios.setdefault(ours, []).append(our_run["a second"] / their_run["a second"])
    return [
        {"contender": kind[0].name, "way": kind[1], "clients": kind[2]}
        | {"a second": median_and_range([run["a second"] for run in found])}
        | {each: median_and_range([run[each] for run in found], 2) for each in ("p50, ms", "p99, ms")}
        | ({RATIO: median_and_range(ratios[kind], 2)} if kind in ratios else {})
        for kind, found in runs.items()
    ]


async def _in_process(servers: Servers, contender: Contender, scale: Scale) -> dict[int, Row]:
    async with Deployment(servers, contender, DEFAULTS) as deployment:
        accept = ("accept", "--seconds", str(scale.accept_seconds), "--clients")
        return {clients: _rate(await deployment.client(*accept, str(clients))) for clients in CLIENTS}


async def _over_http(servers: Servers, scale: Scale) -> list[dict[Kind, Row]]:
    """Return pairs of runs, of ours and of procrastinate, that followed each other."""
    pairs: list[dict[Kind, Row]] = []
    async with both_services(servers) as services:
        for clients in CLIENTS:
            for pair in ((OURS, PROCRASTINATE), (PROCRASTINATE, OURS)):
                found = {each: await _call(servers, each, services[each][1], clients, scale) for each in pair}
                pairs.append({(each, OVER_HTTP, clients): run for each, run in found.items()})
    return pairs


async def _call(servers: Servers, contender: Contender, url: str, clients: int, scale: Scale) -> Row:
    client = [sys.executable, "-m", "benchmarks.peers.http_client"]
    asked = ["accept", "--clients", str(clients), "--seconds", str(scale.accept_seconds)]
    own = {"BENCH_URL": url, "BENCH_HOOK_KEY": WEBHOOK_KEY, "BENCH_STATUS": STORED[contender]}
    return _rate(json.loads(await servers.output([*client, *asked], servers.environment(OURS, **own))))


@asynccontextmanager
async def both_services(servers: Servers, *module: str, **settings: str) -> AsyncIterator[Services]:
    """Run ours, with an open breaker, and procrastinate behind FastAPI, each with an empty queue.

    `module` and `settings` are those of `Servers.serve`.
    """
    async with AsyncExitStack() as stack:
        for contender in STORED:
            await stack.enter_async_context(Deployment(servers, contender, DEFAULTS))
        stack.push_async_callback(open_breaker, servers, is_open=False)
        await open_breaker(servers, is_open=True)
        own = {"POSTROOM_WORKER": "false", "POSTROOM_LOG_LEVEL": "ERROR", "POSTROOM_POOL_SIZE": POOL_SIZE}
        ours = await servers.serve(*module, **own, **settings)
        stack.push_async_callback(end, ours[0])
        theirs = await servers.serve_peer(PROCRASTINATE, BENCH_POOL_SIZE=POOL_SIZE)
        stack.push_async_callback(end, theirs[0])
        yield {OURS: ours, PROCRASTINATE: theirs}


async def open_breaker(servers: Servers, *, is_open: bool) -> None:
    async with make_pool(servers.postgres.service_url, size=2) as pool:
        breakers = PostgresBreakers(pool)
        if is_open:
            await breakers.open(Cause.OUTAGE, "a benchmark of accepting")
        else:
            await breakers.close(await breakers.read())


def _rate(found: dict[str, Any]) -> Row:
    milliseconds = [1000 * each for each in found["latencies"]]
    return {
        "a second": found["accepted"] / found["seconds"],
        "p50, ms": percentile(milliseconds, 50),
        "p99, ms": percentile(milliseconds, 99),
    }
