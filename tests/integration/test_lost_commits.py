"""The answer to a COMMIT is lost: the same holder asks again and goes on, instead of letting its lease run out as a
crash; three of those would bury the request."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

from chaos.proxy import FaultProxy
from eventually import eventually
from postroom.domain.request import State
from postroom.ports import Answer
from postroom.postgres.connection import make_pool
from postroom.postgres.requests import PostgresRequests
from records import NOWHERE, Records, mailbox
from servers import Database

T = TypeVar("T")

LONGER_THAN_A_CHECK = 60
"""Bytes: the pool's check of a connection is answered with fewer, an accept or a claim with more."""


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


async def losing_the_answer(proxy: FaultProxy, records: Records, identity_id: UUID, call: Coroutine[Any, Any, T]) -> T:
    """The result of `call`, whose first answer is cut after its commit."""
    proxy.cut_after(LONGER_THAN_A_CHECK)
    task = asyncio.create_task(call)

    async def committed() -> bool:
        return any(status == "pending" for _, status, _ in await records.audit(identity_id))

    await eventually(committed, "the statement is committed")
    assert not task.done()
    proxy.pass_on()
    return await asyncio.wait_for(task, 15)


@pytest.mark.parametrize("name", ["accept", "revive"])
async def test_whoever_stored_a_request_is_its_holder_though_the_answer_was_lost(
    name: str, requests: PostgresRequests, through_the_proxy: PostgresRequests, proxy: FaultProxy, records: Records
) -> None:
    alice, holder = mailbox(), uuid4()
    if name == "revive":
        assert await requests.accept(mailbox("bob"), holder=None, lease=10, origin=NOWHERE, action="accept")
        assert await requests.refuse_held(mailbox("bob", alice.identity_id), origin=NOWHERE, action="accept")
    store = getattr(through_the_proxy, name)(alice, holder=holder, lease=10, origin=NOWHERE, action="accept")
    request = await losing_the_answer(proxy, records, alice.identity_id, store)
    assert request
    assert (request.state, request.holder, request.attempts) == (State.RUNNING, holder, 1)
    assert [status for _, status, _ in await records.audit(alice.identity_id)].count("pending") == 1


async def test_whoever_claimed_is_granted_it_once_though_the_answer_was_lost(
    requests: PostgresRequests, through_the_proxy: PostgresRequests, proxy: FaultProxy, records: Records
) -> None:
    alice = mailbox()
    assert await requests.accept(alice, holder=None, lease=10, origin=NOWHERE, action="accept")
    claiming = through_the_proxy.claim([alice.identity_id], lease=30)
    (claim,) = await losing_the_answer(proxy, records, alice.identity_id, claiming)
    assert claim.answer is Answer.GRANTED
    assert claim.request
    assert claim.request.holder == (await records.request(alice.identity_id))["holder"]
    assert [status for _, status, _ in await records.audit(alice.identity_id)] == ["done", "pending"]
    (other,) = await requests.claim([alice.identity_id], lease=30)
    assert other.answer is Answer.RUNNING
