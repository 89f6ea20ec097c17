"""The outbox: claims of events, events that a client missed, and pruning."""

import asyncio
import random
from collections import defaultdict
from typing import LiteralString
from uuid import UUID, uuid4

import pytest

from live_events import commit_event, unpublished
from postroom.arrivals.ports import LiveEvent
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
    """Make everything that happened to these events appear older."""
    statements: dict[str, LiteralString] = {
        "announced_at": "UPDATE live_events SET announced_at = now() - %s::interval WHERE id = ANY(%s)",
        "created_at": "UPDATE live_events SET created_at = now() - %s::interval WHERE id = ANY(%s)",
        "claimed_until": "UPDATE live_events SET claimed_until = now() - %s::interval WHERE id = ANY(%s)",
    }
    await records.rows(statements[column], interval, list(ids))


async def test_outbox_claim_returns_the_oldest_events_first_with_their_data(
    outbox: PostgresOutbox, records: Records
) -> None:
    first = await commit_event(records, ALICE, emailIds=["M1"])
    second = await commit_event(records, BOB)
    assert await outbox.claim(100) == [
        LiveEvent(first, ALICE, "mail", {"emailIds": ["M1"]}),
        LiveEvent(second, BOB, "mail"),
    ]


async def test_claimed_or_published_event_is_not_claimed_again(outbox: PostgresOutbox, records: Records) -> None:
    event = await commit_event(records, ALICE)
    assert await ids_of(outbox) == [event]
    assert await ids_of(outbox) == []
    await outbox.published([event])
    await age(records, "claimed_until", "1 s", event)
    assert await ids_of(outbox) == []


async def test_outbox_event_can_be_claimed_again_after_ten_seconds_or_its_release(
    outbox: PostgresOutbox, records: Records
) -> None:
    event = await commit_event(records, ALICE)
    await outbox.claim(100)
    left = await records.value("SELECT extract(epoch FROM claimed_until - now())::float8 FROM live_events")
    assert 9 < left <= 10
    await age(records, "claimed_until", "1 s", event)
    assert await ids_of(outbox) == [event]
    await outbox.release([event])
    assert await ids_of(outbox) == [event], "at once after a release"


async def test_event_waits_while_an_older_one_of_the_same_person_is_claimed(
    outbox: PostgresOutbox, records: Records
) -> None:
    first = await commit_event(records, ALICE)
    await outbox.claim(100)
    second, other = await commit_event(records, ALICE), await commit_event(records, BOB)
    assert await ids_of(outbox) == [other]
    await outbox.published([first])
    assert await ids_of(outbox) == [second]


async def test_outbox_claim_limit_counts_people_and_returns_all_their_waiting_events(
    outbox: PostgresOutbox, records: Records
) -> None:
    mine = [await commit_event(records, ALICE) for _ in range(3)]
    theirs = await commit_event(records, BOB)
    assert await ids_of(outbox, 1) == mine
    assert await ids_of(outbox, 1) == [theirs]


async def test_outbox_claims_ten_events_per_person_so_that_a_backlog_does_not_delay_others(
    outbox: PostgresOutbox, records: Records
) -> None:
    mine = [await commit_event(records, ALICE) for _ in range(12)]
    theirs = await commit_event(records, BOB)
    assert await ids_of(outbox) == [*mine[:10], theirs]
    assert await ids_of(outbox) == []
    await outbox.published(mine[:10])
    assert await ids_of(outbox) == mine[10:]


async def test_uncommitted_outbox_claim_blocks_later_events_of_the_same_person(
    outbox: PostgresOutbox, records: Records
) -> None:
    first = await commit_event(records, ALICE)
    await commit_event(records, ALICE)
    async with records.connection.transaction():
        await records.rows("SELECT FROM live_events WHERE id = %s FOR UPDATE", first)
        assert await ids_of(outbox) == []


async def test_six_concurrent_publishers_publish_each_event_once_in_order_per_person(
    outbox: PostgresOutbox, records: Records
) -> None:
    people = [uuid4() for _ in range(10)]
    reported: dict[UUID, list[int]] = defaultdict(list)
    done = asyncio.Event()

    async def announce() -> None:
        while not (done.is_set() and await unpublished(records) == 0):
            events = await outbox.claim(3)
            for event in events:
                reported[event.identity_id].append(event.id)
            await outbox.published([event.id for event in events])

    async with asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(announce())
        committed = [await commit_event(records, random.choice(people)) for _ in range(300)]
        done.set()
    assert sorted(id_ for ids in reported.values() for id_ in ids) == committed
    assert all(ids == sorted(ids) for ids in reported.values())


async def test_client_gets_only_its_own_missed_events_in_order(outbox: PostgresOutbox, records: Records) -> None:
    first = await commit_event(records, ALICE)
    await commit_event(records, BOB)
    later = [await commit_event(records, ALICE, n=n) for n in range(3)]
    assert await missed(outbox, first, limit=2) == later[:2]
    assert await missed(outbox, later[-1]) == []
    assert await missed(outbox, later[-1] + 1) is None, "an id that was never assigned"


async def test_events_missed_before_the_oldest_kept_event_are_unknown(outbox: PostgresOutbox, records: Records) -> None:
    ids = [await commit_event(records, ALICE) for _ in range(4)]
    await outbox.published(ids)
    await age(records, "announced_at", "11 min", *ids[:3])
    assert await outbox.prune() == 2
    assert await missed(outbox, ids[0]) is None
    assert await missed(outbox, ids[1]) == ids[2:]


async def test_newest_event_is_kept_to_show_that_earlier_ones_were_pruned(
    outbox: PostgresOutbox, records: Records
) -> None:
    ids = [await commit_event(records, BOB) for _ in range(3)]
    await outbox.published(ids)
    await age(records, "announced_at", "1 day", *ids)
    assert await outbox.prune() == 2
    assert await missed(outbox, ids[-1]) == []
    assert await missed(outbox, ids[0]) is None


async def test_unpublished_event_and_all_later_events_are_kept_for_a_day(
    outbox: PostgresOutbox, records: Records
) -> None:
    stuck, announced, newest = [await commit_event(records, ALICE) for _ in range(3)]
    await outbox.published([announced, newest])
    await age(records, "announced_at", "1 hour", announced, newest)
    assert await outbox.prune() == 0
    await age(records, "created_at", "25 hours", stuck)
    assert await outbox.prune() == 2


async def test_settled_event_was_published_a_minute_ago_with_no_older_one_unpublished(
    outbox: PostgresOutbox, records: Records
) -> None:
    first, stuck, third, fourth = [await commit_event(records, ALICE) for _ in range(4)]
    await outbox.published([first, third, fourth])
    await age(records, "announced_at", "2 min", first, third)
    assert await outbox.settled() == first
    await outbox.published([stuck])
    assert await outbox.settled() == first
    await age(records, "announced_at", "2 min", stuck)
    assert await outbox.settled() == third
    await age(records, "announced_at", "2 min", fourth)
    assert await outbox.settled() == fourth
    assert await outbox.newest(ALICE) == fourth


@pytest.mark.parametrize("announced", [False, True], ids=["to publish", "just published"])
async def test_settled_id_never_passes_an_uncommitted_event(
    outbox: PostgresOutbox, records: Records, database: Database, announced: bool
) -> None:
    """A stream that started there would skip the event."""
    old = await commit_event(records, BOB)
    await outbox.published([old])
    await age(records, "announced_at", "2 min", old)
    async with records_of(database.owner_url) as slow, slow.connection.transaction():
        under_way = await commit_event(slow, ALICE)
        newer = await commit_event(records, BOB)
        assert newer == under_way + 1
        if announced:
            await outbox.published([newer])
        assert await outbox.settled() == old


async def test_stream_starts_before_all_events_if_none_is_settled(outbox: PostgresOutbox, records: Records) -> None:
    assert await missed(outbox, 0) == []
    assert await outbox.newest(ALICE) is None
    event = await commit_event(records, ALICE)
    assert await outbox.settled() == 0
    assert await missed(outbox, 0) == [event]


async def test_last_settled_event_is_kept_as_the_start_for_a_stream_without_events(
    outbox: PostgresOutbox, records: Records
) -> None:
    """Otherwise the stream would start before the pruned events, and the client would be asked to reload."""
    old, settled, new = [await commit_event(records, BOB) for _ in range(3)]
    await outbox.published([old, settled])
    await age(records, "announced_at", "1 hour", old, settled)
    assert await outbox.prune() == 1
    assert await outbox.prune() == 0
    assert await outbox.settled() == settled
    assert await missed(outbox, settled, who=BOB) == [new]


async def test_outbox_claims_a_burst_fast_although_plans_were_made_for_few_rows(
    outbox: PostgresOutbox, records: Records
) -> None:
    for _ in range(60):  # by now the statements have generic plans, based on statistics of few rows
        await commit_event(records, ALICE)
        await outbox.published(await ids_of(outbox))
    await records.connection.execute("ANALYZE live_events")
    await records.rows(
        "INSERT INTO live_events (kratos_identity_id, type, data) "
        "SELECT lpad(to_hex(1 + n % 1000), 32, '0')::uuid, 'mail', '{}' FROM generate_series(1, 10000) n"
    )
    claimed = 0
    async with asyncio.timeout(10):  # It takes half a second; with joins it took forty seconds.
        while ids := await ids_of(outbox):
            await outbox.published(ids)
            claimed += len(ids)
    assert claimed == 10_000
