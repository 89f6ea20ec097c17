"""Storing requests: each is one statement and one commit, and an address belongs to one living request."""

import asyncio
from uuid import uuid4

import pytest
from psycopg.errors import UniqueViolation

from postroom.domain.breaker import Cause
from postroom.domain.identity import Refusal
from postroom.domain.mailbox import Account, Mailbox
from postroom.domain.request import Failed, Origin, Provisioned, Request, State, after_attempt
from postroom.errors import Permanent
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import Pool
from postroom.postgres.refusals import PostgresRefusals
from postroom.postgres.requests import PostgresRequests
from records import NOWHERE, Records, mailbox, stalwart_account

FROM_KRATOS = Origin(trigger_id="trigger-1", request_id="request-1", traceparent="00-ab-cd-01")


async def accept(requests: PostgresRequests, of: Mailbox, *, in_line: bool = True) -> Request:
    holder = uuid4() if in_line else None
    request = await requests.accept(of, holder=holder, lease=10, origin=NOWHERE, action="accept")
    assert request
    return request


async def dead(requests: PostgresRequests, of: Mailbox) -> Request:
    request = await accept(requests, of)
    move = after_attempt(request, Failed(Permanent("mail server refused the mailbox")))
    settled = await requests.settle(request, move, None)
    assert settled
    return settled.request


async def test_an_accepted_request_runs_under_the_given_holder_and_its_pending_row_is_in_the_same_commit(
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


async def test_without_a_slot_an_accepted_request_waits_due_now(requests: PostgresRequests, records: Records) -> None:
    alice = mailbox()
    request = await accept(requests, alice, in_line=False)
    assert (request.state, request.holder, request.attempts) == (State.WAITING, None, 0)
    row = await records.request(alice.identity_id)
    (entry,) = await records.log(alice.identity_id)
    assert row["due_in"] <= 0
    assert (entry["action"], entry["status"], entry["attempt_count"]) == ("accept", "done", 0)
    assert entry["commit"] == row["commit"]


async def test_with_the_breaker_open_an_accepted_request_waits_although_there_is_a_slot(
    requests: PostgresRequests, breakers: PostgresBreakers, records: Records
) -> None:
    await breakers.open(Cause.OUTAGE, "mail server answered 503")
    alice = mailbox()
    request = await accept(requests, alice, in_line=True)
    assert (request.state, request.holder, request.attempts) == (State.WAITING, None, 0)
    assert await records.audit(alice.identity_id) == [("accept", "done", 0)]


async def test_a_second_accept_of_an_identity_changes_nothing(requests: PostgresRequests, records: Records) -> None:
    alice = mailbox()
    first = await accept(requests, alice)
    for again in (alice, mailbox("another", alice.identity_id)):
        assert await requests.accept(again, holder=uuid4(), lease=10, origin=NOWHERE, action="accept") is None
    assert await requests.read(alice.identity_id) == (first, None)
    assert len(await records.log(alice.identity_id)) == 1


async def test_an_address_held_by_a_living_request_is_not_accepted_for_another_identity(
    requests: PostgresRequests, records: Records
) -> None:
    alice, imposter = mailbox(), mailbox()
    await accept(requests, alice)
    assert await requests.accept(imposter, holder=uuid4(), lease=10, origin=NOWHERE, action="accept") is None
    assert await requests.read(imposter.identity_id) is None
    assert await records.log(imposter.identity_id) == []


async def test_of_twenty_identities_that_ask_for_one_address_at_once_one_gets_it(
    requests: PostgresRequests, records: Records
) -> None:
    asking = [mailbox("popular") for _ in range(20)]
    answers = await asyncio.gather(
        *(requests.accept(each, holder=uuid4(), lease=10, origin=NOWHERE, action="accept") for each in asking)
    )
    assert len([answer for answer in answers if answer]) == 1
    assert await records.value("SELECT count(*) FROM email_requests") == 1
    assert await records.value("SELECT count(*) FROM email_provisioning_log") == 1


async def test_the_database_itself_reserves_an_address_for_one_living_request(
    requests: PostgresRequests, records: Records
) -> None:
    await accept(requests, mailbox())
    with pytest.raises(UniqueViolation, match="email_requests_address"):
        await records.rows(
            "INSERT INTO email_requests (identity_id, email, state, due_at, enqueued_at) "
            "VALUES (gen_random_uuid(), 'alice@example.org', 'waiting', now(), now())"
        )


async def test_the_address_of_a_dead_request_is_free(requests: PostgresRequests) -> None:
    await dead(requests, mailbox())
    await accept(requests, mailbox())


async def test_reading_tells_the_account_of_a_provisioned_request(requests: PostgresRequests) -> None:
    alice = mailbox()
    request = await accept(requests, alice)
    account = stalwart_account(alice)
    settled = await requests.settle(request, after_attempt(request, Provisioned(account)), account)
    assert settled
    assert settled.account_id
    assert await requests.read(alice.identity_id) == (settled.request, Account(settled.account_id))
    assert await requests.read(uuid4()) is None


async def test_a_request_for_a_held_address_is_born_dead_with_its_reason(
    requests: PostgresRequests, records: Records
) -> None:
    alice, imposter = mailbox(), mailbox()
    await accept(requests, alice)
    request = await requests.refuse_held(imposter, origin=FROM_KRATOS, action="accept")
    assert request
    assert (request.state, request.reason) == (State.DEAD, "the address is held by another identity")
    (entry,) = await records.log(imposter.identity_id)
    assert (entry["status"], entry["attempt_count"], entry["error_message"]) == ("conflict", 0, request.reason)
    assert entry["commit"] == (await records.request(imposter.identity_id))["commit"]
    assert await requests.refuse_held(imposter, origin=NOWHERE, action="accept") is None  # once
    assert len(await records.log(imposter.identity_id)) == 1


async def test_nothing_is_refused_as_held_when_the_address_is_free_or_ones_own(
    requests: PostgresRequests, records: Records
) -> None:
    alice = mailbox()
    assert await requests.refuse_held(alice, origin=NOWHERE, action="accept") is None
    await accept(requests, alice)
    assert await requests.refuse_held(alice, origin=NOWHERE, action="accept") is None
    assert (await records.request(alice.identity_id))["state"] == "running"


async def test_a_dead_request_starts_anew_under_another_address_and_keeps_counting_attempts(
    requests: PostgresRequests, records: Records
) -> None:
    alice = mailbox()
    await dead(requests, alice)
    await records.rows("UPDATE email_requests SET retries = 3, crashes = 2, wanted_email = 'x@example.org'")
    other, holder = mailbox("alice.a", alice.identity_id), uuid4()
    request = await requests.revive(other, holder=holder, lease=10, origin=FROM_KRATOS, action="accept")
    assert request
    assert (request.state, request.email, request.holder) == (State.RUNNING, "alice.a@example.org", holder)
    assert (request.attempts, request.retries, request.crashes) == (2, 0, 0)
    assert (request.wanted_email, request.last_error, request.reason) == (None, None, None)
    assert (await records.audit(alice.identity_id))[-1] == ("create", "pending", 2)


async def test_a_dead_request_that_starts_anew_without_a_slot_waits(
    requests: PostgresRequests, records: Records
) -> None:
    alice = mailbox()
    await dead(requests, alice)
    other = mailbox("alice.a", alice.identity_id)
    request = await requests.revive(other, holder=None, lease=10, origin=NOWHERE, action="sweep")
    assert request
    assert (request.state, request.attempts) == (State.WAITING, 1)
    assert (await records.audit(alice.identity_id))[-1] == ("sweep", "done", 1)


async def test_the_same_or_a_held_address_revives_nobody_and_neither_does_a_living_request(
    requests: PostgresRequests, records: Records
) -> None:
    alice, bob = mailbox(), mailbox("bob")
    buried = await dead(requests, alice)
    await accept(requests, bob)
    for email in (alice, mailbox("bob", alice.identity_id), mailbox("robert", bob.identity_id)):
        assert await requests.revive(email, holder=uuid4(), lease=10, origin=NOWHERE, action="accept") is None
    assert await requests.read(alice.identity_id) == (buried, None)
    assert len(await records.log(alice.identity_id)) == 2
    assert len(await records.log(bob.identity_id)) == 1


async def test_before_the_first_attempt_a_newer_address_replaces_the_old_one(
    requests: PostgresRequests, records: Records
) -> None:
    alice = mailbox()
    before = await accept(requests, alice, in_line=False)
    newer = Mailbox(alice.identity_id, "alice.a@example.org", "Alice A.")
    request = await requests.follow_address(newer, origin=FROM_KRATOS)
    assert request
    assert (request.email, request.wanted_email, request.display_name) == ("alice.a@example.org", None, "Alice A.")
    assert request.enqueued_at > before.enqueued_at, "the member in Redis names the address: new bytes"
    entry = (await records.log(alice.identity_id))[-1]
    assert entry["error_message"] == "the address of the request is now alice.a@example.org"
    await accept(requests, mailbox())  # the old address is free again


async def test_after_the_first_attempt_a_newer_address_is_only_wanted(
    requests: PostgresRequests, records: Records
) -> None:
    alice = mailbox()
    before = await accept(requests, alice)
    newer = mailbox("alice.a", alice.identity_id)
    request = await requests.follow_address(newer, origin=NOWHERE)
    assert request
    assert (request.email, request.wanted_email) == ("alice@example.org", "alice.a@example.org")
    assert (request.holder, request.enqueued_at) == (before.holder, before.enqueued_at)
    assert await requests.follow_address(newer, origin=NOWHERE) == request  # a repeat notes nothing
    assert len(await records.log(alice.identity_id)) == 2
    back = await requests.follow_address(alice, origin=NOWHERE)
    assert back
    assert (back.email, back.wanted_email) == ("alice@example.org", None)


async def test_a_held_address_is_not_followed_before_the_first_attempt(requests: PostgresRequests) -> None:
    alice, bob = mailbox(), mailbox("bob")
    before = await accept(requests, alice, in_line=False)
    await accept(requests, bob)
    assert await requests.follow_address(mailbox("bob", alice.identity_id), origin=NOWHERE) is None
    assert await requests.read(alice.identity_id) == (before, None)


async def test_a_refusal_is_audited_with_what_is_known_and_is_no_request(pool: Pool, records: Records) -> None:
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


async def test_a_refusal_is_recorded_when_it_says_something_new(pool: Pool, records: Records) -> None:
    alice, bob, refusals = uuid4(), uuid4(), PostgresRefusals(pool)
    told = [("a+b@example.org", "unsafe_local_part"), ("admin@example.org", "reserved_name"), (None, "no_address")]
    for email, code in [told[0], told[0], told[1], told[1], told[2], told[2], told[0]]:
        await refusals.record([Refusal(each, email, code, "why") for each in (alice, bob)], NOWHERE)
    for identity_id in (alice, bob):
        recorded = [(row["email"], row["code"]) for row in await records.log(identity_id)]
        assert recorded == [*told, told[0]]
    assert (await refusals.without_request(limit=1))[0] == 2


async def test_who_takes_the_probe_is_told_when_the_next_one_is_due(
    breakers: PostgresBreakers, records: Records
) -> None:
    await breakers.open(Cause.OUTAGE, "away")
    assert await breakers.take_probe() is None, "it is not due yet"
    await records.rows("UPDATE mail_server_breaker SET probe_at = now()")
    taken = await breakers.take_probe()
    due_in = await records.value("SELECT extract(epoch FROM probe_at - now())::float8 FROM mail_server_breaker")
    assert taken
    assert taken.interval == pytest.approx(due_in, abs=1)
