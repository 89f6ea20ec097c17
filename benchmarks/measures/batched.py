"""Drains our queue in batches: the statements of the service, with one claim and one commit for 100 requests.

The worker does not do this, because each mailbox needs its own request to the mail server. It shows what the database
and the audit log can do when jobs do nothing, which is how the published figures of queues are measured.
"""

import time
from uuid import uuid4

from benchmarks.deployment import Deployment
from benchmarks.servers import Servers
from postroom.domain.backoff import DELAY_AFTER_SECOND_CRASH, LONGEST_DELAY_AFTER_CRASHES
from postroom.postgres.connection import make_pool, sql

BATCH = 100
LEASE = 30.0

DUE = "SELECT identity_id FROM email_requests WHERE state = 'waiting' AND due_at <= now() ORDER BY due_at LIMIT %s"


async def drain_batched(servers: Servers, deployment: Deployment, jobs: int) -> float:
    """Return the requests settled in a second."""
    await deployment.client("enqueue", "--n", str(jobs), "--together", "20")
    settled = 0
    async with (
        make_pool(servers.postgres.service_url, size=1) as pool,
        pool.connection() as connection,
        connection.cursor() as cursor,
    ):
        begun = time.perf_counter()
        while True:
            await cursor.execute(DUE, [BATCH])
            ids = [row["identity_id"] for row in await cursor.fetchall()]
            if not ids:
                break
            claim = {
                "identity_ids": ids,
                "holders": [uuid4() for _ in ids],
                "lease": LEASE,
                "exclusive": False,
                "limit": len(ids),
                "crash_delay": DELAY_AFTER_SECOND_CRASH,
                "longest_crash_delay": LONGEST_DELAY_AFTER_CRASHES,
            }
            await cursor.execute(sql("claim"), claim)
            granted = [row for row in await cursor.fetchall() if row["result"] == "granted"]
            outcomes = [
                {
                    "identity_id": row["identity_id"],
                    "holder": row["holder"],
                    "state": "provisioned",
                    "status": "success",
                    "delay": None,
                    "retries": row["retries"],
                    "postponed": 0,
                    "waits_for": None,
                    "outcome_unknown": False,
                    "error": None,
                    "reason": None,
                    "account_id": uuid4(),
                    "stalwart_account_id": row["identity_id"].hex,
                }
                for row in granted
            ]
            async with connection.transaction():
                await cursor.executemany(sql("settle"), outcomes)
            settled += len(granted)
        elapsed = time.perf_counter() - begun
    return settled / elapsed
