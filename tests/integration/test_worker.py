"""A worker beside a row that PostgreSQL refuses, and a service that stops."""

import asyncio

import pytest
from redis.asyncio import Redis

from eventually import eventually
from parts import environment, running_parts
from postroom.postgres.requests import PostgresRequests
from postroom.provisioning.accept import WillRetry
from postroom.queue.retry_set import KEY
from records import NOWHERE, Records, mailbox
from servers import Database
from stalwart_stand_in import StalwartStandIn


@pytest.fixture
def settings(database: Database, redis_url: str, stalwart: StalwartStandIn) -> dict[str, str]:
    return environment(database, redis_url, stalwart, drain_seconds=0.2)


@pytest.mark.parametrize("crashes", [0, 1])
async def test_one_row_whose_claim_postgresql_refuses_stops_nobody_else(
    settings: dict[str, str], requests: PostgresRequests, records: Records, crashes: int
) -> None:
    """An operator's trigger, say. The worker's loop broke on it, and its process ended, at each start again."""
    refused, others = mailbox("refused"), [mailbox(f"user-{number}") for number in range(10)]
    for each in (refused, *others):
        await requests.accept(each, holder=None, lease=10, origin=NOWHERE, action="accept")
    await records.rows("UPDATE email_requests SET crashes = %s WHERE email LIKE 'refused@%%'", crashes)
    await records.make_due_in(-100, refused.identity_id)
    await records.rows(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'no'; END$$;"
        "CREATE TRIGGER refuse BEFORE UPDATE ON email_requests FOR EACH ROW"
        " WHEN (OLD.email LIKE 'refused@%') EXECUTE FUNCTION refuse()"
    )
    async with running_parts(settings):
        await records.until("provisioned", *(each.identity_id for each in others))
        assert (await records.request(refused.identity_id))["state"] == "waiting"
        await records.rows("DROP TRIGGER refuse ON email_requests")
        await records.until("provisioned", refused.identity_id, within=15)


async def test_a_service_that_stops_tells_the_hook_that_it_will_retry(
    settings: dict[str, str], redis: Redis, stalwart: StalwartStandIn, records: Records
) -> None:
    alice = mailbox()

    async def hangs() -> bool:
        return (await stalwart.request_counts()).get("fault: hang", 0) == 1

    async with running_parts(settings) as parts:
        await parts.accept(mailbox("first"), NOWHERE)
        await stalwart.set_fault(kind="hang")
        hook = asyncio.create_task(parts.accept(alice, NOWHERE))
        await eventually(hangs, "a request hangs")
        parts.worker.stop()
        await parts.accept.drain(within=0.2)
        assert await hook == WillRetry()
    row = await records.request(alice.identity_id)
    assert (row["state"], row["attempts"], row["retries"], row["crashes"]) == ("waiting", 1, 0, 0)
    assert row["due_in"] <= 0
    assert await records.attempts(alice.identity_id) == [("pending", 1), ("interrupted", 1)]
    assert await redis.zcard(KEY) == 1
