"""From the webhook to the mailbox, whatever fails: the parts of a process with real servers and the stand-in."""

import asyncio
import socket

import pytest
from redis.asyncio import Redis

from eventually import eventually
from parts import environment, running_parts
from postroom.domain.mailbox import Mailbox, mark_of
from postroom.provisioning.accept import Ready, WillRetry
from postroom.queue.retry_set import KEY
from records import NOWHERE, Records, mailbox
from servers import Database
from stalwart_stand_in import StalwartStandIn


def exactly_one_each(*wanted: Mailbox) -> list[tuple[list[str], list[str]]]:
    """Each identity has exactly one mailbox, which carries its mark."""
    return sorted(([each.email], [mark_of(each.identity_id)]) for each in wanted)


async def mailboxes(stalwart: StalwartStandIn) -> list[tuple[list[str], list[str]]]:
    return sorted((account["addresses"], account["marks"]) for account in await stalwart.accounts())


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


async def test_emptied_redis_loses_no_request(
    database: Database, redis_url: str, redis: Redis, stalwart: StalwartStandIn, records: Records
) -> None:
    await stalwart.set_fault(kind="fail")
    people = [mailbox(f"should-fail-{number}") for number in range(5)]
    async with running_parts(environment(database, redis_url, stalwart, delay_factor=0.02)) as parts:
        for each in people:
            assert await parts.accept(each, NOWHERE) == WillRetry()
        assert await redis.zcard(KEY) == 5
        await stalwart.clear_faults()
        await redis.flushall()
        await records.until("provisioned", *(each.identity_id for each in people))
    assert await redis.zcard(KEY) == 0
    assert await mailboxes(stalwart) == exactly_one_each(*people)


@pytest.mark.parametrize("redis_is", ["refused", "not configured"])
async def test_failed_request_is_retried_on_time_without_redis(
    database: Database, stalwart: StalwartStandIn, records: Records, closed_port: int, redis_is: str
) -> None:
    url = f"redis://127.0.0.1:{closed_port}" if redis_is == "refused" else None
    await stalwart.set_fault(kind="fail")
    alice = mailbox("should-fail")
    async with running_parts(environment(database, url, stalwart, delay_factor=0.02)) as parts:
        assert await parts.accept(alice, NOWHERE) == WillRetry()
        due_at = (await records.request(alice.identity_id))["due_at"]
        await stalwart.clear_faults()
        # An idle worker sleeps for up to 3 s. With the normal delays of a minute or more, that is never too long.
        parts.worker.wake()
        await records.until("provisioned", alice.identity_id)
    started = (await records.log(alice.identity_id))[2]["created_at"]
    assert -0.05 <= (started - due_at).total_seconds() < 0.5
    assert await mailboxes(stalwart) == exactly_one_each(alice)


NO_CREATES: dict[str, dict[str, str]] = {
    "500": {"kind": "fail", "word": "@"},
    "forbidden": {"kind": "break-creates", "error": "forbidden"},
    "invalidPatch": {"kind": "refuse-creates", "error": "invalidPatch"},
    "another shape": {"kind": "odd-creates"},
}


@pytest.mark.parametrize("fault", NO_CREATES.values(), ids=NO_CREATES)
async def test_mail_server_that_makes_no_mailbox_costs_nobody_anything_and_its_end_is_noticed(
    database: Database, redis_url: str, stalwart: StalwartStandIn, records: Records, fault: dict[str, str]
) -> None:
    people = [mailbox(name) for name in ("alice", "bob", "dora")]
    await stalwart.set_fault(**fault)
    async with running_parts(environment(database, redis_url, stalwart, delay_factor=0.05)) as parts:
        for each in people:
            assert await parts.accept(each, NOWHERE) == WillRetry()
        rows = [await records.request(each.identity_id) for each in people]
        assert {(row["state"], row["retries"], row["waits_for"]) for row in rows} == {("waiting", 0, "creates")}
        assert (await parts.breakers.read()).creates
        await stalwart.clear_faults()
        stop = asyncio.Event()
        releasing = asyncio.create_task(parts.release.run(stop))
        await records.until("provisioned", *(each.identity_id for each in people))

        async def is_over() -> bool:
            return (await parts.breakers.read()).creates is None

        await eventually(is_over, "a create probe that succeeds")
        stop.set()
        await releasing
    assert await mailboxes(stalwart) == exactly_one_each(*people)


async def test_connection_cut_after_the_create_yields_one_account_in_one_attempt(
    database: Database, redis_url: str, stalwart: StalwartStandIn, records: Records
) -> None:
    alice, bob = mailbox(), mailbox("bob")
    async with running_parts(environment(database, redis_url, stalwart)) as parts:
        await parts.accept(bob, NOWHERE)
        await stalwart.set_fault(kind="reset-after", count=1)
        assert isinstance(await parts.accept(alice, NOWHERE), Ready)
    assert await records.attempts(alice.identity_id) == [("pending", 1), ("success", 1)]
    assert await mailboxes(stalwart) == exactly_one_each(alice, bob)
