"""Whose an address is: each statement that begins or ends a request writes it in the same commit."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection

from eventually import eventually
from postroom.domain.mailbox import Mailbox, StalwartAccount
from postroom.domain.missing import Doubt
from postroom.domain.request import HELD, Failed, Provisioned, Request
from postroom.errors import Conflict
from postroom.ports import ClaimResult
from postroom.postgres.connection import Pool
from postroom.postgres.inspected import PostgresInspected
from postroom.postgres.mail_accounts import PostgresMailAccounts
from postroom.postgres.operator_moves import OperatorMoves
from postroom.postgres.rebuild import PostgresRebuilt
from postroom.postgres.requests import PostgresRequests
from postroom.postgres.sweep import PostgresSwept
from postroom.provisioning.ports import DoubtChange, FoundAccount, Standing, SweptPage
from records import NOWHERE, Records, mailbox, running, settled, stalwart_account
from servers import Database

OF_ANOTHER = Failed(Conflict("it is held by b"))


async def asked_for(requests: PostgresRequests, of: Mailbox) -> Request | None:
    return await requests.accept(of, holder=None, lease=10, origin=NOWHERE, action="accept")


async def made(requests: PostgresRequests, of: Mailbox) -> Mailbox:
    await settled(requests, await running(requests, of), Provisioned(stalwart_account(of)))
    return of


async def owners(records: Records) -> dict[str, tuple[UUID, str]]:
    found = await records.rows("SELECT address, identity_id, role FROM addresses")
    assert len({each["address"] for each in found}) == len(found)
    return {each["address"].removesuffix("@example.org"): (each["identity_id"], each["role"]) for each in found}


async def swept(pool: Pool, *mailboxes: Mailbox) -> SweptPage:
    return await PostgresSwept(pool).store(mailboxes)


def renamed(of: Mailbox, name: str) -> Mailbox:
    return mailbox(name, of.identity_id)


async def test_accepted_request_reserves_its_address_in_its_own_commit(
    requests: PostgresRequests, records: Records
) -> None:
    request = await running(requests)
    (reserved,) = await records.rows("SELECT *, xmin::text AS commit FROM addresses")
    assert (reserved["address"], reserved["identity_id"], reserved["role"]) == (
        *(request.email, request.identity_id),
        "wanted",
    )
    assert reserved["commit"] == (await records.request(request.identity_id))["commit"]


async def test_address_of_a_mailbox_is_held_and_that_of_a_dead_letter_is_free(
    requests: PostgresRequests, records: Records
) -> None:
    alice, bob = await made(requests, mailbox("alice")), mailbox("bob")
    await settled(requests, await running(requests, bob), OF_ANOTHER)
    assert await owners(records) == {"alice": (alice.identity_id, "held")}
    assert await asked_for(requests, mailbox("bob")), "another identity gets it"


async def test_address_that_another_identity_has_is_refused_and_nothing_is_stored(
    requests: PostgresRequests, records: Records
) -> None:
    """Also without a living request: an address that was held or old stays with its identity."""
    alice, bob = uuid4(), mailbox("taken")
    await records.rows("INSERT INTO addresses VALUES ('taken@example.org', %s, 'old')", alice)
    assert await asked_for(requests, bob) is None
    assert await requests.read(bob.identity_id) is None
    assert await records.value("SELECT count(*) FROM email_provisioning_log") == 0
    assert await requests.refuse_held(bob, origin=NOWHERE, action="accept")
    assert await owners(records) == {"taken": (alice, "old")}


@pytest.mark.parametrize("role", ["wanted", "held", "old"])
async def test_identity_takes_its_own_address_again(requests: PostgresRequests, records: Records, role: str) -> None:
    """Its request may have been deleted by an operator. Otherwise every webhook would be refused for ever."""
    alice = mailbox()
    await records.rows("INSERT INTO addresses VALUES (%s, %s, %s)", alice.email, alice.identity_id, role)
    assert await requests.refuse_held(alice, origin=NOWHERE, action="accept") is None
    assert await asked_for(requests, alice)
    assert await owners(records) == {"alice": (alice.identity_id, role)}


async def test_reservation_follows_the_address_before_the_first_attempt(
    requests: PostgresRequests, records: Records
) -> None:
    alice, bob = mailbox("alice"), mailbox("bob")
    assert await asked_for(requests, alice)
    assert await asked_for(requests, bob)
    assert await requests.follow_address(renamed(alice, "bob"), origin=NOWHERE, action="accept") is None
    assert (await owners(records)).keys() == {"alice", "bob"}
    assert await requests.follow_address(renamed(alice, "ann"), origin=NOWHERE, action="accept")
    assert await owners(records) == {"ann": (alice.identity_id, "wanted"), "bob": (bob.identity_id, "wanted")}


async def test_address_that_is_wanted_after_an_attempt_reserves_nothing(
    requests: PostgresRequests, records: Records
) -> None:
    alice = await made(requests, mailbox())
    assert await requests.follow_address(renamed(alice, "ann"), origin=NOWHERE, action="accept")
    assert await owners(records) == {"alice": (alice.identity_id, "held")}


@pytest.mark.parametrize("remade", [False, True], ids=["at rest", "being made again"])
async def test_rebuilt_mailbox_keeps_its_address(
    requests: PostgresRequests, records: Records, pool: Pool, remade: bool
) -> None:
    """No attempt is counted for it, as for a request that may still follow its identity."""
    alice = mailbox()
    accounts = {alice.identity_id: FoundAccount(stalwart_account(alice), [alice.identity_id], False, None)}
    await PostgresRebuilt(pool).restore(accounts, actor="olga")
    if remade:
        await suspected(pool, alice)
        assert await OperatorMoves(pool).remake(alice.identity_id, actor="olga")
    followed = await requests.follow_address(renamed(alice, "ann"), origin=NOWHERE, action="accept")
    assert followed
    assert followed.email == "alice@example.org"
    assert await owners(records) == {"alice": (alice.identity_id, "held")}


async def test_dead_request_that_starts_over_reserves_its_new_address(
    requests: PostgresRequests, records: Records
) -> None:
    alice, bob = mailbox("alice"), mailbox("bob")
    for each in (alice, bob):
        await settled(requests, await running(requests, each), OF_ANOTHER)

    async def revive(of: Mailbox) -> Request | None:
        return await requests.revive(of, holder=None, lease=10, origin=NOWHERE, action="accept")

    assert await revive(renamed(alice, "new"))
    assert await revive(renamed(bob, "new")) is None
    assert await owners(records) == {"new": (alice.identity_id, "wanted")}


async def test_buried_request_gives_its_address_up_and_a_retried_one_takes_it_again(
    requests: PostgresRequests, records: Records, pool: Pool
) -> None:
    moves, alice, bob = OperatorMoves(pool), mailbox("one"), mailbox("one")
    assert await asked_for(requests, alice)
    await moves.bury([alice.identity_id], actor="olga", reason="mistake")
    assert await owners(records) == {}
    assert await asked_for(requests, bob)
    assert (await moves.find([alice.identity_id]))[alice.identity_id].held_by == bob.identity_id
    assert await moves.retry([alice.identity_id], actor="olga") == []
    await moves.bury([bob.identity_id], actor="olga", reason="mistake")
    assert await moves.retry([alice.identity_id], actor="olga")
    assert await owners(records) == {"one": (alice.identity_id, "wanted")}


async def suspected(pool: Pool, of: Mailbox, doubt: Doubt | None = Doubt.SUSPECTED) -> None:
    """A check does not find its mailbox; None: it finds it."""
    inspected = PostgresInspected(pool)
    recorded = await inspected.recorded(of.identity_id)
    assert recorded
    await inspected.record([DoubtChange(recorded, doubt, "gone")])


async def lost(requests: PostgresRequests, pool: Pool, of: Mailbox) -> None:
    await made(requests, of)
    await suspected(pool, of)


async def test_address_of_a_mailbox_stays_held_if_making_it_again_fails(
    requests: PostgresRequests, records: Records, pool: Pool
) -> None:
    moves, alice = OperatorMoves(pool), mailbox()
    await lost(requests, pool, alice)
    assert await moves.remake(alice.identity_id, actor="olga")
    await moves.bury([alice.identity_id], actor="olga", reason="not now")
    assert await owners(records) == {"alice": (alice.identity_id, "held")}
    assert await moves.remake(alice.identity_id, actor="olga"), "also of a dead letter"
    (claim,) = await requests.claim([alice.identity_id], lease=10)
    assert claim.request
    await settled(requests, claim.request, OF_ANOTHER)
    assert await owners(records) == {"alice": (alice.identity_id, "held")}
    assert await asked_for(requests, mailbox()) is None


async def test_mailbox_that_is_there_is_not_made_again_since_it_would_not_be_served_meanwhile(
    requests: PostgresRequests, pool: Pool
) -> None:
    """Making it again was buried, and a check has found it."""
    moves, accounts, alice = OperatorMoves(pool), PostgresMailAccounts(pool), mailbox()
    await lost(requests, pool, alice)
    assert await moves.remake(alice.identity_id, actor="olga")
    await moves.bury([alice.identity_id], actor="olga", reason="it is back")
    assert not (await moves.find([alice.identity_id]))[alice.identity_id].is_in_use
    await suspected(pool, alice, None)
    assert (await moves.find([alice.identity_id]))[alice.identity_id].is_in_use
    assert await moves.retry([alice.identity_id], actor="olga") == []
    again = {"holder": None, "lease": 10, "origin": NOWHERE, "action": "accept"}
    assert await requests.revive(renamed(alice, "ann"), **again) is None
    assert await accounts.of(alice.identity_id)
    await suspected(pool, alice)
    assert await moves.retry([alice.identity_id], actor="olga"), "one that is not found is"


# Rows that older code or an operator's hand left without regard to addresses


@pytest.mark.parametrize("owner", ["nobody", "the one who asks"])
async def test_address_of_a_living_request_is_held_whoever_has_its_row(
    requests: PostgresRequests, records: Records, pool: Pool, owner: str
) -> None:
    """A webhook that finds no holder is asked to come again, for ever."""
    alice, bob = mailbox("one"), mailbox("one")
    assert await asked_for(requests, alice)
    await records.rows("DELETE FROM addresses")
    if owner != "nobody":
        await records.rows("INSERT INTO addresses VALUES (%s, %s, 'held')", bob.email, bob.identity_id)
    assert await asked_for(requests, bob) is None
    assert (await swept(pool, bob)).held == [bob]
    refused = await requests.refuse_held(bob, origin=NOWHERE, action="accept")
    assert refused
    assert refused.reason == f"{HELD}, {alice.identity_id}"
    assert (await records.log(bob.identity_id))[-1]["error_message"] == refused.reason
    moves = OperatorMoves(pool)
    assert (await moves.find([bob.identity_id]))[bob.identity_id].held_by == alice.identity_id
    assert await moves.retry([bob.identity_id], actor="olga") == []


async def test_living_request_gets_its_address_back_when_it_is_claimed_and_when_its_mailbox_is_made(
    requests: PostgresRequests, records: Records
) -> None:
    alice = mailbox()
    assert await asked_for(requests, alice)
    await records.rows("DELETE FROM addresses")
    (claim,) = await requests.claim([alice.identity_id], lease=10)
    assert await owners(records) == {"alice": (alice.identity_id, "wanted")}
    await records.rows("DELETE FROM addresses")
    assert claim.request
    await settled(requests, claim.request, Provisioned(stalwart_account(alice)))
    assert await owners(records) == {"alice": (alice.identity_id, "held")}


async def test_mailbox_that_is_made_again_gets_its_address_back_as_that_of_a_mailbox(
    requests: PostgresRequests, records: Records, pool: Pool
) -> None:
    moves, alice = OperatorMoves(pool), mailbox()
    await lost(requests, pool, alice)
    of_a_mailbox = {"alice": (alice.identity_id, "held")}
    await records.rows("DELETE FROM addresses")
    assert await moves.remake(alice.identity_id, actor="olga")
    assert await owners(records) == of_a_mailbox
    await moves.bury([alice.identity_id], actor="olga", reason="not now")
    await records.rows("DELETE FROM addresses")
    assert await moves.retry([alice.identity_id], actor="olga")
    assert await owners(records) == of_a_mailbox
    await records.rows("DELETE FROM addresses")
    assert await requests.claim([alice.identity_id], lease=10)
    assert await owners(records) == of_a_mailbox


@pytest.mark.parametrize("state", ["waiting", "running"])
async def test_request_whose_address_another_identity_has_ends_when_it_is_claimed(
    requests: PostgresRequests, records: Records, state: str
) -> None:
    alice, bob = uuid4(), mailbox()
    if state == "waiting":
        assert await asked_for(requests, bob)
    else:
        await running(requests, bob)
        await records.make_due_in(-1, bob.identity_id)
    await records.rows("UPDATE addresses SET identity_id = %s, role = 'held'", alice)
    (claim,) = await requests.claim([bob.identity_id], lease=10, exclusive=True)
    assert claim.request
    assert (claim.result, claim.due_in, claim.request.holder) == (ClaimResult.DEAD, None, None)
    assert claim.request.reason == f"{HELD}, {alice}"
    assert await owners(records) == {"alice": (alice, "held")}
    *before, last = await records.audit(bob.identity_id)
    assert last == ("accept", "conflict", claim.request.attempts)
    assert ("create", "crashed", 1) in before or state == "waiting"


async def test_mailbox_that_was_made_of_an_address_of_another_identity_is_recorded(
    requests: PostgresRequests, records: Records
) -> None:
    """The mail server has decided. To refuse the outcome would lose the mailbox."""
    alice, bob = uuid4(), mailbox()
    request = await running(requests, bob)
    await records.rows("UPDATE addresses SET identity_id = %s, role = 'held'", alice)
    await settled(requests, request, Provisioned(stalwart_account(bob)))
    assert await owners(records) == {"alice": (alice, "held")}
    assert await records.account(bob.identity_id)


# Pages


async def test_page_of_the_sweep_leaves_out_whose_address_is_held_and_stores_the_others(
    requests: PostgresRequests, records: Records, pool: Pool
) -> None:
    taken, first, second = await made(requests, mailbox("taken")), mailbox("twice"), mailbox("twice")
    page = await swept(pool, mailbox("taken"), first, second, mailbox("free"))
    assert sorted(each.email for each in page.stored) == ["free@example.org", "twice@example.org"]
    assert sorted(each.email for each in page.held) == ["taken@example.org", "twice@example.org"]
    found = await owners(records)
    assert found.keys() == {"free", "taken", "twice"}
    assert found["taken"] == (taken.identity_id, "held")
    assert (await swept(pool, first, second)).stored == []


@pytest.fixture
async def other(database: Database) -> AsyncIterator[AsyncConnection]:
    """A transaction that is not committed yet."""
    async with await AsyncConnection.connect(database.owner_url) as connection:
        yield connection


async def _waiting_for_a_lock(records: Records, number: int) -> None:
    async def they_wait() -> bool:
        return await records.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == number

    await eventually(they_wait, f"{number} statements wait", 10)


async def _waiting_for(records: Records, transaction: AsyncConnection) -> None:
    found = await (await transaction.execute("SELECT pg_current_xact_id()::text")).fetchone()
    assert found

    async def one_waits() -> bool:
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND transactionid::text = %s"
        return await records.value(waiting, *found) == 1

    await eventually(one_waits, "a statement waits for the transaction", 10)


async def test_address_that_is_taken_at_the_same_moment_keeps_back_no_other_of_the_page(
    records: Records, pool: Pool, database: Database, other: AsyncConnection
) -> None:
    """Nor does it make its identity one that cannot be stored: the page fails on `a`, and `b` by itself."""
    async with await AsyncConnection.connect(database.owner_url) as another:
        for transaction, address in ((other, "a@example.org"), (another, "b@example.org")):
            await transaction.execute("INSERT INTO addresses VALUES (%s, gen_random_uuid(), 'held')", [address])
        storing = asyncio.create_task(swept(pool, *map(mailbox, "abc")))
        for transaction in (other, another):
            await _waiting_for(records, transaction)
            await transaction.commit()
        page = await storing
    assert [each.email[0] for each in page.stored] == ["c"]
    assert sorted(each.email[0] for each in page.held) == ["a", "b"]
    assert page.refused == []


@pytest.mark.parametrize("kind", ["sweep", "rebuild"])
async def test_pages_that_want_the_same_addresses_do_not_wait_for_each_other(
    records: Records, pool: Pool, other: AsyncConnection, kind: str
) -> None:
    async def store(names: str) -> Any:
        if kind == "sweep":
            return await swept(pool, *map(mailbox, names))
        found = {uuid4(): StalwartAccount(name, f"{name}@example.org") for name in names}
        accounts = {who: FoundAccount(each, [who], False, None) for who, each in found.items()}
        return await PostgresRebuilt(pool).restore(accounts, actor="olga")

    # Of a small table, PostgreSQL reads the addresses in their order anyway.
    await records.rows("INSERT INTO addresses SELECT n, gen_random_uuid(), 'held' FROM generate_series(1, 20000) AS n")
    await records.rows("ANALYZE addresses")
    # The first one has some and waits for `m`. If another one had `z` by then, each would wait for the other.
    await other.execute(
        "INSERT INTO email_requests (identity_id, email, state, due_at, enqueued_at) "
        "VALUES (gen_random_uuid(), 'm@example.org', 'waiting', now(), now())"
    )
    names, storing = "abcdefghijklmnopqrstuvwxyz", list[asyncio.Task[Any]]()
    for number in range(6):
        turned = names[number:] + names[:number]
        storing.append(asyncio.create_task(store(turned if number % 2 else turned[::-1])))
        await _waiting_for_a_lock(records, number + 1)
    await other.rollback()
    await asyncio.gather(*storing)  # a deadlock is an error
    assert (await owners(records)).keys() >= set(names)


async def test_rebuilt_mailbox_holds_its_address_and_one_whose_address_is_held_is_reported(
    requests: PostgresRequests, records: Records, pool: Pool
) -> None:
    rebuilt, bob = PostgresRebuilt(pool), await made(requests, mailbox("bob"))
    alice, stranger = uuid4(), uuid4()
    accounts = {alice: StalwartAccount("b", "alice@example.org"), stranger: StalwartAccount("c", "bob@example.org")}
    assert await rebuilt.compare(accounts) == {alice: Standing.MISSING, stranger: Standing.HELD}
    found = {who: FoundAccount(each, [who], False, None) for who, each in accounts.items()}
    assert await rebuilt.restore(found, actor="olga") == {alice}
    assert await owners(records) == {"alice": (alice, "held"), "bob": (bob.identity_id, "held")}


async def test_rebuild_knows_a_mailbox_whose_request_is_dead(
    requests: PostgresRequests, records: Records, pool: Pool
) -> None:
    alice = await made(requests, mailbox())
    await records.rows("UPDATE email_requests SET state = 'dead', reason = 'refused'")
    account = stalwart_account(alice)
    assert await PostgresRebuilt(pool).compare({alice.identity_id: account}) == {alice.identity_id: Standing.KNOWN}
    assert await PostgresRebuilt(pool).on_record(None) == {alice.identity_id: account.id}


# Statements of older code and of operators


class OlderCode:
    """A session of the service's role that does not say that it writes `addresses`."""

    def __init__(self, session: AsyncConnection) -> None:
        self.session = session

    async def store(self, name: str, identity_id: UUID, state: str = "waiting") -> int:
        stored = await self.session.execute(
            "INSERT INTO email_requests (identity_id, email, state, due_at, enqueued_at) VALUES (%s, %s, %s, %s, now())"
            " ON CONFLICT DO NOTHING",
            [identity_id, f"{name}@example.org", state, datetime.now(UTC) if state == "waiting" else None],
        )
        return stored.rowcount


@pytest.fixture
async def older(database: Database) -> AsyncIterator[OlderCode]:
    async with await AsyncConnection.connect(database.service_url, autocommit=True) as session:
        yield OlderCode(session)


async def test_statements_of_older_code_write_addresses_by_a_trigger(older: OlderCode, records: Records) -> None:
    alice, bob = uuid4(), uuid4()
    await older.store("alice", alice)
    await older.store("bob", bob, "provisioned")
    assert await owners(records) == {"alice": (alice, "wanted"), "bob": (bob, "held")}
    await older.session.execute("UPDATE email_requests SET email = 'ann@example.org' WHERE identity_id = %s", [alice])
    await older.session.execute(
        "UPDATE email_requests SET state = 'waiting', due_at = now() WHERE identity_id = %s", [bob]
    )
    assert await owners(records) == {"ann": (alice, "wanted"), "bob": (bob, "held")}
    for who in (alice, bob):
        await older.session.execute(
            "UPDATE email_requests SET state = 'dead', due_at = NULL, reason = 'x' WHERE identity_id = %s", [who]
        )
    assert await owners(records) == {"bob": (bob, "held")}, "that of a mailbox stays"
    await older.session.execute(
        "UPDATE email_requests SET state = 'provisioned', reason = NULL WHERE identity_id = %s", [alice]
    )
    assert (await owners(records))["ann"] == (alice, "held")


async def test_no_table_of_the_services_role_stands_in_for_addresses(older: OlderCode, records: Records) -> None:
    """The trigger has the rights of the owner, and would run what stands on a temporary table with them."""
    alice = uuid4()
    await older.session.execute("CREATE TEMP TABLE addresses (LIKE public.addresses INCLUDING ALL)")
    await older.store("alice", alice)
    assert await owners(records) == {"alice": (alice, "wanted")}
    assert not await (await older.session.execute("SELECT FROM pg_temp.addresses")).fetchall()


async def test_deleted_request_gives_up_an_address_without_a_mailbox(older: OlderCode, records: Records) -> None:
    bob = uuid4()
    await older.store("alice", uuid4())
    await older.store("bob", bob, "provisioned")
    await records.rows("DELETE FROM email_requests")
    assert await owners(records) == {"bob": (bob, "held")}


async def test_older_code_reserves_by_its_own_index_and_never_fails_on_addresses(
    older: OlderCode, records: Records, requests: PostgresRequests
) -> None:
    """It does not expect that, and would answer a webhook with an error of its own."""
    alice, bob, carol = uuid4(), uuid4(), uuid4()
    await records.rows("INSERT INTO addresses VALUES ('one@example.org', %s, 'held')", alice)
    assert await older.store("one", bob) == 1, "the mail server decides, as before"
    assert await older.store("one", carol) == 0
    assert await owners(records) == {"one": (alice, "held")}
    assert await asked_for(requests, mailbox("one", alice)) is None, "another request of this address lives"


async def test_older_code_goes_on_between_the_migration_and_its_grants(older: OlderCode, records: Records) -> None:
    alice = uuid4()
    await records.rows("REVOKE ALL ON addresses FROM PUBLIC, postroom")
    await older.store("alice", alice)
    assert await owners(records) == {"alice": (alice, "wanted")}


async def test_trigger_does_nothing_for_our_own_statements(pool: Pool, records: Records) -> None:
    """Otherwise it would hide that one of them forgets the addresses, until it is dropped."""
    async with pool.connection() as connection:
        await OlderCode(connection).store("alice", uuid4())  # type: ignore[arg-type]
    assert await owners(records) == {}
