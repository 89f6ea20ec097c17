"""The polls for people who wait for their mailbox: few statements, whoever watches."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from uuid import UUID

import pytest

from eventually import eventually
from fakes import request_of
from live_service import NOW, FakeRecords, ready
from postroom.domain.request import State
from postroom.mailboxes.preparation import MailboxRecord, PreparationState
from postroom.mailboxes.preparations import PAGE, Preparations

ALICE = UUID(int=1)
WAITING = MailboxRecord(ALICE, NOW, request_of(ALICE, state=State.WAITING))


def nothing() -> None: ...


@pytest.fixture
def records() -> FakeRecords:
    return FakeRecords()


@pytest.fixture
async def preparations(records: FakeRecords) -> AsyncIterator[Preparations]:
    preparations, stop = Preparations(records, poll_every=0.01), asyncio.Event()
    running = asyncio.create_task(preparations.run(stop))
    yield preparations
    stop.set()
    await running


def polls(records: FakeRecords, more: int = 3) -> Callable[[], bool]:
    """Whether there were `more` polls since now."""
    before = len(records.asked)
    return lambda: len(records.asked) >= before + more


async def test_all_streams_of_a_process_are_polled_by_one_statement(
    records: FakeRecords, preparations: Preparations
) -> None:
    people = [UUID(int=number) for number in range(2 * PAGE + 1)]
    for person in people:
        records.rows[person] = replace(WAITING, identity_id=person)
    with ExitStack() as stack:
        watched = [stack.enter_context(preparations.watching(person, nothing)) for person in people for _ in range(2)]
        await eventually(lambda: all(each.current for each in watched), "all were read")
        assert records.asked[:4] == [("changed", len(people)), ("of", PAGE), ("of", PAGE), ("of", 1)]
        await eventually(polls(records), "polled")
        assert set(records.asked[4:]) == {("changed", len(people))}
        records.rows[people[7]] = MailboxRecord(people[7], NOW)
        await eventually(lambda: ("of", 1) in records.asked[4:], "the change is read")
    asked = len(records.asked)
    await asyncio.sleep(0.05)
    assert len(records.asked) <= asked + 1, "nobody watches any more"


async def test_a_ready_mailbox_is_not_polled_until_an_event_says_that_it_changed(
    records: FakeRecords, preparations: Preparations
) -> None:
    woken: list[int] = []
    with preparations.watching(ALICE, lambda: woken.append(1)) as watched:
        await eventually(lambda: watched.is_ready, "read")
        asked = len(records.asked)
        await asyncio.sleep(0.05)
        assert len(records.asked) == asked
        records.rows[ALICE] = replace(ready(ALICE), missing_at=NOW)
        preparations.reread(watched)
        await eventually(lambda: len(woken) == 2, "woken")
        assert watched.current
        assert watched.current.state is PreparationState.MISSING


async def test_a_read_that_began_before_the_event_does_not_count(records: FakeRecords) -> None:
    preparations, stop = Preparations(records, poll_every=60), asyncio.Event()
    with preparations.watching(ALICE, nothing) as watched:
        read = records.of

        async def slowly(identity_ids: Sequence[UUID]) -> list[MailboxRecord]:
            found = await read(identity_ids)
            records.of = read
            records.rows[ALICE] = replace(ready(ALICE), missing_at=NOW)
            preparations.reread(watched)
            return found

        records.of = slowly
        running = asyncio.create_task(preparations.run(stop))
        await eventually(lambda: watched.current is not None, "read again")
        assert watched.current
        assert watched.current.state is PreparationState.MISSING
        stop.set()
        await running


async def test_a_change_during_an_outage_of_the_database_is_seen_after_it(
    records: FakeRecords, preparations: Preparations
) -> None:
    records.rows[ALICE] = WAITING
    with preparations.watching(ALICE, nothing) as watched:
        await eventually(lambda: watched.current is not None, "read")
        records.away = True
        await eventually(polls(records), "polled in vain")
        records.rows[ALICE] = MailboxRecord(ALICE, NOW)
        with preparations.watching(UUID(int=2), nothing) as newcomer:
            await eventually(polls(records), "polled in vain")
            records.away = False
            await eventually(lambda: newcomer.is_ready, "the newcomer is read")
        await eventually(
            lambda: watched.current and watched.current.state is PreparationState.NONE, "the change is seen"
        )


async def test_a_mailbox_is_read_at_once_for_who_comes_between_two_polls(records: FakeRecords) -> None:
    preparations, stop = Preparations(records, poll_every=60), asyncio.Event()
    running = asyncio.create_task(preparations.run(stop))
    records.rows[ALICE] = WAITING
    with preparations.watching(ALICE, nothing) as first:
        await eventually(lambda: first.current is not None, "read")
        with preparations.watching(UUID(int=2), nothing) as second:
            await eventually(lambda: second.current is not None, "read before the next poll")
        assert [number for what, number in records.asked if what == "changed"] == [1, 1], "and nobody else with it"
    stop.set()
    await running
