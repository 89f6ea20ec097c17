"""From the hook to the mailbox, whatever breaks: the parts of a process on real servers and the stand-in."""

import asyncio
import json
import socket
from itertools import pairwise
from typing import Any

import pytest
from redis.asyncio import Redis

from eventually import eventually
from parts import environment, queue_is_empty, running_parts
from postroom.domain.mailbox import Mailbox, mark_of
from postroom.provisioning.accept import Held, Ready, WillRetry
from postroom.queue.retry_set import KEY
from records import NOWHERE, Records, mailbox
from servers import Database
from stalwart_stand_in import StalwartStandIn


def exactly_one_each(*wanted: Mailbox) -> list[tuple[list[str], list[str]]]:
    """One mailbox each, with the mark of its identity and nothing else."""
    return sorted(([each.email], [mark_of(each.identity_id)]) for each in wanted)


async def mailboxes(stalwart: StalwartStandIn) -> list[tuple[list[str], list[str]]]:
    return sorted((account["addresses"], account["marks"]) for account in await stalwart.accounts())


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


async def test_a_healthy_server_is_asked_once_and_redis_not_at_all(
    database: Database, redis_url: str, redis: Redis, stalwart: StalwartStandIn, records: Records
) -> None:
    async with running_parts(environment(database, redis_url, stalwart)) as parts:
        await parts.accept(mailbox("first"), NOWHERE)  # detects the generation and learns the id of the domain
        before = parts.stalwart.requests
        alice = mailbox()
        answer = await parts.accept(alice, NOWHERE)
        account = await records.account(alice.identity_id)
        assert account
        assert answer == Ready(alice.email, account["id"])
        assert parts.stalwart.requests == before + 1
        assert await redis.zcard(KEY) == 0
        assert await parts.accept(alice, NOWHERE) == answer, "a repeat spends nothing"
        assert parts.stalwart.requests == before + 1
    assert await records.attempts(alice.identity_id) == [("pending", 1), ("success", 1)]


async def test_a_failed_hook_is_announced_in_redis_and_retried_at_its_time(
    database: Database, redis_url: str, redis: Redis, stalwart: StalwartStandIn, records: Records
) -> None:
    await stalwart.set_fault(kind="fail")
    alice = mailbox("should-fail")
    async with running_parts(environment(database, redis_url, stalwart, delay_factor=0.02)) as parts:
        assert await parts.accept(alice, NOWHERE) == WillRetry()
        row = await records.request(alice.identity_id)
        ((member, score),) = await redis.zrange(KEY, 0, -1, withscores=True)
        fields: dict[str, Any] = json.loads(str(member))
        assert (fields["identity_id"], fields["email"]) == (str(alice.identity_id), alice.email)
        assert (fields["attempt"], fields["error"]) == (1, row["last_error"])
        assert '"attempt":1' in str(member)
        assert score == pytest.approx(row["due_at"].timestamp(), abs=1e-5)
        assert 0 < row["due_in"] <= 1.2
        await stalwart.clear_faults()
        parts.worker.wake()  # where nothing waits it sleeps 3 s; with delays of a minute that is never too long
        await records.until("provisioned", alice.identity_id)
    assert await records.attempts(alice.identity_id) == [
        ("pending", 1),
        ("failed", 1),
        ("pending", 2),
        ("success", 2),
    ]
    started = (await records.log(alice.identity_id))[2]["created_at"]
    assert -0.05 <= (started - row["due_at"]).total_seconds() < 0.5
    assert await redis.zcard(KEY) == 0
    assert await mailboxes(stalwart) == exactly_one_each(alice)


async def test_what_keeps_failing_on_a_healthy_server_is_dead_after_its_third_retry(
    database: Database, redis_url: str, redis: Redis, stalwart: StalwartStandIn, records: Records
) -> None:
    await stalwart.set_fault(kind="fail")
    alice = mailbox("should-fail")
    async with running_parts(environment(database, redis_url, stalwart, delay_factor=0.001)) as parts:
        assert await parts.accept(alice, NOWHERE) == WillRetry()
        parts.worker.wake()
        await records.until("dead", alice.identity_id, within=20)
        row = await records.request(alice.identity_id)
        assert await parts.accept(alice, NOWHERE) == Held(row["reason"])
        assert not (await parts.breakers.read()).open
        await queue_is_empty(redis)
    assert row["reason"].startswith("failed 4 times while the mail server was well; last: mail server answered 500")
    assert (row["attempts"], row["retries"]) == (4, 3)
    expected = [(status, attempt) for attempt in (1, 2, 3, 4) for status in ("pending", "failed")]
    assert await records.attempts(alice.identity_id) == expected
    assert await mailboxes(stalwart) == []


async def test_an_outage_buries_nobody_spends_one_retry_at_most_and_ends_by_itself(
    database: Database, redis_url: str, stalwart: StalwartStandIn, records: Records
) -> None:
    await stalwart.set_fault(kind="refuse")
    people = [mailbox(f"user-{number}") for number in range(20)]
    async with running_parts(environment(database, redis_url, stalwart, delay_factor=0.001)) as parts:
        answers = await asyncio.gather(*(parts.accept(each, NOWHERE) for each in people))
        assert answers == [WillRetry()] * 20
        assert (await parts.breakers.read()).open
        # The delays of all three retries pass (2.2 s), and nobody comes nearer to the dead letters.
        probes = (await stalwart.request_counts()).get("fault: refuse", 0)

        async def asked_on() -> bool:
            return (await stalwart.request_counts())["fault: refuse"] >= probes + 3

        await eventually(asked_on, "three more probes")
        rows = await records.rows("SELECT state, retries, attempts FROM email_requests")
        assert {row["state"] for row in rows} == {"waiting"}
        assert max(row["retries"] for row in rows) <= 1
        late = mailbox("late")
        asked = sum(row["attempts"] for row in rows)
        assert await parts.accept(late, NOWHERE) == WillRetry(), "at once, without asking the mail server"
        await stalwart.clear_faults()
        await records.until("provisioned", *(each.identity_id for each in [*people, late]))
        assert not (await parts.breakers.read()).open
    assert await records.value("SELECT max(retries) FROM email_requests") <= 1
    assert await records.value("SELECT sum(attempts) FROM email_requests") == asked + 21
    assert await mailboxes(stalwart) == exactly_one_each(*people, late)


async def test_an_emptied_redis_loses_nothing(
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
async def test_without_redis_the_same_is_done(
    database: Database, stalwart: StalwartStandIn, records: Records, closed_port: int, redis_is: str
) -> None:
    url = f"redis://127.0.0.1:{closed_port}" if redis_is == "refused" else None
    await stalwart.set_fault(kind="fail")
    alice = mailbox("should-fail")
    async with running_parts(environment(database, url, stalwart, delay_factor=0.02)) as parts:
        assert await parts.accept(alice, NOWHERE) == WillRetry()
        due_at = (await records.request(alice.identity_id))["due_at"]
        await stalwart.clear_faults()
        parts.worker.wake()  # where nothing waits it sleeps 3 s; with delays of a minute that is never too long
        await records.until("provisioned", alice.identity_id)
    started = (await records.log(alice.identity_id))[2]["created_at"]
    assert -0.05 <= (started - due_at).total_seconds() < 0.5
    assert await mailboxes(stalwart) == exactly_one_each(alice)


async def test_a_connection_cut_after_the_effect_makes_one_account_in_one_attempt(
    database: Database, redis_url: str, stalwart: StalwartStandIn, records: Records
) -> None:
    alice, bob = mailbox(), mailbox("bob")
    async with running_parts(environment(database, redis_url, stalwart)) as parts:
        await parts.accept(bob, NOWHERE)
        await stalwart.set_fault(kind="reset-after", count=1)
        assert isinstance(await parts.accept(alice, NOWHERE), Ready)
    assert await records.attempts(alice.identity_id) == [("pending", 1), ("success", 1)]
    assert await mailboxes(stalwart) == exactly_one_each(alice, bob)


async def test_a_connection_cut_after_the_effect_and_an_outage_make_one_account(
    database: Database, redis_url: str, stalwart: StalwartStandIn, records: Records
) -> None:
    alice, bob = mailbox(), mailbox("bob")
    async with running_parts(environment(database, redis_url, stalwart, delay_factor=0.001)) as parts:
        await parts.accept(bob, NOWHERE)
        await stalwart.set_fault(kind="reset-after")
        assert await parts.accept(alice, NOWHERE) == WillRetry()
        assert (await records.request(alice.identity_id))["outcome_unknown"]
        assert await mailboxes(stalwart) == exactly_one_each(alice, bob)
        await stalwart.clear_faults()
        parts.worker.wake()  # where nothing waits it sleeps 3 s; with delays of a minute that is never too long
        await records.until("provisioned", alice.identity_id)
    assert await mailboxes(stalwart) == exactly_one_each(alice, bob)


async def test_two_workers_and_a_service_make_each_of_200_accounts_once_and_no_attempts_overlap(
    database: Database, redis_url: str, redis: Redis, stalwart: StalwartStandIn, records: Records
) -> None:
    await stalwart.set_fault(kind="fail", word="user-", probability=0.3, seed=7)
    people = [mailbox(f"user-{number}") for number in range(200)]
    settings = environment(database, redis_url, stalwart, delay_factor=0.01)
    async with (
        running_parts(settings, concurrency=2),
        running_parts(settings, concurrency=2),
        running_parts(settings) as service,
    ):
        await asyncio.gather(*(service.accept(each, NOWHERE) for each in people))
        await stalwart.clear_faults()
        await records.until("provisioned", *(each.identity_id for each in people), within=30)
    assert await mailboxes(stalwart) == exactly_one_each(*people)
    assert await redis.zcard(KEY) == 0
    failed = await records.value("SELECT count(*) FROM email_provisioning_log WHERE status = 'failed'")
    pending = await records.value("SELECT count(*) FROM email_provisioning_log WHERE status = 'pending'")
    assert failed > 30, "the fault did strike"
    assert pending == 200 + failed == await records.value("SELECT sum(attempts) FROM email_requests")
    log = await records.rows(
        "SELECT * FROM email_provisioning_log WHERE action = 'create' ORDER BY kratos_identity_id, id"
    )
    for before, after in pairwise(log):
        if before["kratos_identity_id"] != after["kratos_identity_id"]:
            assert before["status"] == "success"
        else:
            assert (before["status"] == "pending") != (after["status"] == "pending"), "attempts overlap"
            assert before["created_at"] <= after["created_at"]
