"""How many accepted jobs are lost under a short plan of faults, the same one for all contenders at the same time.

Workers are killed with kill -9 and started again at once, Redis is restarted, and Redis is emptied (FLUSHALL). All
contenders run at the same time, at their best setting, with one worker each, which is also restarted when it ends by
itself. A job that was refused does not count as lost, because its client knows.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import psycopg
from redis.asyncio import Redis

from benchmarks.contenders import CONTENDERS, OURS, Contender
from benchmarks.deployment import Deployment, Event
from benchmarks.figures import Row
from benchmarks.scale import Scale
from benchmarks.servers import Servers
from benchmarks.steps import Steps

SEED = 20261125
TAKES = 0.2
"""Seconds of each job, so that some are running when a worker is killed."""
DELAY = 5.0


@dataclass(frozen=True)
class Plan:
    """When each fault happens, in seconds from the start of the load. The moments are drawn from a seed."""

    kills: tuple[float, ...]
    restart: float
    flush: float


def plan(scale: Scale, seed: int = SEED) -> Plan:
    chance = random.Random(seed)
    slots = scale.kills + 2
    length = scale.load_seconds * 0.9 / slots
    # One fault in each part of the time, so that no two coincide.
    moments = [(number + 0.2 + 0.6 * chance.random()) * length + 2 for number in range(slots)]
    restart, flush = chance.sample(range(1, slots), 2)
    kills = [at for number, at in enumerate(moments) if number not in (restart, flush)]
    return Plan(tuple(kills), moments[restart], moments[flush])


async def measure(servers: Servers, scale: Scale, steps: Steps) -> list[Row]:
    faults = plan(scale)
    deployments = [Deployment(servers, contender, contender.strongest, longest_delay=DELAY) for contender in CONTENDERS]
    steps.expect(len(deployments))
    begin = asyncio.Event()
    running = [
        asyncio.create_task(steps.run(deployment.contender.name, _run(servers, deployment, faults, scale, begin)))
        for deployment in deployments
    ]
    try:
        # A contender that failed to start must not block the others.
        while not all(  # noqa: ASYNC110 — other processes: nothing sets an event
            deployment.is_ready or task.done() for deployment, task in zip(deployments, running, strict=True)
        ):
            await asyncio.sleep(0.1)
        begin.set()
        await _inject(servers, faults)
        return [row for row in await asyncio.gather(*running) if row]
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _inject(servers: Servers, faults: Plan) -> None:
    """Inject the faults of Redis; each deployment kills its own workers."""
    for before, at in pairwise([0.0, *sorted((faults.restart, faults.flush))]):
        await asyncio.sleep(at - before)
        if at == faults.restart:
            await servers.valkey.stop()
            await servers.valkey.start()
        else:
            async with Redis.from_url(servers.valkey.url) as redis:
                await redis.flushall()


async def _run(servers: Servers, deployment: Deployment, faults: Plan, scale: Scale, begin: asyncio.Event) -> Row:
    async with deployment:
        await deployment.start_worker()
        await deployment.until_ready()
        deployment.is_ready = True
        await begin.wait()
        asked = ("--rate", str(scale.load_rate), "--seconds", str(scale.load_seconds))
        supervising = asyncio.create_task(deployment.supervise())
        load = asyncio.create_task(deployment.client("load", *asked, "--takes", str(TAKES), "--delay", str(DELAY)))
        try:
            for before, at in pairwise([0.0, *faults.kills]):
                await asyncio.sleep(at - before)
                await deployment.kill_worker(deployment.workers[-1])
                await deployment.start_worker(BENCH_WORKER="1")
            found = await load
            accepted = set(found["accepted"])
            all_done = await deployment.until(lambda events: accepted <= _ended(events), scale.done_within)
        finally:
            supervising.cancel()
            await asyncio.gather(supervising, return_exceptions=True)
        row = outcome(accepted, deployment.events()) | {"refused": found["refused"], "all done": all_done}
        return {
            "contender": deployment.contender.name,
            "setting": deployment.setting,
            **row,
            "dead": await _dead(servers, deployment.contender),
            "would help": deployment.contender.would_help,
        }


def outcome(accepted: set[str], events: list[Event]) -> Row:
    """Count the accepted jobs that did not end in time (`not done`), and those that ended more than once (`twice`)."""
    ends = Counter(event.key for event in events if event.what == "end")
    return {
        "accepted": len(accepted),
        "not done": len(accepted - ends.keys()),
        "twice": sum(count > 1 for key, count in ends.items() if key in accepted),
    }


def _ended(events: list[Event]) -> set[str]:
    return {event.key for event in events if event.what == "end"}


async def _dead(servers: Servers, contender: Contender) -> int | None:
    """Count the jobs that were given up; None for peers on Redis, which keep no record of them."""
    statements = {
        OURS.name: b"SELECT count(*) FROM email_requests WHERE state = 'dead'",
        "procrastinate": b"SELECT count(*) FROM procrastinate_jobs WHERE status IN ('failed', 'aborted')",
    }
    if contender.name not in statements:
        return None
    async with await psycopg.AsyncConnection.connect(servers.database_url(contender)) as connection:
        found = await (await connection.execute(statements[contender.name])).fetchone()
    return int(found[0]) if found else None
