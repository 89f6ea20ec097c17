"""What an identity wants of its mailbox is a goal of its request."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from postroom.domain.account_change import (
    Addresses,
    Because,
    Holder,
    Role,
)
from postroom.domain.mailbox import Mailbox
from postroom.domain.request import (
    CREATE_AND_CHANGE,
    RequestStep,
    State,
)
from postroom.domain.wish import Wish, Wishing
from postroom.errors import Conflict, Transient
from postroom.postgres.connection import Pool
from postroom.postgres.operator_moves import OperatorMoves
from postroom.postgres.requests import PostgresRequests
from postroom.postgres.wishes import PostgresWishes
from records import Records, mailbox, running
from wanted import CUT, MARRIED, NEW, NEXT, THIRD, VERSION, changed, claimed, made, owners, seen, wished


@pytest.fixture
def requests(pool: Pool) -> PostgresRequests:
    return PostgresRequests(pool, new_id=uuid4, steps=CREATE_AND_CHANGE)


@pytest.fixture
async def wishes(pool: Pool, records: Records) -> PostgresWishes:
    await records.rows("UPDATE brake SET judged_at = now()")
    return PostgresWishes(pool)


@pytest.fixture
async def alice(requests: PostgresRequests) -> Mailbox:
    return await made(requests, mailbox())


async def test_new_wish_is_a_goal_that_is_due_now_and_reserves_its_address(
    wishes: PostgresWishes, records: Records, alice: Mailbox
) -> None:
    written = await wished(wishes, alice, MARRIED)
    request = written.request
    assert (written.is_new, request.step, request.state, request.goal) == (
        *(True, RequestStep.CHANGE, State.WAITING),
        1,
    )
    assert request.email == alice.email, "as it is on record"
    row = await records.request(alice.identity_id)
    assert (row["want_email"], row["want_name"], row["want_version"]) == (NEW, "Alice N.", VERSION)
    assert -1 < row["due_in"] <= 0
    assert await owners(records) == {
        alice.email: (alice.identity_id, "held"),
        NEW: (alice.identity_id, "wanted"),
    }
    [*_, log] = await records.log(alice.identity_id)
    assert (log["email"], log["action"], log["status"]) == (NEW, "sweep", "done"), "its person is found by it"


async def test_nothing_new_writes_no_row_and_a_newer_version_is_stored_without_a_goal(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, alice: Mailbox
) -> None:
    await wished(wishes, alice, MARRIED)
    await changed(requests, await claimed(requests, alice), seen(alice, NEW, alice.email))
    before = await records.request(alice.identity_id)
    assert not (await wished(wishes, alice, MARRIED)).is_new
    assert await records.request(alice.identity_id) == before | {"due_in": None}
    newer = VERSION + timedelta(days=1)
    assert not (await wished(wishes, alice, replace(MARRIED, version=newer))).is_new
    after = await records.request(alice.identity_id)
    assert (after["goal"], after["state"], after["want_version"]) == (1, "provisioned", newer)


async def test_parts_that_wait_for_an_operator_leave_what_was_wanted(wishes: PostgresWishes, alice: Mailbox) -> None:
    await wished(wishes, alice, MARRIED)
    await wished(wishes, alice, Wish(None, None, Because.INACTIVE))
    known = await wishes.read(alice.identity_id)
    assert known
    assert (known.email, known.name, known.because, known.version, known.goal) == (
        *(NEW, "Alice N.", Because.INACTIVE, VERSION),
        2,
    )


async def test_what_was_read_before_another_wrote_is_dropped(
    wishes: PostgresWishes, records: Records, alice: Mailbox
) -> None:
    early = await wishes.read(alice.identity_id)
    assert early
    await wished(wishes, alice, MARRIED)
    assert await wishes.write(early, Wish("old@example.org"), action="sweep") is None
    assert (await records.request(alice.identity_id))["want_email"] == NEW


async def test_wish_for_the_address_of_another_is_written_and_reserves_nothing(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, alice: Mailbox
) -> None:
    bob = await made(requests, mailbox("bob"))
    assert (await wished(wishes, alice, Wish(bob.email))).is_new
    assert (await owners(records))[bob.email] == (bob.identity_id, "held")
    assert await wishes.addresses(alice.identity_id, [alice.email, bob.email]) == Addresses(
        {alice.email: Role.HELD}, {bob.email: Holder(bob.identity_id, Role.HELD)}
    )


async def test_wish_for_an_address_that_its_own_mailbox_must_lose_reserves_nothing(
    wishes: PostgresWishes, records: Records, alice: Mailbox
) -> None:
    await records.rows("INSERT INTO addresses VALUES (%s, %s, 'leaving')", NEW, alice.identity_id)
    assert (await wished(wishes, alice, MARRIED)).is_new
    assert NEW not in await owners(records)


async def test_new_wish_goes_before_the_failures_of_the_one_before(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, alice: Mailbox
) -> None:
    await wished(wishes, alice, MARRIED)
    waiting = await changed(requests, await claimed(requests, alice), seen(alice), next=NEXT, error=Transient("500"))
    assert (waiting.request.state, waiting.request.retries) == (State.WAITING, 1)
    again = (await wished(wishes, alice, Wish(THIRD))).request
    assert (again.state, again.retries, again.goal, again.last_error) == (State.WAITING, 0, 2, None)
    dead = await changed(requests, await claimed(requests, alice), seen(alice), next=NEXT, error=Conflict("taken"))
    assert (dead.request.state, dead.request.reason) == (State.DEAD, "taken")
    revived = (await wished(wishes, alice, MARRIED)).request
    assert (revived.state, revived.retries, revived.goal, revived.reason) == (State.WAITING, 0, 3, None)
    assert (await records.request(alice.identity_id))["due_in"] <= 0


async def test_request_that_has_crashed_keeps_its_time_and_one_that_runs_gets_no_more_than_the_goal(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, alice: Mailbox
) -> None:
    await wished(wishes, alice, MARRIED)
    request = await claimed(requests, alice)
    runs = (await wished(wishes, alice, Wish(THIRD))).request
    assert (runs.state, runs.holder, runs.goal, runs.due_at) == (State.RUNNING, request.holder, 2, request.due_at)
    await records.rows(
        "UPDATE email_requests SET state = 'waiting', holder = NULL, crashes = 2, due_at = now() + interval '5 min'"
    )
    later = (await wished(wishes, alice, MARRIED)).request
    assert (later.goal, later.crashes) == (3, 2)
    assert (await records.request(alice.identity_id))["due_in"] > 200


@pytest.mark.parametrize(("error", "left"), [(Transient("500"), None), (CUT, "old")])
async def test_address_that_is_not_wanted_any_more_is_free_unless_an_update_to_it_may_still_arrive(
    wishes: PostgresWishes,
    requests: PostgresRequests,
    records: Records,
    alice: Mailbox,
    error: Transient,
    left: str | None,
) -> None:
    await wished(wishes, alice, MARRIED)
    await changed(requests, await claimed(requests, alice), seen(alice), next=NEXT, error=error)
    await wished(wishes, alice, Wish(THIRD))
    found = await owners(records)
    assert found.get(NEW) == (left and (alice.identity_id, left))
    assert found[THIRD] == (alice.identity_id, "wanted")


async def test_address_of_an_attempt_under_way_stays_reserved_until_it_is_settled(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, alice: Mailbox
) -> None:
    await wished(wishes, alice, MARRIED)
    request = await claimed(requests, alice)
    await wished(wishes, alice, Wish(THIRD))
    assert (await owners(records)).keys() == {alice.email, NEW, THIRD}
    await changed(requests, request, seen(alice), next=NEXT, error=Transient("500"))
    assert (await owners(records)).keys() == {alice.email, THIRD}


async def test_nothing_is_wanted_of_a_mailbox_that_is_not_there_or_is_being_made_again(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, pool: Pool, alice: Mailbox
) -> None:
    bob = mailbox("bob")
    await running(requests, bob)
    await records.rows("UPDATE email_accounts SET suspected_at = now()")
    assert await OperatorMoves(pool).remake(alice.identity_id, actor="olga")
    for each in (alice, bob):
        known = await wishes.read(each.identity_id)
        assert known
        assert await wishes.write(known, MARRIED, action="sweep") is None
    assert await wishes.read(uuid4()) is None


async def test_former_addresses_and_a_change_of_the_last_day_are_known(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, alice: Mailbox
) -> None:
    async def known() -> Wishing:
        found = await wishes.read(alice.identity_id)
        assert found
        return found

    assert not (await known()).renamed_lately
    await wished(wishes, alice, MARRIED)
    await changed(requests, await claimed(requests, alice), seen(alice, NEW, alice.email))
    assert ((await known()).renamed_lately, (await known()).old) == (True, {alice.email})
    await records.rows("UPDATE let_through SET at = now() - interval '25 hours'")
    assert not (await known()).renamed_lately
    await records.rows("UPDATE email_requests SET operator_suspended_at = now()")
    assert ((await known()).is_suspended, (await known()).on_record) == (True, NEW)


async def test_who_gives_a_wish_up_has_not_changed_the_address(
    wishes: PostgresWishes, records: Records, alice: Mailbox
) -> None:
    await wished(wishes, alice, MARRIED)
    await records.rows("DELETE FROM let_through")
    await wished(wishes, alice, Wish(alice.email))
    known = await wishes.read(alice.identity_id)
    assert known
    assert not known.renamed_lately
    assert await owners(records) == {alice.email: (alice.identity_id, "held")}
