"""No source changes more people in a day than the brake allows, however its news arrive."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from postroom.domain.account_change import Because
from postroom.domain.brake import Counted
from postroom.domain.difference import Kind
from postroom.domain.mailbox import Mailbox
from postroom.domain.request import CREATE_AND_CHANGE, RequestStep, State
from postroom.domain.wish import OLD_ADDRESSES, Wish
from postroom.postgres.brake import PostgresBrake
from postroom.postgres.connection import Pool
from postroom.postgres.doubts import PostgresDoubts
from postroom.postgres.requests import PostgresRequests
from postroom.postgres.wishes import PostgresWishes
from postroom.provisioning.ports import Found
from postroom.provisioning.wishes import Written
from records import Records, mailbox
from wanted import made

INACTIVE = Wish(because=Because.INACTIVE)
LIMIT = 10
"""inactive people of a few mailboxes"""


@pytest.fixture
def requests(pool: Pool) -> PostgresRequests:
    return PostgresRequests(pool, new_id=uuid4, steps=CREATE_AND_CHANGE)


@pytest.fixture
def wishes(pool: Pool) -> PostgresWishes:
    return PostgresWishes(pool)


@pytest.fixture
def brake(pool: Pool) -> PostgresBrake:
    return PostgresBrake(pool)


async def several(requests: PostgresRequests, number: int) -> list[Mailbox]:
    return [await made(requests, mailbox(f"user-{each}")) for each in range(number)]


async def wished(wishes: PostgresWishes, of: Mailbox, wish: Wish = INACTIVE) -> Written:
    known = await wishes.read(of.identity_id)
    assert known
    written = await wishes.write(known, wish, action="accept")
    assert written
    return written


async def doubted(pool: Pool, kind: Kind, *people: Mailbox, seen: str | None = None) -> None:
    found = [Found(each.identity_id, kind, seen) for each in people]
    now = datetime.now(UTC)
    await PostgresDoubts(pool).store(found, [], read_at=now, began_at=now, by_hook=False)


async def closed(records: Records) -> Mapping[str, str]:
    found: Mapping[str, str] = await records.value("SELECT closed FROM brake")
    return found


async def locked_out(records: Records) -> set[UUID]:
    found = await records.rows("SELECT identity_id FROM email_requests WHERE want_because IS NOT NULL")
    return {each["identity_id"] for each in found}


async def test_nobody_is_let_through_before_the_first_whole_pass_and_what_gives_is(
    requests: PostgresRequests, wishes: PostgresWishes, records: Records
) -> None:
    (alice,) = await several(requests, 1)
    written = await wished(wishes, alice, Wish("new@example.org", "Ann", Because.INACTIVE))
    assert written.held == {Kind.RENAME: "new@example.org", Kind.INACTIVE: None}
    row = await records.request(alice.identity_id)
    assert (row["want_email"], row["want_name"], row["want_because"]) == (alice.email, "Ann", None)
    assert await records.value("SELECT count(*) FROM addresses WHERE address LIKE 'new@%%'") == 0
    await records.rows("UPDATE email_requests SET want_because = 'inactive'")
    assert (await wished(wishes, alice, Wish())).held == {}
    assert await locked_out(records) == set()


async def test_as_many_people_as_the_limit_are_let_through_however_many_ask_at_once(
    requests: PostgresRequests, wishes: PostgresWishes, records: Records
) -> None:
    await records.rows("UPDATE brake SET judged_at = now()")
    people = await several(requests, LIMIT + 4)
    written = await asyncio.gather(*(wished(wishes, each) for each in people))
    assert len(await locked_out(records)) == LIMIT
    assert sum(Kind.INACTIVE in each.held for each in written) == 4


async def test_people_are_counted_and_not_their_changes_and_only_those_of_a_day(
    requests: PostgresRequests, wishes: PostgresWishes, records: Records
) -> None:
    await records.rows("UPDATE brake SET judged_at = now()")
    people = await several(requests, LIMIT + 1)
    for each in people[:LIMIT]:
        await wished(wishes, each)
    for wish in (Wish(), INACTIVE):
        assert (await wished(wishes, people[0], wish)).held == {}
    assert (await wished(wishes, people[-1])).held
    await records.rows(
        "UPDATE let_through SET at = now() - interval '25 hours' WHERE identity_id = %s", people[0].identity_id
    )
    assert not (await wished(wishes, people[-1])).held


async def test_who_was_accepted_by_an_operator_is_let_through_once_and_not_counted(
    requests: PostgresRequests, wishes: PostgresWishes, records: Records
) -> None:
    await records.rows("""UPDATE brake SET judged_at = now(), closed = '{"inactive": "too many"}'""")
    alice, bob = await several(requests, 2)
    assert (await wished(wishes, bob)).held
    await records.rows(
        "INSERT INTO let_through (identity_id, kind, accepted_at) VALUES (%s, 'inactive', now())", alice.identity_id
    )
    known = await wishes.read(alice.identity_id)
    assert known
    assert known.accepted == {Kind.INACTIVE}
    assert not (await wished(wishes, alice)).held
    assert await locked_out(records) == {alice.identity_id}
    await wished(wishes, alice, Wish())
    assert (await wished(wishes, alice)).held, "the next change is another matter"
    count = "SELECT count(*) FROM let_through WHERE at IS NOT NULL AND accepted_at IS NULL"
    assert await records.value(count) == 0


# A whole pass


async def test_first_pass_lets_nobody_through_and_stays_closed_until_an_operator_acts(
    requests: PostgresRequests, brake: PostgresBrake, records: Records, pool: Pool
) -> None:
    people = await several(requests, 2)
    await doubted(pool, Kind.INACTIVE, *people)
    for _ in range(2):
        assert await brake.judge(Counted(50)) == []
        assert await closed(records) == {"inactive": "the first whole pass shows 2 people"}
    await records.rows("DELETE FROM doubts")
    await brake.judge(Counted(50))
    assert await closed(records) == {}


async def test_those_within_the_limit_are_due_for_an_attempt_and_keep_their_goal(
    requests: PostgresRequests, brake: PostgresBrake, records: Records, pool: Pool
) -> None:
    await brake.judge(Counted(50))
    people = await several(requests, 3)
    await doubted(pool, Kind.INACTIVE, *people[:2])
    due = await brake.judge(Counted(50))
    assert {each.identity_id for each in due} == {each.identity_id for each in people[:2]}
    assert {(each.step, each.state, each.goal) for each in due} == {(RequestStep.CHANGE, State.WAITING, 0)}
    assert await locked_out(records) == set(), "the attempt asks Kratos first"


async def test_beyond_the_limit_all_of_that_kind_wait_and_others_go_on(
    requests: PostgresRequests, wishes: PostgresWishes, brake: PostgresBrake, records: Records, pool: Pool
) -> None:
    await brake.judge(Counted(20))
    people = await several(requests, LIMIT + 2)
    await wished(wishes, people[-1])
    await doubted(pool, Kind.INACTIVE, *people[:LIMIT])
    await doubted(pool, Kind.RENAME, people[-2], seen="new@example.org")
    due = await brake.judge(Counted(20))
    assert [each.identity_id for each in due] == [people[-2].identity_id]
    assert (await closed(records)).keys() == {"inactive"}
    assert (await wished(wishes, people[0])).held, "also for webhooks"
    assert not (await wished(wishes, people[-2], Wish("new@example.org"))).held


async def test_pass_has_nobody_attempted_in_vain(
    requests: PostgresRequests, brake: PostgresBrake, records: Records, pool: Pool
) -> None:
    """Who waits for an operator would be attempted by each pass otherwise, and fill the audit."""
    await brake.judge(Counted(50))
    older, lately, many, free, accepted = people = await several(requests, 5)
    await doubted(pool, Kind.RENAME, *people, seen="new@example.org")
    await doubted(pool, Kind.OLDER, older)
    passed = "INSERT INTO let_through (identity_id, kind, at, accepted_at) VALUES (%s, 'rename', now(), %s)"
    await records.rows(passed, lately.identity_id, None)
    await records.rows(passed, accepted.identity_id, datetime.now(UTC) + timedelta(seconds=1))
    for number in range(OLD_ADDRESSES):
        await records.rows("INSERT INTO addresses VALUES (%s, %s, 'old')", f"{number}@example.org", many.identity_id)
    due = await brake.judge(Counted(50))
    assert {each.identity_id for each in due} == {free.identity_id, accepted.identity_id}


async def test_absent_people_count_after_two_whole_passes_an_hour_apart(
    requests: PostgresRequests, wishes: PostgresWishes, brake: PostgresBrake, records: Records, pool: Pool
) -> None:
    await brake.judge(Counted(50))
    (alice,) = await several(requests, 1)
    await doubted(pool, Kind.ABSENT, alice)

    async def is_absent() -> bool:
        known = await wishes.read(alice.identity_id)
        assert known
        assert bool(await brake.judge(Counted(100))) is known.is_absent
        return known.is_absent

    for passes, hours, absent in [(1, 2, False), (2, 0, False), (2, 2, True)]:
        since = datetime.now(UTC) - timedelta(hours=hours)
        await records.rows("UPDATE doubts SET passes = %s, since = %s", passes, since)
        assert await is_absent() is absent
    await records.rows("UPDATE email_requests SET state = 'provisioned', due_at = NULL, want_because = 'absent'")
    assert await brake.judge(Counted(100)) == [], "it is wanted already"
    await records.rows("UPDATE email_requests SET want_because = NULL")
    assert await brake.judge(Counted(49)) == [], "of a few mailboxes nobody without a person"
    assert await brake.judge(Counted(100, "Kratos listed no identity")) == []
    assert await closed(records) == {"absent": "Kratos listed no identity"}
