"""The response to a COMMIT is lost: the same holder repeats the statement and continues. Otherwise its lease would run
out, which counts as a crash."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, LiteralString, TypeVar, cast
from unittest.mock import patch
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

from chaos.proxy import FaultProxy
from eventually import eventually
from fakes import FakeRetryIndex
from postroom import ports
from postroom.domain.mailbox import Mailbox
from postroom.domain.request import Request, State
from postroom.postgres.connection import make_pool
from postroom.postgres.requests import PostgresRequests
from postroom.process.clock import SystemClock
from postroom.provisioning.accept import Accept, AcceptResult, Held, WillRetry
from postroom.provisioning.attempt import Attempts
from postroom.provisioning.slots import Slots
from postroom.retry.worker import EARLY
from records import NOWHERE, Records, mailbox
from servers import Database

T = TypeVar("T")

LONGER_THAN_A_CHECK = 60
"""Bytes: the response to the pool's check of a connection is shorter, that to an accept or a claim is longer."""


@pytest.fixture
async def proxy(database: Database) -> AsyncIterator[FaultProxy]:
    proxy = FaultProxy(urlsplit(database.service_url).port or 5432)
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest.fixture
async def through_the_proxy(database: Database, proxy: FaultProxy) -> AsyncIterator[PostgresRequests]:
    port = urlsplit(database.service_url).port
    pool = make_pool(database.service_url.replace(f":{port}/", f":{proxy.port}/"), size=2)
    await pool.open(wait=True)
    yield PostgresRequests(pool, new_id=uuid4)
    await pool.close()


async def losing_the_answer(
    proxy: FaultProxy,
    records: Records,
    identity_id: UUID,
    call: Coroutine[Any, Any, T],
    *,
    status: str = "pending",
    meanwhile: LiteralString = "",
) -> T:
    """The result of `call`, whose first response is cut off after the commit that writes `status` into the audit.
    `meanwhile` is executed before the proxy forwards again."""
    proxy.cut_after(LONGER_THAN_A_CHECK)
    task = asyncio.create_task(call)

    async def committed() -> bool:
        return any(found == status for _, found, _ in await records.audit(identity_id))

    await eventually(committed, "the statement is committed")
    assert not task.done()
    if meanwhile:
        await records.rows(meanwhile)
    proxy.pass_on()
    return await asyncio.wait_for(task, 15)


async def buried(requests: PostgresRequests, email: str) -> Mailbox:
    """An identity whose request for another address is dead, and which now requests `email`."""
    alice = mailbox(email)
    assert await requests.accept(mailbox("bob"), holder=None, lease=10, origin=NOWHERE, action="accept")
    assert await requests.refuse_held(mailbox("bob", alice.identity_id), origin=NOWHERE, action="accept")
    return alice


@pytest.mark.parametrize("name", ["accept", "revive"])
@pytest.mark.parametrize(
    ("holder", "state", "status"),
    # Without a slot, or with the breaker open, there is no holder that proves that the row is ours.
    [(uuid4(), State.RUNNING, "pending"), (None, State.WAITING, "done")],
    ids=["with a holder", "without"],
)
async def test_stored_request_stands_though_the_answer_was_lost(
    name: str,
    holder: UUID | None,
    state: State,
    status: str,
    requests: PostgresRequests,
    through_the_proxy: PostgresRequests,
    proxy: FaultProxy,
    records: Records,
) -> None:
    alice = await buried(requests, "alice") if name == "revive" else mailbox()
    store = getattr(through_the_proxy, name)(alice, holder=holder, lease=10, origin=NOWHERE, action="accept")
    request = await losing_the_answer(proxy, records, alice.identity_id, store, status=status)
    assert request
    assert (request.state, request.email, request.holder) == (state, alice.email, holder)
    assert request.attempts == [found for _, found, _ in await records.audit(alice.identity_id)].count("pending")


@pytest.mark.parametrize(
    ("meanwhile", "answer"),
    [
        ("", WillRetry()),
        (
            "UPDATE email_requests SET state = 'running', holder = gen_random_uuid() WHERE state = 'waiting'",
            WillRetry(),
        ),
        (
            "UPDATE email_requests SET state = 'dead', due_at = NULL, reason = 'buried by olga: spam' "
            "WHERE email LIKE 'alice@%'",
            Held("buried by olga: spam"),
        ),
    ],
    ids=["as it was stored", "running", "dead"],
)
async def test_webhook_that_revived_its_request_gets_the_outcome_although_the_commit_reply_was_lost(
    requests: PostgresRequests,
    through_the_proxy: PostgresRequests,
    proxy: FaultProxy,
    records: Records,
    meanwhile: LiteralString,
    answer: AcceptResult,
) -> None:
    alice = await buried(requests, "alice")
    retry_index = FakeRetryIndex()
    woken: list[UUID | None] = []
    accept = Accept(
        through_the_proxy,
        cast(Attempts, None),
        retry_index,
        Slots(0),
        SystemClock(),
        new_id=uuid4,
        wake=woken.append,
        read_soon=lambda _: None,
        deadline=2,
        lease=10,
    )
    # The cut is set when the webhook has finished its reads, whose responses are longer than that of a check.
    revive = through_the_proxy.revive

    async def lost(*args: Any, **options: Any) -> Request | None:
        call = revive(*args, **options)
        return await losing_the_answer(proxy, records, alice.identity_id, call, status="done", meanwhile=meanwhile)

    with patch.object(through_the_proxy, "revive", lost):
        assert await asyncio.wait_for(accept(alice, NOWHERE), 20) == answer
    await accept.drain(within=1)
    if not meanwhile:
        assert [request.identity_id for request in retry_index.added] == woken == [alice.identity_id]


async def test_claim_is_granted_once_though_the_answer_was_lost(
    requests: PostgresRequests, through_the_proxy: PostgresRequests, proxy: FaultProxy, records: Records
) -> None:
    alice = mailbox()
    assert await requests.accept(alice, holder=None, lease=10, origin=NOWHERE, action="accept")
    claiming = through_the_proxy.claim([alice.identity_id], lease=30)
    (claim,) = await losing_the_answer(proxy, records, alice.identity_id, claiming)
    assert claim.result is ports.ClaimResult.GRANTED
    assert claim.due_in is not None
    assert claim.due_in <= EARLY, "it starts now, not after the end of its lease"
    assert claim.request
    assert claim.request.holder == (await records.request(alice.identity_id))["holder"]
    assert [status for _, status, _ in await records.audit(alice.identity_id)] == ["done", "pending"]
    (other,) = await requests.claim([alice.identity_id], lease=30)
    assert other.result is ports.ClaimResult.RUNNING


async def test_claim_repeated_after_a_lost_answer_takes_no_additional_request(
    requests: PostgresRequests, through_the_proxy: PostgresRequests, proxy: FaultProxy, records: Records
) -> None:
    """The two together would start more attempts than there are slots."""
    alice, bob = mailbox("alice"), mailbox("bob")
    for each in (alice, bob):
        await requests.accept(each, holder=None, lease=10, origin=NOWHERE, action="accept")
    claiming = through_the_proxy.claim([alice.identity_id, bob.identity_id], lease=30, limit=1)
    claims = await losing_the_answer(proxy, records, alice.identity_id, claiming)
    assert [claim.result for claim in claims].count(ports.ClaimResult.GRANTED) == 1
    assert await records.value("SELECT count(*) FROM email_requests WHERE state = 'running'") == 1
