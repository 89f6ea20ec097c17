"""Time and memory that reconcile needs for a million waiting requests.

    python -m benchmarks.reconcile [--json]

Takes some minutes. The systemd unit allows the service 512 MiB (deploy/systemd).
"""

import asyncio
import json
import os
import sys
from typing import Any
from uuid import uuid4

import psycopg

from benchmarks.command import run
from benchmarks.retries import INSERT
from benchmarks.trial import Trial
from postroom.queue.retry_set import KEY, connect

WAITING = 1_000_000
BATCH = 100_000


async def measure(trial: Trial) -> dict[str, float]:
    owner = await psycopg.AsyncConnection[Any].connect(trial.owner_url, autocommit=True)
    async with owner, connect(trial.environment["POSTROOM_REDIS_URL"]) as redis:
        for _ in range(WAITING // BATCH):
            await owner.execute(INSERT, [3600.0, 600.0, BATCH, [uuid4() for _ in range(BATCH)]])
        await owner.execute("VACUUM ANALYZE email_requests")
        await redis.delete(KEY)
        rebuilt, agreed = await full_pass(trial), await full_pass(trial)
        assert (rebuilt["added"], rebuilt["removed"]) == (WAITING, 0), rebuilt
        assert (agreed["added"], agreed["removed"]) == (0, 0), agreed
    return {
        f"{WAITING:,} waiting, {when}: {what}": taken[what]
        for when, taken in (("rebuilt after FLUSHALL", rebuilt), ("compared", agreed))
        for what in ("seconds", "MiB before", "peak MiB")
    }


async def full_pass(trial: Trial) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.full_pass"),
        # The trial publishes that its own service has no worker, and so does not reconcile.
        env=dict(os.environ) | trial.environment | {"POSTROOM_WORKER": "true"},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    return json.loads(output)


if __name__ == "__main__":
    # Without a worker, the service of the trial does not reconcile at the same time.
    asyncio.run(run("python -m benchmarks.reconcile", ("", "figure"), measure, POSTROOM_WORKER="false"))
