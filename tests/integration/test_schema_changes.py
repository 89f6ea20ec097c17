"""The schema changes while processes run: whatever a next migration may do must work under load."""

import asyncio
from typing import LiteralString
from uuid import uuid4

from parts import environment, running_parts
from postroom.composition.parts import Parts
from postroom.domain.request import State
from postroom.provisioning.accept import Ready
from records import NOWHERE, Records, mailbox
from servers import Database
from stalwart_stand_in import StalwartStandIn

EXPANSIONS: list[LiteralString] = [
    "ALTER TABLE email_requests ADD COLUMN made_up text",
    "ALTER TABLE email_accounts ADD COLUMN made_up integer NOT NULL DEFAULT 7",
    "ALTER TABLE email_provisioning_log ADD COLUMN made_up jsonb",
    "ALTER TABLE mail_server_breaker ADD COLUMN made_up text",
    "ALTER TABLE identity_sweep ADD COLUMN made_up text",
    "CREATE INDEX CONCURRENTLY made_up ON email_requests (made_up)",
]
"""What a migration of the next release may do while processes of this release run (CONTRIBUTING)."""
PREPARED = 8
"""How often each statement is executed before: psycopg prepares it at the fifth execution."""


async def sign_up(parts: Parts, number: int) -> None:
    answer = await parts.accept(mailbox(f"user-{uuid4().hex[:8]}-{number}"), NOWHERE)
    assert isinstance(answer, Ready)


async def retry(parts: Parts, records: Records) -> None:
    """A request that the worker processes, so that claim and settle are prepared, too."""
    of = mailbox(f"retried-{uuid4().hex[:8]}")
    await parts.requests.accept(of, holder=None, lease=10, origin=NOWHERE, action="accept")
    parts.worker.wake(of.identity_id)
    await records.until("provisioned", of.identity_id)
    assert (await records.request(of.identity_id))["crashes"] == 0


async def test_migration_under_load_fails_no_webhook_and_crashes_no_attempt(
    database: Database, redis_url: str, stalwart: StalwartStandIn, records: Records
) -> None:
    """Prepared statements with `*` would fail with "cached plan must not change result type" from then on: mailboxes
    would be created, but their outcomes not stored."""
    async with (
        running_parts(environment(database, redis_url, stalwart)) as parts,
        running_parts(environment(database, None, stalwart)) as other_host,
    ):
        for number in range(PREPARED):
            await asyncio.gather(*(sign_up(each, number) for each in (parts, other_host)))
            await retry(parts, records)
        for expansion in EXPANSIONS:
            under_load = [asyncio.create_task(sign_up(each, 0)) for each in (parts, other_host) for _ in range(3)]
            await records.connection.execute(expansion)
            await asyncio.gather(*under_load)
            await asyncio.gather(*(sign_up(each, 1) for each in (parts, other_host)))
            for each in (parts, other_host):
                await retry(each, records)
    states = {row["state"] for row in await records.rows("SELECT state FROM email_requests")}
    assert states == {State.PROVISIONED}
    statuses = {row["status"] for row in await records.rows("SELECT status FROM email_provisioning_log")}
    assert statuses == {"pending", "success", "done"}
