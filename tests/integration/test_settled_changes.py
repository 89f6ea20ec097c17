"""Attempts of changes: what they read and how they end is stored, and operators decide about those that failed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from postroom.domain.account_change import (
    Because,
    Refusal,
    Step,
)
from postroom.domain.mailbox import Mailbox
from postroom.domain.request import (
    CREATE_AND_CHANGE,
    Interrupted,
    Provisioned,
    RequestStep,
    State,
    Status,
    after_attempt,
)
from postroom.domain.wish import Wish
from postroom.errors import Conflict, MailServerError, Transient
from postroom.postgres.connection import Pool
from postroom.postgres.operator_moves import OperatorMoves
from postroom.postgres.requests import PostgresRequests
from postroom.postgres.wishes import PostgresWishes
from records import NOWHERE, Records, mailbox, stalwart_account
from wanted import CUT, MARRIED, NEW, NEXT, OFF, THIRD, changed, claimed, made, owners, seen, wished


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


async def test_change_is_claimed_only_by_a_process_that_makes_changes(
    wishes: PostgresWishes, requests: PostgresRequests, pool: Pool, records: Records, alice: Mailbox
) -> None:
    await wished(wishes, alice, MARRIED)
    (refused,) = await PostgresRequests(pool, new_id=uuid4).claim([alice.identity_id], lease=10)
    assert refused.result == "unknown"
    request = await claimed(requests, alice)
    assert request.step is RequestStep.CHANGE
    [*_, log] = await records.log(alice.identity_id)
    assert (log["action"], log["status"], log["holder"]) == ("change", "pending", request.holder)


async def test_reached_goal_is_stored_with_the_account_its_addresses_and_the_audit(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, alice: Mailbox
) -> None:
    await records.rows(
        "INSERT INTO mail_states (kratos_identity_id, stalwart_account_id, email, seen_at) VALUES (%s, 'k', %s, now())",
        *(alice.identity_id, alice.email),
    )
    await wished(wishes, alice, MARRIED)
    request = await claimed(requests, alice)
    after = await changed(requests, request, seen(alice), seen(alice, NEW, alice.email))
    assert (after.status, after.request.state, after.request.email) == (Status.SUCCESS, State.PROVISIONED, NEW)
    row, account = await records.request(alice.identity_id), await records.account(alice.identity_id)
    assert account
    assert (row["have_goal"], row["given_up"], row["display_name"]) == (1, None, "Alice N.")
    assert (account["email"], account["name"], account["state"]) == (NEW, "Alice N.", "active")
    assert await owners(records) == {NEW: (alice.identity_id, "held"), alice.email: (alice.identity_id, "old")}
    *_, outcome, renamed = await records.log(alice.identity_id)
    assert (outcome["action"], outcome["status"], outcome["holder"]) == ("change", "success", request.holder)
    assert (renamed["action"], renamed["status"]) == ("rename", "done")
    assert renamed["error_message"] == f"{alice.email} -> {NEW}"
    assert {outcome["commit"], renamed["commit"], account["commit"]} == {row["commit"]}
    [event] = await records.rows("SELECT * FROM live_events")
    assert (event["type"], event["data"]) == ("mailbox", {"state": "changed"})
    assert await records.value("SELECT email FROM mail_states") == NEW


async def test_each_process_is_notified_of_a_new_address(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, alice: Mailbox
) -> None:
    """It forgets refused logins, sessions and clients of the address before."""
    await records.connection.execute("LISTEN postroom_live")
    await wished(wishes, alice, MARRIED)
    await changed(requests, await claimed(requests, alice), seen(alice), next=NEXT, error=Transient("500"))
    await records.make_due_in(0, alice.identity_id)
    await changed(requests, await claimed(requests, alice), seen(alice), seen(alice, NEW, alice.email))
    notified = [each.payload async for each in records.connection.notifies(timeout=1)]
    assert notified == [f"{alice.identity_id.hex}:moved"]


@pytest.mark.parametrize("error", [Transient("500"), Conflict("taken")], ids=["waits", "dead"])
async def test_what_was_read_is_stored_whatever_the_outcome(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, alice: Mailbox, error: MailServerError
) -> None:
    """Of a late update, or of a hand at the mail server."""
    await wished(wishes, alice, MARRIED)
    read = seen(alice, THIRD, alice.email, login=OFF, why=[Because.INACTIVE])
    await changed(requests, await claimed(requests, alice), read, next=NEXT, error=error)
    account = await records.account(alice.identity_id)
    assert account
    assert (account["email"], account["state"], account["suspended_because"]) == (THIRD, "suspended", ["inactive"])
    assert account["suspended_since"]
    found = await owners(records)
    assert (found[THIRD][1], found[alice.email][1]) == ("held", "old")
    assert (await records.request(alice.identity_id))["email"] == THIRD


async def test_mailbox_that_can_log_in_again_is_served_again(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, alice: Mailbox
) -> None:
    for because, read in [(Because.INACTIVE, seen(alice, login=OFF, why=[Because.INACTIVE])), (None, seen(alice))]:
        await wished(wishes, alice, Wish(because=because))
        await changed(requests, await claimed(requests, alice), read)
    account = await records.account(alice.identity_id)
    assert account
    assert (account["state"], account["suspended_because"], account["suspended_since"]) == ("active", None, None)


async def test_mailbox_that_no_mark_shows_is_suspected_and_looked_up_hourly(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, alice: Mailbox
) -> None:
    await wished(wishes, alice, MARRIED)
    after = await changed(requests, await claimed(requests, alice))
    assert (after.request.waits_for, after.request.retries) == ("missing", 0)
    assert (await records.request(alice.identity_id))["due_in"] == pytest.approx(3600, abs=5)
    account = await records.account(alice.identity_id)
    assert account
    assert account["suspected_at"]
    assert account["email"] == alice.email
    await records.make_due_in(0, alice.identity_id)
    await changed(requests, await claimed(requests, alice), error=Transient("500"))
    again = await records.account(alice.identity_id)
    assert again
    assert again["suspected_at"] == account["suspected_at"], "nothing was read"
    await records.make_due_in(0, alice.identity_id)
    await changed(requests, await claimed(requests, alice), seen(alice, NEW, alice.email))
    found = await records.account(alice.identity_id)
    assert found
    assert found["suspected_at"] is None


@pytest.mark.parametrize(
    ("next", "error"),
    [(None, None), (NEXT, Conflict("taken")), (NEXT, Transient("500"))],
    ids=["reached", "dead", "waits"],
)
async def test_goal_that_changed_meanwhile_is_due_now_after_any_outcome(
    wishes: PostgresWishes,
    requests: PostgresRequests,
    records: Records,
    alice: Mailbox,
    next: Step | None,  # noqa: A002
    error: MailServerError | None,
) -> None:
    await wished(wishes, alice, MARRIED)
    request = await claimed(requests, alice)
    await wished(wishes, alice, Wish(THIRD))
    after = await changed(requests, request, seen(alice), next=next, error=error)
    assert (after.request.state, after.request.goal, after.request.retries) == (State.WAITING, 2, 0)
    row = await records.request(alice.identity_id)
    assert (row["have_goal"], row["given_up"], row["reason"], row["waits_for"]) == (
        *(0 if error else 1, None),
        *(None, None),
    )
    assert -1 < row["due_in"] <= 0
    assert NEW not in await owners(records), "a wish ends with its goal"


@pytest.mark.parametrize(("unknown", "left"), [(False, None), (True, "old")])
async def test_wish_of_a_dead_letter_is_free_unless_an_update_to_it_may_still_arrive(
    wishes: PostgresWishes,
    requests: PostgresRequests,
    records: Records,
    alice: Mailbox,
    unknown: bool,
    left: str | None,
) -> None:
    await wished(wishes, alice, MARRIED)
    if unknown:
        await changed(requests, await claimed(requests, alice), seen(alice), next=NEXT, error=CUT)
        await records.make_due_in(0, alice.identity_id)
    reason = f"{NEW} is held by the identity …"
    after = await changed(requests, await claimed(requests, alice), seen(alice), next=Refusal(NEW, reason))
    row = await records.request(alice.identity_id)
    assert (after.status, row["state"], row["reason"], row["given_up"]) == (Status.CONFLICT, "dead", reason, 1)
    assert (await owners(records)).get(NEW) == (left and (alice.identity_id, left))


async def test_goal_stays_given_up_while_what_takes_away_is_done_again(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, alice: Mailbox
) -> None:
    await wished(wishes, alice, MARRIED)
    await changed(requests, await claimed(requests, alice), seen(alice), next=Refusal(NEW, "it is held"))
    await records.rows("UPDATE email_requests SET state = 'waiting', due_at = now(), reason = NULL")
    known = await wishes.read(alice.identity_id)
    assert known
    assert known.is_given_up
    await changed(requests, await claimed(requests, alice), seen(alice), next=NEXT, error=Transient("500"))
    assert (await records.request(alice.identity_id))["given_up"] == 1
    await records.make_due_in(0, alice.identity_id)
    await changed(requests, await claimed(requests, alice), seen(alice, NEW, alice.email))
    assert (await records.request(alice.identity_id))["given_up"] is None


async def test_what_the_mail_server_shows_beats_anothers_wish_and_never_what_another_holds(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, alice: Mailbox
) -> None:
    bob, carol = await made(requests, mailbox("bob")), mailbox("carol")
    await requests.accept(carol, holder=None, lease=10, origin=NOWHERE, action="accept")
    await wished(wishes, alice, MARRIED)
    read = seen(alice, carol.email, alice.email, bob.email)
    await changed(requests, await claimed(requests, alice), read, next=NEXT, error=Transient("500"))
    found = await owners(records)
    assert found[carol.email] == (alice.identity_id, "held")
    assert found[bob.email] == (bob.identity_id, "held")
    account = await records.account(alice.identity_id)
    assert account
    assert account["email"] == carol.email
    assert (await records.request(alice.identity_id))["email"] == alice.email, "until carol's request has ended"


async def test_address_that_must_leave_is_gone_once_it_is_read_back_without_it(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, alice: Mailbox
) -> None:
    await records.rows("INSERT INTO addresses VALUES (%s, %s, 'leaving')", THIRD, alice.identity_id)

    async def leaving() -> Sequence[Any]:
        return await records.rows("SELECT address FROM addresses WHERE role = 'leaving'")

    await wished(wishes, alice, MARRIED)
    await changed(requests, await claimed(requests, alice), seen(alice, alice.email, THIRD), next=NEXT, error=CUT)
    assert await leaving()
    assert THIRD not in await owners(records)
    await records.make_due_in(0, alice.identity_id)
    await changed(requests, await claimed(requests, alice), error=Transient("nothing was read"))
    assert await leaving()
    await records.make_due_in(0, alice.identity_id)
    await changed(requests, await claimed(requests, alice), seen(alice, NEW, alice.email))
    assert not await leaving()


async def test_superseded_attempt_of_a_change_stores_nothing_but_a_late_row(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, alice: Mailbox
) -> None:
    await wished(wishes, alice, MARRIED)
    request = await claimed(requests, alice)
    before = await records.request(alice.identity_id)
    late = await changed(requests, replace(request, holder=uuid4()), seen(alice, NEW, alice.email))
    assert late.status is Status.LATE
    assert (await records.request(alice.identity_id))["commit"] == before["commit"]
    [*_, log] = await records.log(alice.identity_id)
    assert (log["action"], log["status"]) == ("change", "late")
    repeated = await changed(requests, request, seen(alice, NEW, alice.email))
    assert (repeated.status, repeated.request.state) == (Status.SUCCESS, State.PROVISIONED)
    assert (await changed(requests, request, seen(alice, NEW, alice.email))).status is Status.SUCCESS


async def test_interrupted_change_is_due_at_once_and_its_audit_names_it(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, alice: Mailbox
) -> None:
    await wished(wishes, alice, MARRIED)
    request = await claimed(requests, alice)
    await requests.settle(request, after_attempt(request, Interrupted()), None)
    row = await records.request(alice.identity_id)
    assert (row["state"], row["step"], row["goal"], row["have_goal"]) == ("waiting", "change", 1, 0)
    [*_, log] = await records.log(alice.identity_id)
    assert (log["action"], log["status"]) == ("change", "interrupted")


# An operator


@pytest.fixture
def moves(pool: Pool) -> OperatorMoves:
    return OperatorMoves(pool)


async def dead(wishes: PostgresWishes, requests: PostgresRequests, of: Mailbox, wish: Wish) -> None:
    """A change of this mailbox that the mail server has refused."""
    await wished(wishes, of, wish)
    await changed(requests, await claimed(requests, of), seen(of), next=NEXT, error=Conflict("taken"))


async def test_dead_change_that_is_retried_keeps_its_goal_and_reserves_its_address_again(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, moves: OperatorMoves, alice: Mailbox
) -> None:
    await dead(wishes, requests, alice, MARRIED)
    (request,) = await moves.retry([alice.identity_id], actor="olga")
    row = await records.request(alice.identity_id)
    assert (request.step, request.state, request.goal, row["given_up"]) == (
        *(RequestStep.CHANGE, State.WAITING),
        *(1, None),
    )
    assert (await owners(records))[NEW] == (alice.identity_id, "wanted")


async def test_dead_change_is_not_retried_for_an_address_that_another_has_by_now(
    wishes: PostgresWishes, requests: PostgresRequests, moves: OperatorMoves, alice: Mailbox
) -> None:
    await dead(wishes, requests, alice, MARRIED)
    bob = await made(requests, mailbox("new"))
    found = (await moves.find([alice.identity_id]))[alice.identity_id]
    assert (found.address, found.held_by) == (NEW, bob.identity_id)
    assert await moves.retry([alice.identity_id], actor="olga") == []


@pytest.mark.parametrize(("unknown", "left"), [(False, None), (True, "old")])
async def test_buried_change_gives_its_wish_up_and_leaves_the_mailbox_as_it_is(
    wishes: PostgresWishes,
    requests: PostgresRequests,
    records: Records,
    moves: OperatorMoves,
    alice: Mailbox,
    unknown: bool,
    left: str | None,
) -> None:
    await wished(wishes, alice, MARRIED)
    if unknown:
        await changed(requests, await claimed(requests, alice), seen(alice), next=NEXT, error=CUT)
    assert await moves.bury([alice.identity_id], actor="olga", reason="mistake")
    found = await owners(records)
    assert (found.get(NEW), found[alice.email]) == (
        left and (alice.identity_id, left),
        (alice.identity_id, "held"),
    )
    assert (await records.request(alice.identity_id))["given_up"] == 1
    assert not (await wished(wishes, alice, MARRIED)).is_new, "a pass does not revive it"


async def test_change_that_takes_something_away_is_not_buried_until_that_is_done(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, moves: OperatorMoves, alice: Mailbox
) -> None:
    async def buried() -> bool:
        takes = (await moves.find([alice.identity_id]))[alice.identity_id].takes
        done = await moves.bury([alice.identity_id], actor="olga", reason="mistake")
        assert bool(done) is not takes
        return bool(done)

    await wished(wishes, alice, Wish(NEW, because=Because.INACTIVE))
    assert not await buried()
    await records.rows("UPDATE email_requests SET want_because = NULL, operator_suspended_at = now()")
    assert not await buried()
    off = seen(alice, login=OFF, why=[Because.INACTIVE])
    await changed(requests, await claimed(requests, alice), seen(alice), off, next=NEXT)
    await records.rows("INSERT INTO addresses VALUES (%s, %s, 'leaving')", THIRD, alice.identity_id)
    assert not await buried()
    await records.rows("DELETE FROM addresses WHERE role = 'leaving'")
    assert await buried()


async def test_mailbox_that_a_change_does_not_find_is_made_again_and_then_changed(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, moves: OperatorMoves, alice: Mailbox
) -> None:
    await wished(wishes, alice, MARRIED)
    await changed(requests, await claimed(requests, alice))
    remade = await moves.remake(alice.identity_id, actor="olga")
    assert remade
    assert (remade.step, remade.waits_for, remade.goal) == (RequestStep.CREATE, None, 2)
    request = await claimed(requests, alice)
    after = await requests.settle(
        request, after_attempt(request, Provisioned(stalwart_account(alice))), stalwart_account(alice)
    )
    assert after
    assert (after.request.state, after.request.step, after.account_id is None) == (
        *(State.WAITING, RequestStep.CHANGE),
        False,
    )
    assert (await records.account(alice.identity_id) or {})["suspected_at"] is None
    await changed(requests, await claimed(requests, alice), seen(alice, NEW, alice.email))
    assert await owners(records) == {NEW: (alice.identity_id, "held"), alice.email: (alice.identity_id, "old")}


async def test_mailbox_that_is_made_again_is_locked_again(
    wishes: PostgresWishes, requests: PostgresRequests, records: Records, moves: OperatorMoves, alice: Mailbox
) -> None:
    """A new one lets everybody in whom it knows; what was reached of the old one does not count."""
    await wished(wishes, alice, Wish(because=Because.INACTIVE))
    await changed(requests, await claimed(requests, alice), seen(alice, login=OFF, why=[Because.INACTIVE]))
    await records.rows("UPDATE email_accounts SET suspected_at = now()")
    assert await moves.remake(alice.identity_id, actor="olga")
    request, account = await claimed(requests, alice), stalwart_account(alice)
    after = await requests.settle(request, after_attempt(request, Provisioned(account)), account)
    assert after
    assert (after.request.state, after.request.step) == (State.WAITING, RequestStep.CHANGE)
