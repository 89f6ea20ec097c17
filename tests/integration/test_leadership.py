"""One process at a time leads, on a separate connection, and only while that connection lasts."""

import asyncio
from contextlib import AsyncExitStack
from uuid import uuid4

import httpx2
import psycopg
import pytest

from eventually import eventually
from http_server import answering, server
from parts import environment, leadership_at
from postroom.composition.parts import connected
from postroom.domain.breaker import Cause
from postroom.errors import DatabaseUnavailable
from postroom.postgres import connection as connection_module
from postroom.postgres.connection import open_leader_connection
from postroom.postgres.leadership import PostgresLeadership
from postroom.provisioning.accept import WillRetry
from postroom.settings.environment import load
from postroom_sandbox.loopback import free_port
from records import NOWHERE, Records, mailbox
from relay import relay_before
from servers import Database
from service_process import KEY, running


async def leads(process: PostgresLeadership, name: str = "reconcile") -> bool:
    async with process.lead(name) as leads:
        return leads


async def end_the_connections_of_leaders(database: Database) -> None:
    async with await psycopg.AsyncConnection.connect(database.service_url, autocommit=True) as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'postroom-leader'"
        )


async def test_only_one_process_leads(leadership: PostgresLeadership, other_leadership: PostgresLeadership) -> None:
    async with (
        leadership.lead("reconcile") as leads_first,
        other_leadership.lead("reconcile") as leads_too,
        other_leadership.lead("sweep") as elsewhere,
    ):
        assert (leads_first, leads_too, elsewhere) == (True, False, True)
    assert await leads(other_leadership)


async def test_only_one_task_of_a_process_leads(leadership: PostgresLeadership) -> None:
    """PostgreSQL would grant a session the same lock again."""
    async with leadership.lead("reconcile") as first:
        assert (first, await leads(leadership)) == (True, False)
    assert await leads(leadership)


async def test_all_leaderships_of_a_process_share_one_connection(
    leadership: PostgresLeadership, records: Records
) -> None:
    async with AsyncExitStack() as stack:
        names = ("sweep", "reconcile", "release")
        contexts = [stack.enter_async_context(leadership.lead(name)) for name in names]
        assert await asyncio.gather(*contexts) == [True, True, True]
        connections = await records.value(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'postroom-leader'"
        )
        assert connections == 1


async def test_leader_that_lost_its_connection_is_replaced_and_can_lead_again(
    leadership: PostgresLeadership, other_leadership: PostgresLeadership, database: Database
) -> None:
    async with leadership.lead("reconcile") as led:
        assert led
        await end_the_connections_of_leaders(database)
        async with other_leadership.lead("reconcile") as follows:
            assert follows
            async with leadership.lead("sweep") as elsewhere:  # which opens another connection now
                assert elsewhere
    assert await leads(other_leadership)
    assert await leads(leadership), "the turn that ended released only its own lock"


async def test_leader_connection_lost_between_turns_costs_no_turn(
    leadership: PostgresLeadership, database: Database
) -> None:
    assert await leads(leadership)
    await end_the_connections_of_leaders(database)
    assert await leads(leadership)


async def test_no_process_leads_without_postgresql_until_it_is_back(database: Database) -> None:
    async with relay_before(database.service_url) as (relay, url), leadership_at(url) as process:
        assert await leads(process)
        await relay.stop()
        with pytest.raises(DatabaseUnavailable):
            await leads(process)
        await relay.start()
        assert await leads(process)


async def test_silent_postgresql_delays_neither_the_leader_nor_its_successor(
    database: Database, other_leadership: PostgresLeadership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "ANSWERED_WITHIN", 0.2)
    async with relay_before(database.service_url) as (relay, url), leadership_at(url) as process:
        async with asyncio.timeout(3):
            async with process.lead("reconcile") as led:
                assert led
                relay.black_hole()
        relay.pass_on()

        async def free() -> bool:
            return await leads(other_leadership)

        await eventually(free, "nobody holds the lock")


async def test_cancelled_leadership_request_leaves_no_lock(
    leadership: PostgresLeadership, other_leadership: PostgresLeadership
) -> None:
    assert await leads(leadership, "sweep")
    for steps in range(12):
        asking = asyncio.create_task(leads(leadership))
        for _ in range(steps):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

        async def free() -> bool:
            return await leads(other_leadership)

        await eventually(free, "nobody holds the lock")


async def test_postgresql_detects_a_leader_whose_host_is_unreachable(database: Database) -> None:
    """Otherwise PostgreSQL would keep the lock for as long as its own TCP keepalive, two hours by default."""
    async with await open_leader_connection(database.service_url) as connection:
        cursor = await connection.execute(
            "SELECT current_setting('tcp_keepalives_idle') AS idle, current_setting('tcp_keepalives_count') AS count"
        )
        assert await cursor.fetchone() == {"idle": "5", "count": "3"}


async def test_suspended_leader_is_replaced_by_another_process(
    database: Database, other_leadership: PostgresLeadership
) -> None:
    """A paused container: its kernel still answers keepalives, so its session held the lock until it continued."""
    async with leadership_at(database.service_url, idle=0.5) as suspended:
        async with suspended.lead("sweep") as led:
            assert led
            assert not await leads(other_leadership, "sweep")

            async def follows() -> bool:
                return await leads(other_leadership, "sweep")

            await eventually(follows, "another process leads")
        assert await leads(suspended, "sweep"), "it continues, and may lead again"


async def test_waiting_leaders_leave_the_smallest_pool_to_the_webhooks(database: Database, records: Records) -> None:
    """With `POSTROOM_POOL_SIZE=2`: a sweep that waits for an unresponsive Kratos, and a reconcile."""
    async with server(answering()) as kratos:
        small = environment(database, None, None, pool_size=2, kratos_admin_url=kratos, inline_deadline_seconds=1)
        async with connected(load(small)) as parts:
            assert parts.sweep
            sweeping = asyncio.create_task(parts.sweep.run(asyncio.Event()))

            async def leads_somewhere() -> bool:
                return await records.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") > 0

            await eventually(leads_somewhere, "the sweep leads and waits")
            async with parts.leadership.lead("reconcile") as led, parts.leadership.lead("release") as led_too:
                assert led
                assert led_too
                await parts.breakers.open(Cause.OUTAGE, "no attempt is needed here")
                hooks = [parts.accept(mailbox(f"user-{number}", uuid4()), NOWHERE) for number in range(4)]
                assert await asyncio.wait_for(asyncio.gather(*hooks), 3) == [WillRetry()] * 4
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)


SLOW_TO_CONNECT = """
import asyncio, sys
from postroom.composition import parts
connect = parts.open_leader_connection
async def slow(url):
    await asyncio.sleep(1)
    return await connect(url)
parts.open_leader_connection = slow
from postroom.cli import main
sys.argv = ["postroom", "serve"]
main()
"""


async def test_no_webhook_lets_the_pool_grow_before_the_connection_of_the_leaders_is_made(
    database: Database, records: Records
) -> None:
    """With a CONNECTION LIMIT, the pool took the last one, and the process led nothing for as long as it ran."""
    service = environment(database, None, None, host="127.0.0.1", port=free_port(), webhook_key=KEY)
    async with running("serve", service, program=SLOW_TO_CONNECT) as process:

        async def stored() -> bool:
            try:
                return (await process.hook("first@example.org")).status_code == 500
            except httpx2.HTTPError:
                return False

        await eventually(stored, "a webhook is stored", 20)
        assert await records.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'postroom-leader'")
