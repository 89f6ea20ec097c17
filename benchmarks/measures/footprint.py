"""What 100,000 waiting jobs take in Redis and PostgreSQL, and the queries and memory of an idle worker."""

import asyncio

import psutil
import psycopg
from redis.asyncio import Redis

from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.deployment import Deployment
from benchmarks.figures import Row
from benchmarks.scale import Scale
from benchmarks.servers import Servers
from benchmarks.steps import Steps

REPORTED_FOR = 100_000
MEBIBYTE = 2**20
SETTLE = 2.0
"""Seconds after which a worker is idle."""


async def measure(servers: Servers, scale: Scale, steps: Steps) -> list[Row]:
    planned = [(contender, setting) for contender in CONTENDERS for setting in contender.settings]
    steps.expect(len(planned))
    found = [
        await steps.run(f"{contender.name}, {setting}", _run(servers, contender, setting, scale))
        for contender, setting in planned
    ]
    return [row for row in found if row]


async def _run(servers: Servers, contender: Contender, setting: str, scale: Scale) -> Row:
    row: Row = {"contender": contender.name, "setting": setting}
    async with Deployment(servers, contender, setting) as deployment:
        row |= await _idle(servers, deployment, scale.idle_seconds)
    if setting == contender.settings[0]:
        row |= await _waiting(servers, contender, scale.waiting)
    return row


async def _idle(servers: Servers, deployment: Deployment, seconds: float) -> Row:
    worker = await deployment.start_worker()
    await deployment.until_ready()
    await asyncio.sleep(SETTLE)
    url = servers.database_url(deployment.contender)
    async with Redis.from_url(servers.valkey.url) as redis:
        before, transactions = await _commands(redis), await _transactions(servers, url)
        await asyncio.sleep(seconds)
        # One of them is our own INFO.
        commands = (await _commands(redis) - before - 1) / seconds
        asked = (await _transactions(servers, url) - transactions) / seconds
    return {
        "Redis commands a second, idle": round(commands, 1),
        "PostgreSQL transactions a second, idle": round(asked, 1),
        "MiB of a worker": round(_memory(worker.pid) / MEBIBYTE),
    }


async def _waiting(servers: Servers, contender: Contender, jobs: int) -> Row:
    async with (
        Deployment(servers, contender, contender.settings[0]) as deployment,
        Redis.from_url(servers.valkey.url) as redis,
    ):
        used, size = await _used(redis), await _size(servers, servers.database_url(contender))
        await deployment.client("enqueue", "--n", str(jobs), "--first", "3600", "--together", "50")
        scale = REPORTED_FOR / jobs / MEBIBYTE
        return {
            "MiB of Redis": round(max(0, await _used(redis) - used) * scale, 1),
            "MiB of PostgreSQL": round((await _size(servers, servers.database_url(contender)) - size) * scale, 1),
            "measured with": jobs,
        }


async def _commands(redis: Redis) -> int:
    return int((await redis.info("stats"))["total_commands_processed"])


async def _used(redis: Redis) -> int:
    return int((await redis.info("memory"))["used_memory"])


async def _size(servers: Servers, url: str) -> int:
    return await _number(servers, "SELECT pg_database_size(%s)", url)


async def _transactions(servers: Servers, url: str) -> int:
    return await _number(servers, "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s", url)


async def _number(servers: Servers, query: str, url: str) -> int:
    # From another database, so that this query is not counted.
    async with await psycopg.AsyncConnection.connect(servers.postgres.admin_url, autocommit=True) as connection:
        found = await (await connection.execute(query.encode(), [url.rpartition("/")[2]])).fetchone()
    return int(found[0]) if found else 0


def _memory(pid: int) -> int:
    """Return the memory of the worker and its child processes; shared pages count once where the system reports PSS."""
    worker = psutil.Process(pid)
    return sum(_of(each) for each in (worker, *worker.children(recursive=True)))


def _of(process: psutil.Process) -> int:
    memory = process.memory_full_info()
    return getattr(memory, "pss", memory.rss)
