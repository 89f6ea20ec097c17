"""New mail is announced once, whatever happens to the hints, the processes and PostgreSQL."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from chaos.proxy import FaultProxy
from eventually import eventually
from mail_account import MailInMemory
from postroom.arrivals import arrivals as arrivals_module
from postroom.arrivals.arrivals import Arrivals
from postroom.mailboxes.ports import MailAccount
from postroom.postgres.connection import Pool, make_pool
from postroom.postgres.mail_states import PostgresMailStates
from records import Records
from servers import Database

ALICE = MailAccount(UUID(int=1), "alice@example.org", "b")
BOB = MailAccount(UUID(int=2), "bob@example.org", "c")


@dataclass
class Process:
    """The arrivals of one process, running. `woken` counts commits of events."""

    arrivals: Arrivals
    states: PostgresMailStates
    mail: MailInMemory
    woken: list[int]
    task: asyncio.Task[None]

    async def begin(self, account: MailAccount) -> None:
        """The owner of the account comes online."""
        state = await self.states.watch(account)
        if state.email_state is None:
            await self.arrivals.first_poll(state)


@asynccontextmanager
async def process(pool: Pool, mail: MailInMemory, **more: Any) -> AsyncIterator[Process]:
    states, woken, stop = PostgresMailStates(pool), list[int](), asyncio.Event()
    arrivals = Arrivals(states, mail, lambda: woken.append(1), now=lambda: datetime.now(UTC), **more)
    task = asyncio.create_task(arrivals.run(stop))
    try:
        yield Process(arrivals, states, mail, woken, task)
    finally:
        stop.set()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def mail() -> MailInMemory:
    return MailInMemory()


@pytest.fixture
async def one(pool: Pool, mail: MailInMemory) -> AsyncIterator[Process]:
    """One process, with Alice online."""
    async with process(pool, mail) as one:
        await one.begin(ALICE)
        yield one


async def announced(records: Records, account: MailAccount = ALICE) -> list[dict[str, Any]]:
    found = await records.rows(
        "SELECT data FROM live_events WHERE kratos_identity_id = %s ORDER BY id", account.identity_id
    )
    return [row["data"] for row in found]


async def announced_ids(records: Records, account: MailAccount = ALICE) -> list[str]:
    return [each for data in await announced(records, account) for each in data.get("ids", [])]


async def until_announced(records: Records, *ids: str, account: MailAccount = ALICE) -> None:
    async def all_are() -> bool:
        return set(ids) <= set(await announced_ids(records, account))

    await eventually(all_are, f"{ids} told")


async def until_seen(records: Records, mail: MailInMemory, account: MailAccount = ALICE) -> None:
    """Wait until the stored state is the current one."""

    async def is_present() -> bool:
        query = "SELECT email_state FROM mail_states WHERE kratos_identity_id = %s"
        return await records.value(query, account.identity_id) == mail._state(account.account_id)

    await eventually(is_present, "the current state is stored")


async def test_two_processes_that_get_a_hint_at_once_announce_the_mail_once(
    database: Database, mail: MailInMemory, records: Records
) -> None:
    async with two_pools(database) as (first, second), process(first, mail) as one, process(second, mail) as other:
        await one.begin(ALICE)
        expected: list[str] = []
        for _ in range(10):
            mail.gate = asyncio.Event()
            mail.waiting = 0
            expected += mail.deliver("b")
            one.arrivals.hint(["b"])
            other.arrivals.hint(["b"])
            await eventually(lambda: mail.waiting == 2, "both have read the same changes")
            mail.gate.set()
            await until_announced(records, *expected)
        assert await announced_ids(records) == expected
        assert len(one.woken) + len(other.woken) == 10


async def test_a_poll_that_was_overtaken_by_an_earlier_one_is_repeated(one: Process, records: Records) -> None:
    first, second = one.mail.deliver("b", times=2)
    advance = one.states.advance

    async def overtaken(state: Any, email_state: str, events: Any) -> bool:
        one.states.advance = advance
        # Another process, which polled before the second email arrived.
        assert await advance(state, "s1", [{"state": "s1", "ids": [first], "count": 1}])
        return await advance(state, email_state, events)

    one.states.advance = overtaken
    one.arrivals.hint(["b"])
    await until_announced(records, second)
    assert await announced_ids(records) == [first, second]


async def test_mail_is_announced_to_a_person_who_came_online_elsewhere_just_after_a_hint(
    one: Process, pool: Pool, records: Records
) -> None:
    asked = Counter[str]()
    watched = one.states.watched

    async def counted(account_ids: Any) -> Any:
        asked.update(account_ids)
        return await watched(account_ids)

    one.states.watched = counted
    one.arrivals.hint(["c"])
    await eventually(lambda: asked["c"] == 1, "nobody was online")
    states = PostgresMailStates(pool)
    other = Arrivals(states, one.mail, lambda: None, now=lambda: datetime.now(UTC))
    await other.first_poll(await states.watch(BOB))
    (first,) = one.mail.deliver("c")
    for _ in range(100):
        one.arrivals.hint(["c"])
    await until_announced(records, first, account=BOB)
    assert asked["c"] == 2


async def test_a_commit_whose_response_was_lost_is_not_announced_twice(
    database: Database, mail: MailInMemory, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals_module, "DATABASE_PAUSE", 0.1)
    async with through_a_proxy(database) as (pool, proxy), process(pool, mail) as one:
        await one.begin(ALICE)
        mail.gate = asyncio.Event()
        (first,) = mail.deliver("b")
        one.arrivals.hint(["b"])
        await eventually(lambda: mail.waiting, "the poll has read the changes")
        proxy.cut_after(60)  # bytes: more than the response to a check of the connection
        mail.gate.set()
        await until_announced(records, first)
        mail.gate = None
        proxy.pass_on()
        (second,) = mail.deliver("b")
        one.arrivals.hint(["b"])
        await until_announced(records, second)
    assert await announced_ids(records) == [first, second]


@asynccontextmanager
async def two_pools(database: Database) -> AsyncIterator[tuple[Pool, Pool]]:
    async with make_pool(database.service_url, size=4) as first, make_pool(database.service_url, size=4) as second:
        yield first, second


@asynccontextmanager
async def through_a_proxy(database: Database) -> AsyncIterator[tuple[Pool, FaultProxy]]:
    port = urlsplit(database.service_url).port or 5432
    proxy = FaultProxy(port)
    await proxy.start()
    try:
        async with make_pool(database.service_url.replace(f":{port}/", f":{proxy.port}/"), size=2) as pool:
            yield pool, proxy
    finally:
        await proxy.stop()
