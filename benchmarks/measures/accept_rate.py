"""How many delayed jobs are accepted in a second, by one client and by fifty.

In the process: the library's own call, without HTTP, which is what each queue itself takes. Ours is then what the
webhook does behind HTTP.

Over HTTP: the webhook of Postroom, while the breaker is open, so that the request is committed and nothing more is
done; and the same webhook written on procrastinate, the durable peer. The same clients ask both in turns (ours, theirs,
theirs, ours), so whatever else the machine does falls on both.
"""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from benchmarks.contenders import BY_NAME, CONTENDERS, DEFAULTS, OURS, Contender, rounds
from benchmarks.course import Course
from benchmarks.figures import Row, median_and_range, percentile
from benchmarks.form import Form
from benchmarks.lane import Lane
from benchmarks.servers import WEBHOOK_KEY, Servers, end
from postroom.domain.breaker import Cause
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import make_pool

CLIENTS = (1, 50)
OVER_HTTP, IN_PROCESS = "over HTTP", "in the process"
PROCRASTINATE = BY_NAME["procrastinate"]
POOL_SIZE = "10"
"""Connections to PostgreSQL of either service: our default."""
STORED = {OURS: 500, PROCRASTINATE: 202}
"""The status of a hook whose request is stored. Kratos is told 500 by ours, which will retry."""

Kind = tuple[Contender, str, int]
"""Who, by which way, and the clients."""
Urls = dict[Contender, str]


async def measure(servers: Servers, form: Form, course: Course) -> list[Row]:
    runs: dict[Kind, list[Row]] = {}
    ratios: dict[int, list[float]] = {clients: [] for clients in CLIENTS}
    course.expect(form.accept_runs * (len(CONTENDERS) + 1))
    for contenders in rounds(form.accept_runs):
        for contender in contenders:
            found = await course.step(f"{contender.name}, {IN_PROCESS}", _in_process(servers, contender, form))
            for clients, run in (found or {}).items():
                runs.setdefault((contender, IN_PROCESS, clients), []).append(run)
        await course.step(OVER_HTTP, _over_http(servers, form, runs, ratios))
    return [
        {"contender": contender.name, "way": way, "clients": clients}
        | {"a second": median_and_range([run["a second"] for run in found])}
        | {each: median_and_range([run[each] for run in found], 2) for each in ("p50, ms", "p99, ms")}
        | (
            {"times procrastinate": median_and_range(ratios[clients], 2)}
            if (contender, way) == (OURS, OVER_HTTP)
            else {}
        )
        for (contender, way, clients), found in runs.items()
    ]


async def _in_process(servers: Servers, contender: Contender, form: Form) -> dict[int, Row]:
    async with Lane(servers, contender, DEFAULTS) as lane:
        asked = ("accept", "--seconds", str(form.accept_seconds), "--clients")
        return {clients: _rate(await lane.client(*asked, str(clients))) for clients in CLIENTS}


async def _over_http(servers: Servers, form: Form, runs: dict[Kind, list[Row]], ratios: dict[int, list[float]]) -> None:
    """Adds to `runs`, and to `ratios` our rate over theirs of each pair of runs, which follow each other."""
    async with both_services(servers) as urls:
        for clients in CLIENTS:
            for pair in ((OURS, PROCRASTINATE), (PROCRASTINATE, OURS)):
                found = {each: await _ask(servers, each, urls, clients, form) for each in pair}
                for contender, run in found.items():
                    runs.setdefault((contender, OVER_HTTP, clients), []).append(run)
                ratios[clients].append(found[OURS]["a second"] / found[PROCRASTINATE]["a second"])


async def _ask(servers: Servers, contender: Contender, urls: Urls, clients: int, form: Form) -> Row:
    found = await servers.output(
        [sys.executable, "-m", "benchmarks.peers.http_client", "accept"]
        + ["--clients", str(clients), "--seconds", str(form.accept_seconds)],
        servers.environment(
            OURS, BENCH_URL=urls[contender], BENCH_HOOK_KEY=WEBHOOK_KEY, BENCH_STATUS=str(STORED[contender])
        ),
    )
    return _rate(json.loads(found))


@asynccontextmanager
async def both_services(servers: Servers) -> AsyncIterator[Urls]:
    """Ours, whose breaker is open, and procrastinate behind FastAPI; each on nothing but what it has accepted."""
    async with AsyncExitStack() as stack:
        for contender in STORED:
            await stack.enter_async_context(Lane(servers, contender, DEFAULTS))
        stack.push_async_callback(open_breaker, servers, is_open=False)
        await open_breaker(servers, is_open=True)
        service, url = await servers.serve(
            POSTROOM_WORKER="false", POSTROOM_LOG_LEVEL="ERROR", POSTROOM_POOL_SIZE=POOL_SIZE
        )
        stack.push_async_callback(end, service)
        peer, peer_url = await servers.serve_peer(PROCRASTINATE, BENCH_POOL_SIZE=POOL_SIZE)
        stack.push_async_callback(end, peer)
        yield {OURS: url, PROCRASTINATE: peer_url}


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
