"""New mail is told once, whatever happens to the hints, the processes and PostgreSQL."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from chaos.proxy import FaultProxy
from eventually import eventually
from mail_account import MailInMemory
from postroom.domain.arrival import GRACE
from postroom.errors import Misconfigured, Transient
from postroom.mail import arrivals as arrivals_module
from postroom.mail.arrival_sweep import ArrivalSweep
from postroom.mail.arrivals import Arrivals
from postroom.mail.ports import MailAccount
from postroom.postgres.connection import Pool, make_pool
from postroom.postgres.leadership import PostgresLeadership
from postroom.postgres.mail_states import PostgresMailStates
from postroom.telemetry import DATABASE_ERRORS, MAIL_DEFECTS
from records import Records
from servers import Database

ALICE = MailAccount(UUID(int=1), "alice@example.org", "b")
BOB = MailAccount(UUID(int=2), "bob@example.org", "c")


@dataclass
class Process:
    """A process' arrivals, running; `woken` counts commits of events."""

    arrivals: Arrivals
    states: PostgresMailStates
    mail: MailInMemory
    woken: list[int]
    task: asyncio.Task[None]

    async def begin(self, account: MailAccount) -> None:
        """Its owner comes on line."""
        state = await self.states.watch(account)
        if state.email_state is None:
            await self.arrivals.first_look(state)


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
    """One process, with Alice on line."""
    async with process(pool, mail) as one:
        await one.begin(ALICE)
        yield one


async def told(records: Records, account: MailAccount = ALICE) -> list[dict[str, Any]]:
    found = await records.rows(
        "SELECT data FROM live_events WHERE kratos_identity_id = %s ORDER BY id", account.identity_id
    )
    return [row["data"] for row in found]


async def ids_told(records: Records, account: MailAccount = ALICE) -> list[str]:
    return [each for data in await told(records, account) for each in data.get("ids", [])]


async def until_told(records: Records, *ids: str, account: MailAccount = ALICE) -> None:
    async def all_are() -> bool:
        return set(ids) <= set(await ids_told(records, account))

    await eventually(all_are, f"{ids} told")


async def until_seen(records: Records, mail: MailInMemory, account: MailAccount = ALICE) -> None:
    """Until the stored state is the present one."""

    async def is_present() -> bool:
        query = "SELECT email_state FROM mail_states WHERE kratos_identity_id = %s"
        return await records.value(query, account.identity_id) == mail._state(account.account_id)

    await eventually(is_present, "the present state is stored")


async def test_new_mail_is_told_with_its_ids_and_the_state_and_whoever_announces_is_woken(
    one: Process, records: Records
) -> None:
    (first,) = one.mail.deliver("b")
    one.arrivals.hint(["b"])
    await until_told(records, first)
    assert await told(records) == [{"state": "s1", "ids": [first], "count": 1}]
    assert one.woken == [1]


async def test_what_was_there_before_somebody_came_on_line_is_not_new(
    pool: Pool, mail: MailInMemory, records: Records
) -> None:
    mail.deliver("b", times=3)
    async with process(pool, mail) as one:
        await one.begin(ALICE)
        (after,) = mail.deliver("b")
        one.arrivals.hint(["b"])
        await until_told(records, after)
    assert await ids_told(records) == [after]


async def test_what_is_no_new_mail_in_the_inbox_is_not_told(one: Process, records: Records) -> None:
    """Moved, read, sent, spam, old: each moves the state, none is an event; the delivery after them is."""
    mail = one.mail
    (there,) = mail.deliver("b", "t")
    mail.change("b", there, "i")  # moved into the inbox
    mail.deliver("b", "i", "$seen")
    mail.deliver("b", "s", "$seen")
    mail.deliver("b", "j")
    mail.deliver("b", "d", "$draft")
    mail.deliver("b", "i", age=timedelta(days=30))  # an import
    (gone,) = mail.deliver("b")
    mail.destroy("b", gone)
    (filed,) = mail.deliver("b")
    mail.change("b", filed, "t")
    one.arrivals.hint(["b"])
    await until_seen(records, mail)
    # The one that was moved into the inbox was created since the last look, and lies there unread.
    assert await ids_told(records) == [there]
    mail.change("b", there, "i", "$seen")
    mail.change("b", there, "t", "$seen")
    mail.change("b", there, "i")
    (real,) = mail.deliver("b")
    one.arrivals.hint(["b"])
    await until_told(records, real)
    assert await ids_told(records) == [there, real]


async def test_two_processes_that_are_hinted_at_once_tell_it_once(
    database: Database, mail: MailInMemory, records: Records
) -> None:
    async with two_pools(database) as (first, second), process(first, mail) as one, process(second, mail) as other:
        await one.begin(ALICE)
        expected: list[str] = []
        for _ in range(10):
            mail.held = asyncio.Event()
            mail.holding = 0
            expected += mail.deliver("b")
            one.arrivals.hint(["b"])
            other.arrivals.hint(["b"])
            await eventually(lambda: mail.holding == 2, "both have read the same changes")
            mail.held.set()
            await until_told(records, *expected)
        assert await ids_told(records) == expected
        assert len(one.woken) + len(other.woken) == 10


async def test_mail_is_told_once_however_hints_of_many_processes_race(
    database: Database, mail: MailInMemory, records: Records
) -> None:
    async with two_pools(database) as (first, second), process(first, mail) as one, process(second, mail) as other:
        for each in (one, other):
            await each.begin(ALICE)
            await each.begin(BOB)
        for number in range(200):
            account_id = "bc"[number % 2]
            mail.deliver(account_id)
            for each in (one, other):
                each.arrivals.hint([account_id])
            await asyncio.sleep(0.002 * (number % 3))
        for account in (ALICE, BOB):
            await until_seen(records, mail, account)
            assert sum(event["count"] for event in await told(records, account)) == 100


async def test_who_was_overtaken_by_an_earlier_look_looks_again(one: Process, records: Records) -> None:
    first, second = one.mail.deliver("b", times=2)
    advance = one.states.advance

    async def overtaken(state: Any, email_state: str, events: Any) -> bool:
        one.states.advance = advance
        # Another process, which read before the second one came.
        assert await advance(state, "s1", [{"state": "s1", "ids": [first], "count": 1}])
        return await advance(state, email_state, events)

    one.states.advance = overtaken
    one.arrivals.hint(["b"])
    await until_told(records, second)
    assert await ids_told(records) == [first, second]


async def test_a_burst_of_ten_thousand_is_a_few_looks_and_events_and_none_is_missing(
    one: Process, records: Records
) -> None:
    started = asyncio.get_running_loop().time()
    for _ in range(1000):
        one.mail.deliver("b", times=10)
        for _ in range(10):
            one.arrivals.hint(["b"])
        await asyncio.sleep(0)
    burst = asyncio.get_running_loop().time() - started
    await until_seen(records, one.mail)
    events = await told(records)
    assert sum(event["count"] for event in events) == 10_000
    assert all(len(event.get("ids", [])) <= 50 for event in events)
    assert events[-1]["more"]
    looks_at_most = 1 + arrivals_module.LOOKS_AT_ONCE + burst / arrivals_module.REST
    pages_at_most = 10_000 / 500 + looks_at_most
    assert len(events) <= looks_at_most
    assert one.mail.looks["b"] <= 1 + pages_at_most


async def test_a_hint_during_a_look_is_looked_at_afterwards(one: Process, records: Records) -> None:
    one.mail.held = asyncio.Event()
    (first,) = one.mail.deliver("b")
    one.arrivals.hint(["b"])
    await eventually(lambda: one.mail.holding, "a look is under way")
    (second,) = one.mail.deliver("b")
    one.arrivals.hint(["b"])
    one.mail.held.set()
    await until_told(records, first, second)
    assert await ids_told(records) == [first, second]


async def test_whose_owner_is_not_on_line_costs_the_mail_server_nothing(one: Process, records: Records) -> None:
    one.mail.deliver("z", times=5)
    for _ in range(1000):
        one.arrivals.hint(["z", "nobody"])
    (real,) = one.mail.deliver("b")
    one.arrivals.hint(["b"])
    await until_told(records, real)
    assert one.mail.looks.keys() == {"b"}


async def test_who_came_on_line_elsewhere_a_moment_after_a_hint_is_told(
    one: Process, pool: Pool, records: Records
) -> None:
    asked = Counter[str]()
    watched = one.states.watched

    async def counted(account_ids: Any) -> Any:
        asked.update(account_ids)
        return await watched(account_ids)

    one.states.watched = counted
    one.arrivals.hint(["c"])
    await eventually(lambda: asked["c"] == 1, "nobody was on line")
    states = PostgresMailStates(pool)
    other = Arrivals(states, one.mail, lambda: None, now=lambda: datetime.now(UTC))
    await other.first_look(await states.watch(BOB))
    (first,) = one.mail.deliver("c")
    for _ in range(100):
        one.arrivals.hint(["c"])
    await until_told(records, first, account=BOB)
    assert asked["c"] == 2


async def test_a_killed_process_told_nothing_by_halves_and_the_next_look_tells_it(
    pool: Pool, mail: MailInMemory, records: Records
) -> None:
    async with process(pool, mail) as killed:
        await killed.begin(ALICE)
        mail.held = asyncio.Event()
        (first,) = mail.deliver("b")
        killed.arrivals.hint(["b"])
        await eventually(lambda: mail.holding, "it has read the changes and committed nothing")
        killed.task.cancel()
    mail.held = None
    assert await told(records) == []
    async with process(pool, mail) as one:
        one.arrivals.hint(["b"])
        await until_told(records, first)
    assert await ids_told(records) == [first]


async def test_history_that_the_server_lost_is_a_reload(one: Process, records: Records) -> None:
    one.mail.deliver("b", times=3)
    one.mail.forget_history("b")
    one.arrivals.hint(["b"])
    await until_seen(records, one.mail)
    assert await told(records) == [{"state": "s3", "reload": True}]
    (after,) = one.mail.deliver("b")
    one.arrivals.hint(["b"])
    await until_told(records, after)


async def test_a_mail_server_that_does_not_answer_for_a_moment_costs_seconds_and_no_sweep(
    one: Process, records: Records
) -> None:
    """The hint is not said again."""
    one.mail.failures = [Transient("mail server answered 503")]
    (first,) = one.mail.deliver("b")
    one.arrivals.hint(["b"])
    await until_told(records, first)


async def test_who_is_refused_is_left_to_the_sweep(
    one: Process, leadership: PostgresLeadership, records: Records
) -> None:
    one.mail.failures = [Misconfigured("mail server answered 401", unauthorized=True)]
    (first,) = one.mail.deliver("b")
    one.arrivals.hint(["b"])
    await eventually(lambda: not one.mail.failures, "it was asked")
    looks = one.mail.looks["b"]
    await asyncio.sleep(0.2)  # it would be allowed at once
    assert one.mail.looks["b"] == looks, "and not again by itself"
    assert await told(records) == []
    await age(records, "400 s")
    await sweep_of(one, leadership).sweep(asyncio.Event())
    await until_told(records, first)


async def test_a_lost_hint_is_caught_by_the_sweep(
    one: Process, leadership: PostgresLeadership, records: Records
) -> None:
    (first,) = one.mail.deliver("b")
    await sweep_of(one, leadership).sweep(asyncio.Event())
    assert await told(records) == [], "somebody looked a moment ago"
    await age(records, "400 s")
    await sweep_of(one, leadership).sweep(asyncio.Event())
    await until_told(records, first)
    query = "SELECT now() - checked_at < interval '5 s' FROM mail_states"
    assert await records.value(query), "it waits its turn again"


async def test_mail_that_came_while_nobody_looked_is_new_and_not_an_import(
    one: Process, leadership: PostgresLeadership, records: Records
) -> None:
    await age(records, "8 hours")
    (lost,) = one.mail.deliver("b", age=timedelta(hours=7))
    one.mail.deliver("b", age=timedelta(hours=9) + GRACE)
    await sweep_of(one, leadership).sweep(asyncio.Event())
    await until_told(records, lost)
    assert await ids_told(records) == [lost]


async def test_one_process_sweeps_at_a_time_and_keeps_its_pace(
    one: Process, leadership: PostgresLeadership, other_leadership: PostgresLeadership, records: Records
) -> None:
    for number in range(10, 16):
        account = MailAccount(UUID(int=number), f"{number}@example.org", f"x{number}")
        await one.begin(account)
    await age(records, "400 s")
    hinted: list[float] = []
    clock = asyncio.get_running_loop().time
    one.arrivals.hint = lambda account_ids, state=None: hinted.extend(clock() for _ in account_ids) or ()
    slow = sweep_of(one, leadership, pace=50)
    first = asyncio.create_task(slow.sweep(asyncio.Event()))
    await eventually(lambda: hinted, "the first one leads")
    begun = len(hinted)
    await sweep_of(one, other_leadership, pace=10_000).sweep(asyncio.Event())
    assert len(hinted) <= begun + 1
    await first
    assert len(hinted) == 7
    assert hinted[-1] - hinted[0] >= 6 * 0.02 * 0.9


async def test_a_sweep_ends_when_it_shall_stop(one: Process, leadership: PostgresLeadership, records: Records) -> None:
    await age(records, "400 s")
    stop = asyncio.Event()
    running = asyncio.create_task(sweep_of(one, leadership, pace=0.001).run(stop))
    await eventually(lambda: one.mail.looks.get("b", 0) == 2, "it has begun")
    stop.set()
    await asyncio.wait_for(running, 2)


async def test_postgresql_away_for_a_moment_loses_no_hint(
    database: Database, mail: MailInMemory, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals_module, "DATABASE_PAUSE", 0.1)
    async with through_a_proxy(database) as (pool, proxy), process(pool, mail) as one:
        await one.begin(ALICE)
        before = DATABASE_ERRORS.labels(where="arrivals")._value.get()
        proxy.cut_after(1)
        proxy.drop()
        (first,) = mail.deliver("b")
        one.arrivals.hint(["b"])
        await eventually(lambda: DATABASE_ERRORS.labels(where="arrivals")._value.get() > before, "it was noticed")
        assert await told(records) == []
        proxy.pass_on()
        await until_told(records, first)
    assert await ids_told(records) == [first]


async def test_a_commit_whose_answer_was_lost_is_not_told_twice(
    database: Database, mail: MailInMemory, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals_module, "DATABASE_PAUSE", 0.1)
    async with through_a_proxy(database) as (pool, proxy), process(pool, mail) as one:
        await one.begin(ALICE)
        mail.held = asyncio.Event()
        (first,) = mail.deliver("b")
        one.arrivals.hint(["b"])
        await eventually(lambda: mail.holding, "the look has read the changes")
        proxy.cut_after(60)  # bytes: more than a check of the connection is answered with
        mail.held.set()
        await until_told(records, first)
        mail.held = None
        proxy.pass_on()
        (second,) = mail.deliver("b")
        one.arrivals.hint(["b"])
        await until_told(records, second)
    assert await ids_told(records) == [first, second]


async def test_no_more_accounts_are_looked_at_at_once_than_allowed(
    pool: Pool, mail: MailInMemory, records: Records
) -> None:
    async with process(pool, mail, at_once=3) as one:
        accounts = [MailAccount(UUID(int=n), f"{n}@example.org", f"x{n}") for n in range(1, 13)]
        await asyncio.gather(*(one.begin(account) for account in accounts))
        for account in accounts:
            mail.deliver(account.account_id)
        mail.held = asyncio.Event()
        one.arrivals.hint([account.account_id for account in accounts])
        await eventually(lambda: mail.holding == 3, "three are looked at")
        mail.held.set()
        await until_told(records, "x12-1", account=accounts[-1])
        for account in accounts:
            await until_told(records, f"{account.account_id}-1", account=account)
        assert mail.most_at_once == 3


async def test_a_defect_in_one_look_ends_no_other_and_does_not_stay_unnoticed(one: Process, records: Records) -> None:
    """It ended the run once, and the service with it: one odd answer about one account, and nobody got a mailbox."""
    await one.begin(BOB)
    counted = MAIL_DEFECTS.labels(where="look")._value
    before = counted.get()
    one.mail.failures = [ZeroDivisionError("a defect")]
    one.mail.deliver("b")
    one.arrivals.hint(["b"])
    await eventually(lambda: counted.get() == before + 1, "it is counted")
    (first,) = one.mail.deliver("c")
    one.arrivals.hint(["c"])
    await until_told(records, first, account=BOB)


async def age(records: Records, interval: str) -> None:
    """Let the last looks be so long ago."""
    await records.rows("UPDATE mail_states SET checked_at = now() - %s::interval", interval)


def sweep_of(one: Process, leadership: PostgresLeadership, *, pace: float = 1000) -> ArrivalSweep:
    return ArrivalSweep(one.states, one.arrivals, leadership, every=300, pace=pace)


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
