"""Punctuality of retries, Redis commands of an idle worker, and reconcile with 100,000 waiting requests.

    python -m benchmarks.retries [--json]

Starts a trial in a temporary folder, and inserts requests into its database and Redis as a failed attempt leaves them.
"""

import asyncio
import statistics
import time
from functools import partial
from typing import Any
from uuid import uuid4

import psycopg
from redis.asyncio import Redis

from benchmarks.command import run
from benchmarks.trial import Trial
from postroom.postgres.connection import Pool, make_pool, open_leader_connection
from postroom.postgres.installation import PostgresInstallation
from postroom.postgres.leadership import PostgresLeadership
from postroom.postgres.waiting import PostgresWaiting
from postroom.process.clock import SystemClock
from postroom.queue.members import RedisMembers
from postroom.queue.retry_set import FAILURES, KEY, connect
from postroom.retry.reconcile import Reconcile

RETRIES = 600
SPREAD = (5.0, 35.0)
"""The retries come due evenly between these two, in seconds from now."""
MANY = 100_000

INSERT = """
INSERT INTO email_requests (identity_id, email, state, due_at, attempts, retries, enqueued_at, last_error)
SELECT id, id || '@example.org', 'waiting', now() + make_interval(secs => %s + %s * n / %s), 1, 1,
       clock_timestamp() - interval '1 minute', 'mail server answered 503'
FROM unnest(%s::uuid[]) WITH ORDINALITY AS ids (id, n)
"""

LATENESS = """
SELECT extract(epoch FROM l.created_at - d.due_at)::float8 * 1000
FROM email_provisioning_log l JOIN due d ON d.identity_id = l.kratos_identity_id WHERE l.status = 'pending'
"""


async def punctuality(database: psycopg.AsyncConnection[Any], pool: Pool, redis: Redis) -> dict[str, float]:
    """Measure the milliseconds from the due time of each retry to its committed claim; negative is early."""
    start, end = SPREAD
    await database.execute(INSERT, [start, end - start, RETRIES, [uuid4() for _ in range(RETRIES)]])
    await database.execute("CREATE TEMP TABLE due AS SELECT identity_id, due_at FROM email_requests")
    async for page in PostgresWaiting(pool).pages(RETRIES):
        await RedisMembers(redis, PostgresInstallation(pool).id).add(page)
    cursor = None
    for _ in range(int(end) + 30):
        await asyncio.sleep(1)
        cursor = await database.execute(LATENESS)
        if cursor.rowcount >= RETRIES:
            break
    assert cursor is not None
    late = sorted([row[0] for row in await cursor.fetchall()])
    cuts = statistics.quantiles(late, n=100)
    return {
        "retries claimed": len(late),
        "earliest, ms": round(late[0], 1),
        "lateness p50, ms": round(cuts[49], 1),
        "lateness p99, ms": round(cuts[98], 1),
    }


async def idle(redis: Redis, seconds: float = 20) -> dict[str, float]:
    """Count the commands a second that Redis receives from one idle service with a worker, without our own two."""
    before = (await redis.info("stats"))["total_commands_processed"]
    await asyncio.sleep(seconds)
    after = (await redis.info("stats"))["total_commands_processed"]
    return {"idle commands a second": round((after - before - 1) / seconds, 2)}


async def many(database: psycopg.AsyncConnection[Any], pool: Pool, redis: Redis) -> dict[str, float]:
    """Time a full pass after Redis was emptied, and one when everything agrees; measure the memory of Redis."""
    await database.execute("TRUNCATE email_requests")
    await redis.delete(KEY)
    empty = (await redis.info("memory"))["used_memory"]
    await database.execute(INSERT, [3600.0, 1.0, MANY, [uuid4() for _ in range(MANY)]])
    await database.execute("ANALYZE email_requests")
    leadership = PostgresLeadership(partial(open_leader_connection, str(pool.conninfo)))
    members = RedisMembers(redis, PostgresInstallation(pool).id)
    reconcile = Reconcile(PostgresWaiting(pool), members, leadership, SystemClock(), failures=FAILURES)
    rebuilt, seconds = await _timed(reconcile)
    assert rebuilt.added == MANY, rebuilt
    agreed, agreed_seconds = await _timed(reconcile)
    assert agreed.added == agreed.removed == 0, agreed
    started = time.perf_counter()
    await reconcile.check()
    used = (await redis.info("memory"))["used_memory"] - empty
    return {
        "rebuilt after FLUSHALL, s": round(seconds, 2),
        "compared, s": round(agreed_seconds, 2),
        "count compared every 30 s, ms": round(1000 * (time.perf_counter() - started), 1),
        "MiB of Redis": round(used / 2**20, 1),
    }


async def _timed(reconcile: Reconcile) -> tuple[Any, float]:
    started = time.perf_counter()
    corrections = await reconcile.full_pass()
    return corrections, time.perf_counter() - started


async def _measure(trial: Trial) -> dict[str, float]:
    redis = connect(trial.environment["POSTROOM_REDIS_URL"])
    pool = make_pool(trial.environment["POSTROOM_DATABASE_URL"], size=4)
    await pool.open()
    owner = await psycopg.AsyncConnection[Any].connect(trial.owner_url, autocommit=True)
    async with owner, redis, pool:
        return {
            **await punctuality(owner, pool, redis),
            **await idle(redis),
            **{f"{MANY:,} waiting: {what}": figure for what, figure in (await many(owner, pool, redis)).items()},
        }


if __name__ == "__main__":
    asyncio.run(run("python -m benchmarks.retries", ("", "figure"), _measure, POSTROOM_PACE="0"))
