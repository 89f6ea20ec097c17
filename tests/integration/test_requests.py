"""Storing requests: each is one statement and one commit, and an address belongs to one living request."""

import asyncio
from uuid import uuid4

import pytest

from postroom.domain.breaker import Cause
from postroom.domain.identity import Refusal
from postroom.domain.mailbox import Mailbox
from postroom.domain.request import Origin, Request, State
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import Pool
from postroom.postgres.refusals import PostgresRefusals
from postroom.postgres.requests import PostgresRequests
from records import NOWHERE, Records, mailbox

FROM_KRATOS = Origin(trigger_id="trigger-1", request_id="request-1", traceparent="00-ab-cd-01")


async def accept(requests: PostgresRequests, of: Mailbox, *, in_line: bool = True) -> Request:
    holder = uuid4() if in_line else None
    request = await requests.accept(of, holder=holder, lease=10, origin=NOWHERE, action="accept")
    assert request
    return request


async def test_accepted_request_runs_under_the_given_holder_with_its_pending_row_in_one_commit(
    requests: PostgresRequests, records: Records
) -> None:
    alice, holder = Mailbox(uuid4(), "alice@example.org", "Alice A."), uuid4()
    request = await requests.accept(alice, holder=holder, lease=10, origin=FROM_KRATOS, action="accept")
    assert request
    assert (request.state, request.holder, request.attempts, request.retries) == (State.RUNNING, holder, 1, 0)
    assert (request.email, request.display_name) == ("alice@example.org", "Alice A.")
    row = await records.request(alice.identity_id)
    (entry,) = await records.log(alice.identity_id)
    assert 9 < row["due_in"] <= 10
    assert (entry["action"], entry["status"], entry["attempt_count"]) == ("create", "pending", 1)
    assert (entry["email"], entry["holder"]) == ("alice@example.org", holder)
    assert (entry["trigger_id"], entry["request_id"], entry["traceparent"]) == ("trigger-1", "request-1", "00-ab-cd-01")
    assert entry["commit"] == row["commit"]


async def test_one_of_twenty_identities_that_request_one_address_at_once_gets_it(
    requests: PostgresRequests, records: Records
) -> None:
    asking = [mailbox("popular") for _ in range(20)]
    answers = await asyncio.gather(
        *(requests.accept(each, holder=uuid4(), lease=10, origin=NOWHERE, action="accept") for each in asking)
    )
    assert len([answer for answer in answers if answer]) == 1
    assert await records.value("SELECT count(*) FROM email_requests") == 1
    assert await records.value("SELECT count(*) FROM email_provisioning_log") == 1


async def test_newer_address_replaces_the_old_one_before_the_first_attempt(
    requests: PostgresRequests, records: Records
) -> None:
    alice = mailbox()
    before = await accept(requests, alice, in_line=False)
    newer = Mailbox(alice.identity_id, "alice.a@example.org", "Alice A.")
    request = await requests.follow_address(newer, origin=FROM_KRATOS, action="accept")
    assert request
    assert (request.email, request.display_name) == ("alice.a@example.org", "Alice A.")
    assert request.enqueued_at > before.enqueued_at, "the member in Redis contains the address, so it must change"
    entry = (await records.log(alice.identity_id))[-1]
    assert entry["error_message"] == "the address of the request is now alice.a@example.org"
    await accept(requests, mailbox())  # the old address is free again


async def test_refusal_is_audited_with_the_known_data_and_makes_no_request(pool: Pool, records: Records) -> None:
    alice, refusals = uuid4(), PostgresRefusals(pool)
    await refusals.record([Refusal(alice, "admin@example.org", "reserved_name", "the name is reserved")], FROM_KRATOS)
    await refusals.record([Refusal(None, None, "unreadable_body", "the body is not JSON")], NOWHERE)
    known, unknown = await records.rows("SELECT * FROM email_provisioning_log ORDER BY id")
    assert (known["action"], known["status"], known["attempt_count"]) == ("refuse", "done", 0)
    assert (known["email"], known["code"]) == ("admin@example.org", "reserved_name")
    assert known["error_message"] == "the name is reserved"
    assert (known["trigger_id"], known["request_id"]) == ("trigger-1", "request-1")
    assert (unknown["kratos_identity_id"], unknown["email"]) == (None, None)
    assert await records.value("SELECT count(*) FROM email_requests") == 0


async def test_refusal_is_recorded_only_when_it_changed(pool: Pool, records: Records) -> None:
    alice, bob, refusals = uuid4(), uuid4(), PostgresRefusals(pool)
    reported = [("a+b@example.org", "unsafe_local_part"), ("admin@example.org", "reserved_name"), (None, "no_address")]
    for email, code in [reported[0], reported[0], reported[1], reported[1], reported[2], reported[2], reported[0]]:
        await refusals.record([Refusal(each, email, code, "why") for each in (alice, bob)], NOWHERE)
    for identity_id in (alice, bob):
        recorded = [(row["email"], row["code"]) for row in await records.log(identity_id)]
        assert recorded == [*reported, reported[0]]
    assert (await refusals.without_request(limit=1))[0] == 2


async def test_refusal_that_postgresql_refuses_keeps_back_no_other(pool: Pool, records: Records) -> None:
    await records.rows("ALTER TABLE email_provisioning_log ADD CHECK (code <> 'bad') NOT VALID")
    alice, bob, carol = (uuid4() for _ in range(3))
    refusals = [Refusal(who, None, code, "why") for who, code in ((alice, "odd"), (bob, "bad"), (carol, "odd"))]
    await PostgresRefusals(pool).record(refusals, NOWHERE)
    recorded = await records.rows("SELECT kratos_identity_id AS who FROM email_provisioning_log")
    assert {each["who"] for each in recorded} == {alice, carol}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Cause.OUTAGE, Cause.UNAUTHORIZED),
        (Cause.MISCONFIGURED, Cause.UNAUTHORIZED),
        (Cause.PAUSED, Cause.PAUSED),
    ],
)
async def test_unknown_key_replaces_the_cause_of_an_open_breaker_but_no_pause_of_an_operator(
    breakers: PostgresBreakers, before: Cause, after: Cause
) -> None:
    if before is Cause.PAUSED:
        await breakers.pause("paused", actor="olga", reason="move")
    else:
        await breakers.open(before, "away")
    await breakers.open(Cause.UNAUTHORIZED, "401")
    breaker = await breakers.read()
    assert (breaker.cause, breaker.probe_at is None) == (after, after is Cause.PAUSED)


async def test_fault_of_creates_is_probed_in_turn_while_the_breaker_is_closed_and_ends_once(
    breakers: PostgresBreakers, records: Records
) -> None:
    async def due() -> None:
        await records.rows("UPDATE mail_server_breaker SET creates_probe_at = now() WHERE creates_error IS NOT NULL")

    assert await breakers.take_create_probe() is None, "creates work"
    new = await asyncio.gather(*(breakers.creates_fail("500") for _ in range(8)))
    assert sorted(new) == [False] * 7 + [True], "one process alarms"
    assert not await breakers.creates_fail("403")
    first = (await breakers.read()).creates
    assert first
    assert await breakers.take_create_probe() is None, "it is not due yet"
    await due()
    await breakers.open(Cause.OUTAGE, "away")
    assert await breakers.take_create_probe() is None, "the breaker is open"
    await breakers.close(await breakers.read())
    taken = await breakers.take_create_probe()
    assert taken
    assert (taken.error, taken.since) == ("403", first.since), "the second failure is of the same fault"
    assert await breakers.take_create_probe() is None, "another process has the turn"
    assert await breakers.creates_work(taken)
    assert not await breakers.creates_work(taken)
    ended = await records.value("SELECT creates_changed_at FROM mail_server_breaker")
    assert ended > first.since, "the release begins slowly again"
    assert await breakers.creates_fail("500")
    assert not await breakers.creates_work(taken), "a later fault is not that of the probe"


async def test_longest_time_for_which_the_mail_server_asks_for_less_counts(
    breakers: PostgresBreakers, records: Records
) -> None:
    await breakers.slow_down(60)
    await breakers.slow_down(1)
    left = await records.value("SELECT extract(epoch FROM slow_until - now())::float8 FROM mail_server_breaker")
    assert left > 50


async def test_taking_a_probe_returns_the_interval_to_the_next_one(
    breakers: PostgresBreakers, records: Records
) -> None:
    await breakers.open(Cause.OUTAGE, "away")
    assert await breakers.take_probe() is None, "it is not due yet"
    await records.rows("UPDATE mail_server_breaker SET probe_at = now()")
    taken = await breakers.take_probe()
    due_in = await records.value("SELECT extract(epoch FROM probe_at - now())::float8 FROM mail_server_breaker")
    assert taken
    assert taken.interval == pytest.approx(due_in, abs=1)


@pytest.mark.parametrize("error", ["a NUL: \0", "a surrogate: \ud800"], ids=ascii)
async def test_breaker_opens_and_creates_fail_whatever_text_the_mail_server_sent(
    breakers: PostgresBreakers, error: str
) -> None:
    """Otherwise each attempt would end without an outcome, and the process with the task that probes creates."""
    await breakers.open(Cause.OUTAGE, error)
    assert await breakers.creates_fail(error)
    found = await breakers.read()
    assert (found.open, found.creates is not None) == (True, True)
