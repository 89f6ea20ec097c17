"""A short plan of faults from a seed, the same for all at the same moments: what becomes of what was accepted?

Workers are killed with kill -9 and started again at once; Redis is restarted; Redis is emptied (FLUSHALL). All run at
their strongest setting, all at once, each with one worker. What a client was refused is not lost: it was told.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import psycopg
from redis.asyncio import Redis

from benchmarks.contenders import CONTENDERS, OURS, Contender
from benchmarks.course import Course
from benchmarks.figures import Row
from benchmarks.form import Form
from benchmarks.lane import Event, Lane
from benchmarks.servers import Servers

SEED = 20261125
TAKES = 0.2
"""Seconds of a job, so that kills strike while some run."""
DELAY = 5.0


@dataclass(frozen=True)
class Plan:
    """Seconds from the start of the load."""

    kills: tuple[float, ...]
    restart: float
    flush: float


def plan(form: Form, seed: int = SEED) -> Plan:
    chance = random.Random(seed)
    slots = form.kills + 2
    length = form.load_seconds * 0.9 / slots
    # One fault in each part of the time, so that none hides behind another.
    moments = [(number + 0.2 + 0.6 * chance.random()) * length + 2 for number in range(slots)]
    restart, flush = chance.sample(range(1, slots), 2)
    kills = [at for number, at in enumerate(moments) if number not in (restart, flush)]
    return Plan(tuple(kills), moments[restart], moments[flush])


async def measure(servers: Servers, form: Form, course: Course) -> list[Row]:
    faults = plan(form)
    lanes = [Lane(servers, contender, contender.strongest, longest=DELAY) for contender in CONTENDERS]
    course.expect(len(lanes))
    begin = asyncio.Event()
    running = [
        asyncio.create_task(course.step(lane.contender.name, _run(servers, lane, faults, form, begin)))
        for lane in lanes
    ]
    try:
        # One that failed to start must not keep the others waiting.
        while not all(lane.is_ready or task.done() for lane, task in zip(lanes, running, strict=True)):  # noqa: ASYNC110 — other processes
            await asyncio.sleep(0.1)
        begin.set()
        await _strike(servers, faults)
        return [row for row in await asyncio.gather(*running) if row]
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _strike(servers: Servers, faults: Plan) -> None:
    """The faults of Redis; each lane kills its own worker."""
    for before, at in pairwise([0.0, *sorted((faults.restart, faults.flush))]):
        await asyncio.sleep(at - before)
        if at == faults.restart:
            await servers.valkey.stop()
            await servers.valkey.start()
        else:
            async with Redis.from_url(servers.valkey.url) as redis:
                await redis.flushall()


async def _run(servers: Servers, lane: Lane, faults: Plan, form: Form, begin: asyncio.Event) -> Row:
    async with lane:
        await lane.work()
        await lane.ready()
        lane.is_ready = True
        await begin.wait()
        asked = ("--rate", str(form.load_rate), "--seconds", str(form.load_seconds))
        load = asyncio.create_task(lane.client("load", *asked, "--takes", str(TAKES), "--delay", str(DELAY)))
        for before, at in pairwise([0.0, *faults.kills]):
            await asyncio.sleep(at - before)
            await lane.kill(lane.workers[-1])
            await lane.work(BENCH_WORKER="1")
        found = await load
        accepted = set(found["accepted"])
        calm = await lane.until(lambda events: accepted <= _ended(events), form.calm_within)
        row = outcome(accepted, lane.events()) | {"refused": found["refused"], "calm": calm}
        return {
            "contender": lane.contender.name,
            "setting": lane.setting,
            **row,
            "buried": await _buried(servers, lane.contender),
            "would help": lane.contender.would_help,
        }


def outcome(accepted: set[str], events: list[Event]) -> Row:
    """`not done`: accepted, and not run to its end in time. `twice`: run to its end more than once."""
    ends = Counter(event.key for event in events if event.what == "end")
    return {
        "accepted": len(accepted),
        "not done": len(accepted - ends.keys()),
        "twice": sum(count > 1 for key, count in ends.items() if key in accepted),
    }


def _ended(events: list[Event]) -> set[str]:
    return {event.key for event in events if event.what == "end"}


async def _buried(servers: Servers, contender: Contender) -> int | None:
    """Given up for good; of a peer only PostgreSQL could tell, and procrastinate calls it failed."""
    statements = {
        OURS.name: b"SELECT count(*) FROM email_requests WHERE state = 'dead'",
        "procrastinate": b"SELECT count(*) FROM procrastinate_jobs WHERE status IN ('failed', 'aborted')",
    }
    if contender.name not in statements:
        return None
    async with await psycopg.AsyncConnection.connect(servers.database_url(contender)) as connection:
        found = await (await connection.execute(statements[contender.name])).fetchone()
    return int(found[0]) if found else None
