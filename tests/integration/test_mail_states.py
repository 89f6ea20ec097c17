"""Which accounts are watched, and that a state and its events are committed together."""

import asyncio
from typing import LiteralString
from uuid import UUID

import pytest

from eventually import eventually
from postroom.arrivals.ports import MailState
from postroom.mailboxes.ports import MailAccount
from postroom.postgres.connection import Pool
from postroom.postgres.mail_states import PostgresMailStates
from records import Records

ALICE = MailAccount(UUID(int=1), "alice@example.org", "b")
BOB = MailAccount(UUID(int=2), "bob@example.org", "c")
EVENT = {"state": "s1", "ids": ["M1"], "count": 1}


@pytest.fixture
def states(pool: Pool) -> PostgresMailStates:
    return PostgresMailStates(pool)


async def age(records: Records, column: str, interval: str, account: MailAccount = ALICE) -> None:
    statements: dict[str, LiteralString] = {
        "seen_at": "UPDATE mail_states SET seen_at = now() - %s::interval WHERE kratos_identity_id = %s",
        "checked_at": "UPDATE mail_states SET checked_at = now() - %s::interval WHERE kratos_identity_id = %s",
    }
    await records.rows(statements[column], interval, account.identity_id)


async def watched(states: PostgresMailStates, account: MailAccount = ALICE) -> MailState:
    (found,) = await states.watched([account.account_id])
    return found


async def stale(states: PostgresMailStates, seconds: float = 300) -> list[list[str]]:
    return [[state.account.account_id for state in page] async for page in states.stale(seconds)]


async def events(records: Records) -> list[tuple[UUID, str, object]]:
    found = await records.rows("SELECT * FROM live_events ORDER BY id")
    return [(row["kratos_identity_id"], row["type"], row["data"]) for row in found]


async def test_person_who_comes_online_is_watched_without_a_state(states: PostgresMailStates) -> None:
    assert await states.watched(["b"]) == []
    first = await states.watch(ALICE)
    assert (first.account, first.email_state) == (ALICE, None)
    assert (await watched(states)).account == ALICE
    assert await states.watched(["c", "nobody"]) == []
    await states.advance(first, "s1", [])
    assert (await states.watch(ALICE)).email_state == "s1"


async def test_mail_state_and_its_ordered_events_are_one_commit(states: PostgresMailStates, records: Records) -> None:
    first = await states.watch(ALICE)
    assert await states.advance(first, "s1", [EVENT, {"state": "s1", "reload": True}])
    assert await events(records) == [
        (ALICE.identity_id, "mail", EVENT),
        (ALICE.identity_id, "mail", {"state": "s1", "reload": True}),
    ]
    commits = await records.rows(
        "SELECT xmin::text FROM live_events UNION SELECT xmin::text FROM mail_states WHERE email_state = 's1'"
    )
    assert len(commits) == 1


async def test_only_a_poll_that_began_with_the_stored_state_advances_it(
    states: PostgresMailStates, records: Records
) -> None:
    first = await states.watch(ALICE)
    assert await states.advance(first, "s1", [EVENT])
    assert not await states.advance(first, "s1", [EVENT])
    assert not await states.advance(MailState(ALICE, "s0"), "s2", [EVENT])
    assert not await states.advance(MailState(BOB, None), "s1", [EVENT])
    assert await states.advance(MailState(ALICE, "s1"), "s2", [])
    assert len(await events(records)) == 1
    assert (await watched(states)).email_state == "s2"


async def test_only_one_of_many_concurrent_advances_of_a_mail_state_succeeds(
    states: PostgresMailStates, records: Records
) -> None:
    state = await states.watch(ALICE)
    for number in range(10):
        tries = [states.advance(state, f"s{number}", [EVENT]) for _ in range(8)]
        assert sorted(await asyncio.gather(*tries)) == [False] * 7 + [True]
        state = await watched(states)
    assert len(await events(records)) == 10


async def test_event_ids_of_a_person_grow_in_commit_order(states: PostgresMailStates, records: Records) -> None:
    """The second commit waits for the first one before it takes an id from the sequence."""
    await states.advance(await states.watch(ALICE), "s1", [])
    async with records.connection.transaction():
        await records.rows("SELECT FROM mail_states FOR UPDATE")
        waiting = asyncio.create_task(states.advance(MailState(ALICE, "s1"), "s2", [EVENT]))
        await eventually(
            lambda: records.value("SELECT count(*) FROM pg_locks WHERE NOT granted"), "the second one waits"
        )
        earlier = await records.value(
            "INSERT INTO live_events (kratos_identity_id, type, data) VALUES (%s, 'mail', '{}') RETURNING id",
            ALICE.identity_id,
        )
    assert await waiting
    assert await records.value("SELECT max(id) FROM live_events") == earlier + 1


async def test_age_of_a_mail_state_is_the_time_since_its_last_poll(
    states: PostgresMailStates, records: Records
) -> None:
    first = await states.watch(ALICE)
    await age(records, "checked_at", "100 s")
    assert 100 <= (await watched(states)).age < 110
    assert 100 <= (await states.watch(ALICE)).age < 110
    await states.advance(first, "s1", [])
    assert 0 <= (await watched(states)).age < 5


async def test_person_offline_for_a_day_is_not_watched_and_starts_without_a_state(
    states: PostgresMailStates, records: Records
) -> None:
    await states.advance(await states.watch(ALICE), "s1", [])
    await age(records, "seen_at", "25 h")
    assert await states.watched(["b"]) == []
    assert (await states.watch(ALICE)).email_state is None
    assert (await watched(states)).account == ALICE


async def test_mail_state_restarts_with_a_new_account_but_not_with_a_new_address(
    states: PostgresMailStates,
) -> None:
    await states.advance(await states.watch(ALICE), "s1", [])
    renamed = MailAccount(ALICE.identity_id, "alicia@example.org", "b")
    assert (await states.watch(renamed)).email_state == "s1"
    assert (await watched(states)).account == renamed
    remade = MailAccount(ALICE.identity_id, "alicia@example.org", "z")
    assert (await states.watch(remade)).email_state is None
    assert not await states.advance(MailState(ALICE, None), "s9", [EVENT]), "a poll of the old account stores nothing"


async def test_reassigned_account_id_belongs_to_the_person_last_online(states: PostgresMailStates) -> None:
    """A reinstalled mail server assigns its ids in another order."""
    await states.advance(await states.watch(ALICE), "s1", [])
    newcomer = MailAccount(BOB.identity_id, BOB.email, ALICE.account_id)
    assert (await states.watch(newcomer)).email_state is None
    assert (await watched(states, newcomer)).account == newcomer
    assert await states.advance(MailState(newcomer, None), "s9", [])
    assert (await states.watch(ALICE)).email_state == "s1", "her state is kept when he comes online"
    assert (await watched(states)).account == ALICE


async def test_two_people_whose_accounts_were_swapped_are_both_watched(states: PostgresMailStates) -> None:
    for account in (ALICE, BOB):
        await states.watch(account)
    moved = [
        MailAccount(ALICE.identity_id, ALICE.email, BOB.account_id),
        MailAccount(BOB.identity_id, BOB.email, ALICE.account_id),
    ]
    for account in moved:
        assert (await states.watch(account)).email_state is None
        assert (await watched(states, account)).account == account


async def test_stale_accounts_are_ordered_by_their_last_poll_oldest_first(
    states: PostgresMailStates, records: Records
) -> None:
    fresh, offline = (MailAccount(UUID(int=number), f"{number}@example.org", f"x{number}") for number in (3, 4))
    for account in (ALICE, BOB, fresh, offline):
        await states.watch(account)
    await age(records, "checked_at", "400 s", ALICE)
    await age(records, "checked_at", "500 s", BOB)
    await age(records, "checked_at", "600 s", offline)
    await age(records, "seen_at", "2 days", offline)
    assert await stale(states) == [["c", "b"]]


async def test_stale_accounts_are_listed_once_each_over_all_pages(states: PostgresMailStates, records: Records) -> None:
    await records.rows(
        "INSERT INTO mail_states (kratos_identity_id, stalwart_account_id, email, checked_at) "
        "SELECT lpad(to_hex(n), 32, '0')::uuid, 'x' || n, 'x', now() - make_interval(secs => 400 + n / 300) "
        "FROM generate_series(1, 1201) n"
    )
    pages = await stale(states)
    assert [len(page) for page in pages] == [500, 500, 201]
    assert len({each for page in pages for each in page}) == 1201


async def test_mail_state_no_longer_watched_is_deleted(states: PostgresMailStates, records: Records) -> None:
    await states.watch(ALICE)
    await states.watch(BOB)
    for column in ("seen_at", "checked_at"):
        await age(records, column, "25 h", BOB)
    # the mail server does not respond for this account, but its owner is online
    await age(records, "checked_at", "25 h", ALICE)
    assert await states.forget() == 1
    assert [row["email"] for row in await records.rows("SELECT email FROM mail_states")] == [ALICE.email]
