"""The preparation of a mailbox as the person sees it, by all that PostgreSQL holds of it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from fakes import START, request_of
from postroom.domain.breaker import Cause
from postroom.domain.identity import Refusal
from postroom.domain.request import HELD, State
from postroom.mailboxes.preparation import (
    FAILED_MESSAGE,
    TAKEN_MESSAGE,
    AttemptOutcome,
    EndedAttempt,
    Failure,
    FailureKind,
    MailboxRecord,
    Opening,
    Preparation,
    PreparationState,
    Wait,
    WaitKind,
    preparation_of,
)

ALICE = UUID("8b9e4c7a-c3d6-4dae-a06a-acb8a03ece9a")
OPENED = START - timedelta(minutes=3)
SECRET = "mail server http://10.0.0.7 answered 500 about bob@example.org"


def at(seconds: float) -> datetime:
    """`seconds` after the request was settled."""
    return START + timedelta(seconds=seconds)


NOW = at(1)


def record(
    *outcomes: AttemptOutcome, opening: Cause | None = None, refusal: Refusal | None = None, **fields: Any
) -> MailboxRecord:
    """Of a request with these `fields`, whose attempts ended so, the newest first and just after it was settled."""
    history = [EndedAttempt(len(outcomes) - n, at(0.001 - 60 * n), each) for n, each in enumerate(outcomes)]
    request = request_of(ALICE, last_error=SECRET, **fields) if fields else None
    return MailboxRecord(
        ALICE,
        NOW,
        request,
        requested_at=at(-300),
        refusal=refusal,
        history=history,
        opening=Opening(opening, OPENED) if opening else None,
    )


def waiting(*outcomes: AttemptOutcome, opening: Cause | None = None, **fields: Any) -> MailboxRecord:
    return record(*outcomes, opening=opening, **{"state": State.WAITING, "due_at": at(60)} | fields)


def running(*outcomes: AttemptOutcome, opening: Cause | None = None, lease: float = 29) -> MailboxRecord:
    return record(*outcomes, opening=opening, state=State.RUNNING, due_at=NOW + timedelta(seconds=lease), retries=1)


def dead(*outcomes: AttemptOutcome, refusal: Refusal | None = None, **fields: Any) -> MailboxRecord:
    usual = {"state": State.DEAD, "due_at": None, "retries": 3, "reason": SECRET}
    return record(*outcomes, refusal=refusal, **usual | fields)


def refused(code: str, seconds: float = 5) -> Refusal:
    return Refusal(ALICE, "admin@example.org", code, "the name admin is reserved", at(seconds))


F, T, M, C, X, I = (  # noqa: E741
    AttemptOutcome.FAILED,
    AttemptOutcome.THROTTLED,
    AttemptOutcome.MISCONFIGURED,
    AttemptOutcome.CONFLICT,
    AttemptOutcome.CRASHED,
    AttemptOutcome.INTERRUPTED,
)
W = WaitKind


@pytest.mark.parametrize(
    ("found", "kind", "since"),
    [
        # Its own cause, while the breaker is closed.
        (waiting(attempts=0), None, None),
        (waiting(F, retries=1), W.FAILED, START),
        (waiting(F, F, F, retries=3), W.FAILED, START),
        (waiting(T, F), W.THROTTLED, START),
        (waiting(M, waits_for="domain:example.org", postponed=1), W.MISCONFIGURED, START),
        (waiting(F, waits_for="creates", postponed=1), W.MISCONFIGURED, START),
        (waiting(X, X, crashes=2), W.CRASHED, START),
        (waiting(I, F), None, None),
        # An operator asked to try again, or it was released: it is due, and waits for its turn.
        (waiting(F, retries=1, enqueued_at=at(0.5)), None, None),
        (waiting(M, enqueued_at=at(0.5)), None, None),
        # The breaker has closed: it is released within seconds.
        (waiting(F, retries=1, waits_for="outage"), None, None),
        (waiting(M, waits_for="misconfigured"), None, None),
        # The breaker's cause, whatever else it waits for.
        (waiting(F, retries=1, waits_for="outage", opening=Cause.OUTAGE), W.MAIL_SERVER_AWAY, OPENED),
        (waiting(attempts=0, opening=Cause.OUTAGE), W.MAIL_SERVER_AWAY, OPENED),
        (waiting(T, opening=Cause.OUTAGE), W.MAIL_SERVER_AWAY, OPENED),
        (waiting(M, waits_for="misconfigured", opening=Cause.MISCONFIGURED), W.MISCONFIGURED, OPENED),
        (waiting(M, waits_for="misconfigured", opening=Cause.UNAUTHORIZED), W.MISCONFIGURED, OPENED),
        (waiting(F, retries=1, opening=Cause.PAUSED), W.PAUSED, OPENED),
        # A running attempt ends by itself; one whose lease is over has crashed.
        (running(F), None, None),
        (running(F, opening=Cause.OUTAGE), None, None),
        (running(F, lease=-0.5), W.CRASHED, at(0.5)),
        (running(F, lease=-0.5, opening=Cause.PAUSED), W.PAUSED, OPENED),
    ],
)
def test_a_mailbox_that_is_being_prepared_waits_for_its_own_cause_or_that_of_the_breaker(
    found: MailboxRecord, kind: WaitKind | None, since: datetime | None
) -> None:
    shown = preparation_of(found)
    assert (shown.state, shown.failure, shown.reason) == (PreparationState.PREPARING, None, None)
    assert shown.cause == (Wait(kind, since) if kind and since else None)
    request = found.request
    assert request
    assert shown.retry == request.retries
    # The end of a lease is of no use to a person.
    assert shown.next_attempt_at == (request.due_at if request.state is State.WAITING else None)


TAKEN, REFUSED, OPERATOR = FailureKind


@pytest.mark.parametrize(
    ("found", "state", "failure"),
    [
        (dead(F, F, F, F), PreparationState.FAILED, Failure(OPERATOR, START)),
        # The mail server refuses it for good: whether another address would help, only an operator can see.
        (dead(F, retries=0), PreparationState.FAILED, Failure(OPERATOR, START)),
        # Buried by an operator, also after a conflict that was tried again.
        (dead(), PreparationState.FAILED, Failure(OPERATOR, START)),
        (dead(C, enqueued_at=at(0.5)), PreparationState.FAILED, Failure(OPERATOR, at(0.5))),
        # An account of the mail server holds the address, or another identity.
        (dead(C, F), PreparationState.FAILED, Failure(TAKEN, START)),
        (dead(attempts=0, reason=f"{HELD}, 7f3a"), PreparationState.FAILED, Failure(TAKEN, START)),
        # Of a dead letter and a refusal the newer one counts.
        (dead(F, refusal=refused("reserved_name", -1)), PreparationState.FAILED, Failure(OPERATOR, START)),
        (dead(F, refusal=refused("no_address")), PreparationState.REFUSED, Failure(REFUSED, at(5), "no_address")),
        # Without a request.
        (record(refusal=refused("reserved_name")), PreparationState.REFUSED, Failure(REFUSED, at(5), "reserved_name")),
        (
            record(refusal=refused("domain_not_served")),
            PreparationState.REFUSED,
            Failure(REFUSED, at(5), "domain_not_served"),
        ),
        (record(refusal=refused("unreadable_identity")), PreparationState.REFUSED, Failure(OPERATOR, at(5))),
        (record(refusal=refused("unreadable_body")), PreparationState.REFUSED, Failure(OPERATOR, at(5))),
    ],
)
def test_a_failure_tells_who_can_end_it(found: MailboxRecord, state: PreparationState, failure: Failure) -> None:
    shown = preparation_of(found)
    assert (shown.state, shown.failure, shown.cause, shown.next_attempt_at) == (state, failure, None, None)


def test_the_reason_is_a_sentence_for_the_person_and_never_the_one_for_operators() -> None:
    assert preparation_of(dead(F)).reason == FAILED_MESSAGE
    assert preparation_of(dead(C)).reason == TAKEN_MESSAGE
    shown = preparation_of(record(refusal=refused("reserved_name")))
    assert (shown.reason, shown.code) == ("the name admin is reserved", "reserved_name")
    for found in (dead(F), dead(C), waiting(F), running(F), record(state=State.PROVISIONED, due_at=None)):
        assert SECRET not in repr(preparation_of(found))


def test_only_who_chose_a_domain_that_is_not_served_reads_which_are() -> None:
    domains = ("example.net", "example.org")
    assert preparation_of(record(refusal=refused("domain_not_served")), domains=domains).domains == domains
    assert preparation_of(record(refusal=refused("reserved_name")), domains=domains).domains == ()


@pytest.mark.parametrize("found", [waiting(F), running(F), record(state=State.PROVISIONED, due_at=None)])
def test_refusal_does_not_hide_an_existing_or_pending_mailbox(found: MailboxRecord) -> None:
    request, history = found.request, found.history
    with_refusal = MailboxRecord(ALICE, NOW, request, at(-300), None, refused("reserved_name"), history)
    assert preparation_of(with_refusal) == preparation_of(found)


def test_a_mailbox_on_record_is_ready_unless_it_is_missing() -> None:
    request = request_of(ALICE, state=State.PROVISIONED, due_at=None, retries=2, enqueued_at=at(-5))
    shown = preparation_of(MailboxRecord(ALICE, NOW, request))
    assert (shown.state, shown.ready_at, shown.cause, shown.failure) == (PreparationState.READY, at(-5), None, None)
    shown = preparation_of(MailboxRecord(ALICE, NOW, request, missing_at=at(-1), opening=Opening(Cause.OUTAGE, OPENED)))
    assert (shown.state, shown.ready_at) == (PreparationState.MISSING, None)
    assert (shown.cause, shown.failure) == (Wait(W.MISSING, at(-1)), Failure(OPERATOR, at(-1)))
    assert "an operator has to fix" in (shown.reason or "")


@pytest.mark.parametrize("found", [dead(F), dead(F, refusal=refused("reserved_name")), waiting(F), running()])
def test_a_mailbox_on_record_is_ready_or_missing_whatever_became_of_other_work(found: MailboxRecord) -> None:
    assert preparation_of(replace(found, has_mailbox=True)).state is PreparationState.READY
    missing = replace(found, has_mailbox=True, missing_at=at(-1))
    assert preparation_of(missing).state is PreparationState.MISSING


def test_mailbox_being_remade_is_shown_as_preparing() -> None:
    request = request_of(ALICE, state=State.WAITING)
    assert preparation_of(MailboxRecord(ALICE, NOW, request, missing_at=at(-1))).state is PreparationState.PREPARING


def test_a_person_without_a_request_has_no_mailbox() -> None:
    shown = preparation_of(MailboxRecord(ALICE, NOW), sweep_seconds=300)
    assert shown == Preparation(PreparationState.NONE, sweep_seconds=300, support_number="8b9e4c7a", now=NOW)


def test_the_attempts_so_far_are_shown_without_any_text() -> None:
    shown = preparation_of(waiting(F, T, F, attempts=3, retries=2))
    assert (shown.attempts, shown.max_attempts, shown.requested_at) == (3, 4, at(-300))
    assert [(each.attempt, each.outcome) for each in shown.history] == [(3, F), (2, T), (1, F)]
