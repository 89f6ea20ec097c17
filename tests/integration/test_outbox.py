"""The outbox: who may announce what, what a screen missed, what is forgotten."""

import asyncio
import random
from collections import defaultdict
from typing import LiteralString
from uuid import UUID, uuid4

import pytest

from live_events import commit_event, unannounced
from postroom.mail.ports import LiveEvent
from postroom.postgres.connection import Pool
from postroom.postgres.outbox import PostgresOutbox
from records import Records, records_of
from servers import Database

ALICE, BOB = UUID(int=1), UUID(int=2)


@pytest.fixture
def outbox(pool: Pool) -> PostgresOutbox:
    return PostgresOutbox(pool)


async def ids_of(outbox: PostgresOutbox, limit: int = 100) -> list[int]:
    return [event.id for event in await outbox.claim(limit)]


async def missed(outbox: PostgresOutbox, after: int, *, who: UUID = ALICE, limit: int = 10) -> list[int] | None:
    found = await outbox.after(who, after, limit)
    return None if found is None else [event.id for event in found]


async def age(records: Records, column: str, interval: str, *ids: int) -> None:
    """Let what happened to these events have happened earlier."""
    statements: dict[str, LiteralString] = {
        "announced_at": "UPDATE live_events SET announced_at = now() - %s::interval WHERE id = ANY(%s)",
        "created_at": "UPDATE live_events SET created_at = now() - %s::interval WHERE id = ANY(%s)",
        "claimed_until": "UPDATE live_events SET claimed_until = now() - %s::interval WHERE id = ANY(%s)",
    }
    await records.rows(statements[column], interval, list(ids))


async def test_a_claim_gives_the_oldest_first_with_their_data(outbox: PostgresOutbox, records: Records) -> None:
    first = await commit_event(records, ALICE, emailIds=["M1"])
    second = await commit_event(records, BOB)
    assert await outbox.claim(100) == [
        LiveEvent(first, ALICE, "mail", {"emailIds": ["M1"]}),
        LiveEvent(second, BOB, "mail"),
    ]


async def test_what_is_claimed_or_announced_is_given_to_nobody_else(outbox: PostgresOutbox, records: Records) -> None:
    event = await commit_event(records, ALICE)
    assert await ids_of(outbox) == [event]
    assert await ids_of(outbox) == []
    await outbox.announced([event])
    await age(records, "claimed_until", "1 s", event)
    assert await ids_of(outbox) == []


async def test_a_claim_is_given_again_after_ten_seconds_or_when_it_is_released(
    outbox: PostgresOutbox, records: Records
) -> None:
    event = await commit_event(records, ALICE)
    await outbox.claim(100)
    left = await records.value("SELECT extract(epoch FROM claimed_until - now())::float8 FROM live_events")
    assert 9 < left <= 10
    await age(records, "claimed_until", "1 s", event)
    assert await ids_of(outbox) == [event]
    await outbox.release([event])
    assert await ids_of(outbox) == [event], "at once, where the holder lives and lets go"


async def test_a_newer_event_waits_while_an_older_one_of_the_person_is_claimed(
    outbox: PostgresOutbox, records: Records
) -> None:
    first = await commit_event(records, ALICE)
    await outbox.claim(100)
    second, other = await commit_event(records, ALICE), await commit_event(records, BOB)
    assert await ids_of(outbox) == [other]
    await outbox.announced([first])
    assert await ids_of(outbox) == [second]


async def test_the_limit_counts_people_and_each_comes_with_all_that_waits(
    outbox: PostgresOutbox, records: Records
) -> None:
    mine = [await commit_event(records, ALICE) for _ in range(3)]
    theirs = await commit_event(records, BOB)
    assert await ids_of(outbox, 1) == mine
    assert await ids_of(outbox, 1) == [theirs]


async def test_the_backlog_of_one_person_comes_ten_at_a_time_so_that_the_others_do_not_wait_for_it(
    outbox: PostgresOutbox, records: Records
) -> None:
    mine = [await commit_event(records, ALICE) for _ in range(12)]
    theirs = await commit_event(records, BOB)
    assert await ids_of(outbox) == [*mine[:10], theirs]
    assert await ids_of(outbox) == []
    await outbox.announced(mine[:10])
    assert await ids_of(outbox) == mine[10:]


async def test_a_claim_that_locks_but_has_not_committed_lets_nobody_overtake(
    outbox: PostgresOutbox, records: Records
) -> None:
    first = await commit_event(records, ALICE)
    await commit_event(records, ALICE)
    async with records.connection.transaction():
        await records.rows("SELECT FROM live_events WHERE id = %s FOR UPDATE", first)
        assert await ids_of(outbox) == []


async def test_six_announcers_at_once_tell_each_event_once_and_in_the_order_of_each_person(
    outbox: PostgresOutbox, records: Records
) -> None:
    people = [uuid4() for _ in range(10)]
    reported: dict[UUID, list[int]] = defaultdict(list)
    done = asyncio.Event()

    async def announce() -> None:
        while not (done.is_set() and await unannounced(records) == 0):
            events = await outbox.claim(3)
            for event in events:
                reported[event.identity_id].append(event.id)
            await outbox.announced([event.id for event in events])

    async with asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(announce())
        committed = [await commit_event(records, random.choice(people)) for _ in range(300)]
        done.set()
    assert sorted(id_ for ids in reported.values() for id_ in ids) == committed
    assert all(ids == sorted(ids) for ids in reported.values())


async def test_a_screen_gets_what_it_missed_of_its_own_in_order(outbox: PostgresOutbox, records: Records) -> None:
    first = await commit_event(records, ALICE)
    await commit_event(records, BOB)
    later = [await commit_event(records, ALICE, n=n) for n in range(3)]
    assert await missed(outbox, first, limit=2) == later[:2]
    assert await missed(outbox, later[-1]) == []
    assert await missed(outbox, later[-1] + 1) is None, "an id that was never given"


async def test_what_was_missed_before_the_oldest_that_is_kept_cannot_be_known(
    outbox: PostgresOutbox, records: Records
) -> None:
    ids = [await commit_event(records, ALICE) for _ in range(4)]
    await outbox.announced(ids)
    await age(records, "announced_at", "11 min", *ids[:3])
    assert await outbox.prune() == 2
    assert await missed(outbox, ids[0]) is None
    assert await missed(outbox, ids[1]) == ids[2:]


async def test_the_newest_event_is_kept_so_that_all_before_it_are_known_to_be_gone(
    outbox: PostgresOutbox, records: Records
) -> None:
    ids = [await commit_event(records, BOB) for _ in range(3)]
    await outbox.announced(ids)
    await age(records, "announced_at", "1 day", *ids)
    assert await outbox.prune() == 2
    assert await missed(outbox, ids[-1]) == []
    assert await missed(outbox, ids[0]) is None


async def test_what_could_not_be_announced_is_kept_for_a_day_and_everything_after_it(
    outbox: PostgresOutbox, records: Records
) -> None:
    stuck, announced, newest = [await commit_event(records, ALICE) for _ in range(3)]
    await outbox.announced([announced, newest])
    await age(records, "announced_at", "1 hour", announced, newest)
    assert await outbox.prune() == 0
    await age(records, "created_at", "25 hours", stuck)
    assert await outbox.prune() == 2


async def test_settled_is_what_was_announced_a_minute_ago_with_nothing_older_open(
    outbox: PostgresOutbox, records: Records
) -> None:
    first, stuck, third, fourth = [await commit_event(records, ALICE) for _ in range(4)]
    await outbox.announced([first, third, fourth])
    await age(records, "announced_at", "2 min", first, third)
    assert await outbox.settled() == first
    await outbox.announced([stuck])
    assert await outbox.settled() == first
    await age(records, "announced_at", "2 min", stuck)
    assert await outbox.settled() == third
    await age(records, "announced_at", "2 min", fourth)
    assert await outbox.settled() == fourth
    assert await outbox.newest(ALICE) == fourth


@pytest.mark.parametrize("announced", [False, True], ids=["to announce", "just announced"])
async def test_settled_is_never_an_id_whose_commit_is_under_way(
    outbox: PostgresOutbox, records: Records, database: Database, announced: bool
) -> None:
    """A screen that began there would step over the event."""
    old = await commit_event(records, BOB)
    await outbox.announced([old])
    await age(records, "announced_at", "2 min", old)
    async with records_of(database.owner_url) as slow, slow.connection.transaction():
        under_way = await commit_event(slow, ALICE)
        newer = await commit_event(records, BOB)
        assert newer == under_way + 1
        if announced:
            await outbox.announced([newer])
        assert await outbox.settled() == old


async def test_with_nothing_settled_a_screen_begins_before_everything(outbox: PostgresOutbox, records: Records) -> None:
    assert await missed(outbox, 0) == []
    assert await outbox.newest(ALICE) is None
    event = await commit_event(records, ALICE)
    assert await outbox.settled() == 0
    assert await missed(outbox, 0) == [event]


async def test_what_was_settled_last_is_kept_so_that_a_screen_without_events_begins_there(
    outbox: PostgresOutbox, records: Records
) -> None:
    """It would begin before what is forgotten, and be told to reload."""
    old, settled, new = [await commit_event(records, BOB) for _ in range(3)]
    await outbox.announced([old, settled])
    await age(records, "announced_at", "1 hour", old, settled)
    assert await outbox.prune() == 1
    assert await outbox.prune() == 0
    assert await outbox.settled() == settled
    assert await missed(outbox, settled, who=BOB) == [new]


async def test_a_burst_after_a_quiet_time_is_not_claimed_by_plans_for_a_handful_of_rows(
    outbox: PostgresOutbox, records: Records
) -> None:
    for _ in range(60):  # by now statements are planned once and for all, and the statistics know of few rows
        await commit_event(records, ALICE)
        await outbox.announced(await ids_of(outbox))
    await records.connection.execute("ANALYZE live_events")
    await records.rows(
        "INSERT INTO live_events (kratos_identity_id, type, data) "
        "SELECT lpad(to_hex(1 + n % 1000), 32, '0')::uuid, 'mail', '{}' FROM generate_series(1, 10000) n"
    )
    claimed = 0
    async with asyncio.timeout(10):  # half a second; with joins it was forty
        while ids := await ids_of(outbox):
            await outbox.announced(ids)
            claimed += len(ids)
    assert claimed == 10_000
