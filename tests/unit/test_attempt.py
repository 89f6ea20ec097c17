"""One attempt, in virtual time: its requests to the mail server, what it settles, and what it adds to the retry
index."""

import asyncio
import re
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from attempt_world import ACCOUNT, AWAY, CHECKED, CUT, LEASE, World
from fakes import Hang, Scripted
from postroom.domain.mailbox import StalwartAccount
from postroom.domain.request import State, Status
from postroom.errors import Conflict, MailServerError, Misconfigured, Permanent, Throttled, Transient
from postroom.provisioning.attempt import (
    FINISH_WITHIN,
    LOOKUP_SECONDS,
    SETTLE_PAUSE,
    STORED_BEFORE_LEASE_ENDS,
    UNSTORABLE,
)
from scripted_stalwart import ScriptedStalwart
from simulation.virtual_time import in_virtual_time


@in_virtual_time
async def test_successful_attempt_calls_create_once_and_stores_the_account() -> None:
    world = World()
    settled = await world.run()
    assert world.mail_server.asked == ["create"]
    assert settled.request.state is State.PROVISIONED
    assert settled.account_id
    [(request, move, account)] = world.requests.settled
    assert (request, move.status, account) == (world.request, Status.SUCCESS, ACCOUNT)


@pytest.mark.parametrize(
    ("creates", "held", "reported"),
    [([], (), False), ([], ("member",), True), ([AWAY], (), True), ([Permanent("no")] * 2, (), False)],
    ids=["success", "success of one that was held", "waiting", "dead"],
)
@in_virtual_time
async def test_attempt_updates_redis_only_for_a_waiting_request_or_held_members(
    creates: list[Scripted], held: tuple[str, ...], reported: bool
) -> None:
    world = World(creates=creates)
    settled = await world.run(members=held)
    assert world.retry_index.replaced == ([(settled.request, list(held))] if reported else [])


@in_virtual_time
async def test_attempt_without_time_left_sends_nothing_and_uses_no_retry() -> None:
    world = World()
    settled = await world.run(seconds=0.05)
    assert world.mail_server.asked == []
    assert (settled.status, settled.request.state, settled.request.retries) == (Status.INTERRUPTED, State.WAITING, 0)
    assert not settled.request.outcome_unknown


@pytest.mark.parametrize("error", [AWAY, CUT, Throttled("429"), Misconfigured("403")], ids=repr)
@in_virtual_time
async def test_failed_lookup_leaves_the_outcome_unknown(error: Exception) -> None:
    """The create of the attempt before the last one may have made the mailbox, and no attempt has looked it up
    since."""
    world = World(finds=[error], outcome_unknown=True)
    assert (await world.run()).request.outcome_unknown
    assert "create" not in world.mail_server.asked


@pytest.mark.parametrize(
    ("before", "create", "seconds", "asked", "after"),
    [
        (True, CUT, 5.0, ["find"], (State.PROVISIONED, True)),
        (False, CUT, LOOKUP_SECONDS, ["create", "find"], (State.PROVISIONED, False)),
        (False, CUT, LOOKUP_SECONDS - 0.1, ["create", *CHECKED], (State.WAITING, True)),
        (False, AWAY, 5.0, ["create", *CHECKED], (State.WAITING, False)),
    ],
    ids=["before anything is created", "at once", "by the next attempt if the time is up", "not if nothing was sent"],
)
@in_virtual_time
async def test_mark_is_looked_up_after_an_unknown_outcome(
    before: bool, create: Transient, seconds: float, asked: list[str], after: tuple[State, bool]
) -> None:
    world = World(creates=[create], finds=[ACCOUNT], outcome_unknown=before)
    settled = await world.run(seconds)
    assert world.mail_server.asked == asked
    assert (settled.request.state, settled.request.outcome_unknown) == after


@pytest.mark.parametrize("found", [None, AWAY, Throttled("429"), Misconfigured("403")], ids=str)
@in_virtual_time
async def test_unknown_create_that_the_lookup_cannot_find_stays_unknown(found: Scripted) -> None:
    world = World(creates=[CUT], finds=[found])
    settled = await world.run()
    assert world.mail_server.asked == ["create", "find", *CHECKED]
    assert (settled.request.outcome_unknown, settled.request.last_error) == (True, "cut")


@in_virtual_time
async def test_no_mail_server_call_has_a_longer_deadline_than_its_attempt() -> None:
    world = World(creates=[CUT], finds=[None], outcome_unknown=True)
    await world.run(seconds=4.0)
    assert max(world.mail_server.deadlines) <= 4.0


@pytest.mark.parametrize("error", [Permanent("invalidProperties"), Conflict("held")], ids=str)
@pytest.mark.parametrize(
    ("repeated", "seconds", "after"),
    [
        ([], 5.0, (State.PROVISIONED, 0)),
        ([AWAY], 5.0, (State.WAITING, 1)),
        ([], LOOKUP_SECONDS - 0.1, (State.WAITING, 0)),
    ],
    ids=["made by the second try", "another failure then", "no time for a second try"],
)
@in_virtual_time
async def test_refusal_that_is_not_repeated_ends_no_request(
    repeated: list[Scripted], seconds: float, after: tuple[State, int], error: MailServerError
) -> None:
    """The fault of all creates may have ended between it and the create probe."""
    world = World(creates=[error, *repeated])
    settled = await world.run(seconds)
    assert (settled.request.state, settled.request.retries) == after


@in_virtual_time
async def test_outcome_with_an_unstorable_text_is_stored_with_another_text() -> None:
    world = World(creates=[Permanent("a text with a NUL: \0")] * 2)
    world.requests.unstorable = True
    with capture_logs() as logs:
        settled = await world.run()
    assert (settled.request.state, settled.request.reason) == (State.DEAD, UNSTORABLE)
    [reported] = [entry for entry in logs if "without its text" in entry["event"]]
    assert (reported["error"], reported["text"]) == ("DataError", r"'a text with a NUL: \x00'")


@in_virtual_time
async def test_outcome_of_a_deleted_request_is_logged_and_blocks_nothing() -> None:
    world = World()
    world.requests.gone = True
    with capture_logs() as logs:
        assert await world.try_to_run() is None
    [reported] = [entry for entry in logs if "gone from PostgreSQL" in entry["event"]]
    assert (reported["log_level"], reported["stalwart_account_id"]) == ("error", ACCOUNT.id)


@in_virtual_time
async def test_storing_an_outcome_is_abandoned_before_the_lease_ends() -> None:
    """Afterwards another holder may run the request. It finds the mailbox by its mark."""
    world = World()
    world.requests.unavailable = 10**9
    assert await world.try_to_run() is None
    last_try = LEASE - STORED_BEFORE_LEASE_ENDS
    assert (world.clock.monotonic(), 10**9 - world.requests.unavailable) == (last_try, last_try / SETTLE_PAUSE + 1)


@pytest.mark.parametrize(
    "outcome",
    [
        Misconfigured("403"),
        Misconfigured("gone", domain="example.org"),
        AWAY,
        Permanent("invalidProperties"),
        Throttled("429", retry_after=17),
    ],
    ids=str,
)
@in_virtual_time
async def test_outcome_is_stored_even_if_the_breaker_cannot_be_read_or_changed(
    outcome: Exception,
) -> None:
    world = World(creates=[outcome])
    world.mail_server.ill = Transient("away")
    world.breakers.unavailable = 1
    assert (await world.run()).request.state is State.WAITING


OTHER = StalwartAccount("k", "alice1@example.org")


@pytest.mark.parametrize(
    ("creates", "finds", "looks_up_first"),
    [([OTHER] * 2, [], False), ([CUT], [OTHER] * 2, True), ([CUT] * 2, [OTHER] * 2, False)],
    ids=["made", "found first", "found after a cut"],
)
@in_virtual_time
async def test_mailbox_with_another_address_is_never_accepted_and_its_request_dies_naming_both_addresses(
    creates: list[Scripted], finds: list[Scripted], looks_up_first: bool
) -> None:
    world = World(creates=creates, finds=finds, outcome_unknown=looks_up_first)
    settled = await world.run()
    assert (settled.request.state, settled.account_id) == (State.DEAD, None)
    assert settled.request.reason
    assert set(re.findall(r"\w+@example\.org", settled.request.reason)) == {"alice1@example.org", "alice@example.org"}
    asked = ["find"] if looks_up_first else ["create", "find"] if finds else ["create"]
    assert world.mail_server.asked == [*asked, "create_probe"] * 2


@in_virtual_time
async def test_settle_is_retried_by_the_same_holder_until_postgresql_is_back() -> None:
    world = World()
    world.requests.unavailable = 5
    settled = await world.run()
    assert settled.request.state is State.PROVISIONED
    assert world.requests.unavailable == 0
    assert [request.holder for request, _, _ in world.requests.settled] == [world.request.holder]
    assert world.mail_server.asked == ["create"], "asked once: only the settle is repeated"


@in_virtual_time
async def test_outcome_is_stored_even_if_the_attempt_is_cancelled_while_storing_it() -> None:
    """A lost outcome would count as a crash when the lease ends."""
    world = World()
    world.requests.unavailable = 10**9
    task = asyncio.create_task(world.run())
    await asyncio.sleep(SETTLE_PAUSE / 2)
    task.cancel()
    await asyncio.sleep(0)
    world.requests.unavailable = 0
    with pytest.raises(asyncio.CancelledError):
        await task
    [(_, move, account)] = world.requests.settled
    assert (move.status, account) == (Status.SUCCESS, ACCOUNT)


@in_virtual_time
async def test_cancelled_attempt_ends_even_while_postgresql_stays_unavailable() -> None:
    """The service must end at SIGTERM, whatever is broken. An outcome that could not be stored counts as a crash."""
    world = World(creates=[Hang()])
    world.requests.unavailable = 10**9
    before = asyncio.all_tasks()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(world.run(), 1)
    assert world.clock.monotonic() == 1 + FINISH_WITHIN
    await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before, "and it stops trying to store"


def events(logs: list[Any]) -> list[str]:
    return [entry["event"] for entry in logs]


@in_virtual_time
async def test_retry_last_failure_and_dead_letter_are_logged() -> None:
    world = World(creates=[AWAY])
    with capture_logs() as logs:
        await world.run()
    [enqueued] = [entry for entry in logs if entry["event"].startswith("Enqueued retry job for alice@example.org (att")]
    assert (enqueued["status"], enqueued["error"]) == ("failed", "cannot be reached")
    world = World(creates=[Throttled("429")])
    with capture_logs() as logs:
        await world.run()
    assert "Enqueued retry job for alice@example.org (attempt 1/3, delay: 60s)" in events(logs), "it spent no retry"
    world = World(creates=[AWAY], retries=3)
    with capture_logs() as logs:
        await world.run()
    assert "Retry attempt 3 failed: cannot be reached" in events(logs)
    [dead] = [entry for entry in logs if entry["event"].startswith("Dead letter for alice@example.org")]
    assert dead["log_level"] == "error"


@in_virtual_time
async def test_success_is_logged_with_identity_and_address() -> None:
    world = World(attempts=3)
    with capture_logs() as logs:
        await world.run()
    [reported] = [entry for entry in logs if entry["event"] == "Email account provisioned for alice@example.org"]
    who = {"identity_id": str(world.request.identity_id), "email": "alice@example.org", "attempts": 3}
    assert reported.items() >= who.items()


@in_virtual_time
async def test_outcome_after_the_lease_is_logged_only_as_late() -> None:
    world = World()
    world.requests.late = True
    with capture_logs() as logs:
        settled = await world.run()
    assert settled.status is Status.LATE
    assert events(logs) == ["Outcome came after the lease: another attempt decides"]


@in_virtual_time
async def test_attempt_creates_the_normalised_mailbox_of_the_row() -> None:
    server = ScriptedStalwart(httpx2.ConnectError("refused"))
    world = World(mail_server=server.registry(), display_name="Alice Example")
    await world.run()
    [create] = [place for place, name in enumerate(server.asked) if name == "x:Account/set"]
    asked = server.calls(create)[0][1]["create"]["c"]
    assert (asked["name"], asked["description"]) == ("alice", "Alice Example")
