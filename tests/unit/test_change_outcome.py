"""How an attempt of a change ends: which retry it spends, what the request waits for, and when it is dead."""

from typing import Any

import pytest

from fakes import request_of
from postroom.domain.account_change import Audited, Observed, Refusal, Step
from postroom.domain.change_outcome import KRATOS, MISSING, Changed, Nearer, after_change
from postroom.domain.request import Move, State, Status, Verdict
from postroom.errors import Conflict, Misconfigured, Permanent, Throttled, Transient

A, B = "a@example.org", "b@example.org"
AT_A, AT_B = Observed("k", A), Observed("k", B)
REMAINS = Step(email=B)
HELD = Refusal(B, f"{B} is held by the identity 7")
CUT = Transient("cut", outcome_unknown=True)


def move(
    *reads: Observed,
    next: Step | Refusal | None = None,  # noqa: A002
    error: Any = None,
    unasked: str | None = None,
    verdict: Verdict = Verdict.HEALTHY,
    **request: Any,
) -> Move:
    return after_change(request_of(**request), Changed(3, Nearer(reads, (), next, error), unasked, verdict))


def summary(of: Move) -> tuple[State, Status, int, float | None, str | None]:
    return of.state, of.status, of.retries, of.delay, of.waits_for


@pytest.mark.parametrize("error", [None, CUT, Conflict("taken"), Throttled("later")])
def test_goal_is_reached_when_nothing_remains_whatever_the_mail_server_answered(error: Any) -> None:
    """A late update, or a hand at the mail server, may have done it."""
    found = move(AT_A, AT_B, error=error, retries=2)
    assert summary(found) == (State.PROVISIONED, Status.SUCCESS, 2, None, None)


def test_mailbox_that_no_mark_shows_waits_an_hour_and_spends_no_retry() -> None:
    assert summary(move(retries=1)) == (State.WAITING, Status.FAILED, 1, 3600, MISSING)


def test_refused_address_makes_a_dead_letter_that_names_the_holder() -> None:
    found = move(AT_A, next=HELD)
    assert summary(found) == (State.DEAD, Status.CONFLICT, 0, None, None)
    assert found.reason == HELD.reason


def test_step_that_left_more_to_do_is_followed_at_once_and_spends_no_retry() -> None:
    """The first one only takes away."""
    assert summary(move(AT_A, AT_B, next=REMAINS, retries=3)) == (State.WAITING, Status.SUCCESS, 3, 0, None)


def test_update_that_is_accepted_without_an_effect_is_a_failure() -> None:
    """Otherwise it would be repeated at once, for ever."""
    found = move(AT_A, AT_A, AT_A, next=REMAINS)
    assert summary(found) == (State.WAITING, Status.FAILED, 1, 60, None)
    assert move(AT_A, AT_A, AT_A, next=REMAINS, retries=3).state is State.DEAD


@pytest.mark.parametrize("remains", [REMAINS, HELD])
def test_goal_that_was_given_up_ends_as_before_once_nothing_is_left_to_take(remains: Step | Refusal) -> None:
    request = request_of(last_error="b is held")

    def given_up(*reads: Observed, **rest: Any) -> Move:
        return after_change(request, Changed(3, Nearer(reads, **rest), is_given_up=True))

    for reads in [(AT_A,), (AT_A, AT_A, AT_A)]:
        ended = given_up(*reads, next=Step(login=False, takes=True))
        assert (ended.state, ended.error) == (State.WAITING, "b is held")
    for reads in [(AT_A,), (AT_A, AT_B)]:
        ended = given_up(*reads, next=remains)
        expected = (State.WAITING, 0) if len(reads) > 1 and remains is REMAINS else (State.DEAD, None)
        assert (ended.state, ended.delay) == expected
        assert ended.error == "b is held"
    assert given_up(AT_B).state is State.PROVISIONED, "a hand may have done it"


@pytest.mark.parametrize(
    ("again", "expected"),
    [
        (Nearer((AT_A, AT_B)), (State.PROVISIONED, Status.SUCCESS, 0, None, None)),
        (Nearer((AT_A,), next=HELD, error=Permanent("no")), (State.DEAD, Status.FAILED, 0, None, None)),
        (Nearer(error=Transient("away")), (State.WAITING, Status.FAILED, 1, 60, None)),
        (Nearer(), (State.WAITING, Status.FAILED, 0, 3600, MISSING)),
    ],
    ids=["reached", "refused again", "not read again", "gone since"],
)
def test_attempt_that_was_repeated_ends_as_the_last_one_and_forgets_nothing(again: Nearer, expected: Any) -> None:
    audited = Audited("rename", B, A)
    once = Changed(3, Nearer((AT_A,), (audited,), REMAINS, Permanent("no")))
    both = Changed(3, again).after(once)
    assert summary(after_change(request_of(), both)) == expected
    assert both.nearer.audit == (audited,)


def test_change_waits_for_kratos_and_spends_no_retry() -> None:
    for remains in (REMAINS, HELD):
        assert summary(move(AT_A, next=remains, unasked="away")) == (State.WAITING, Status.FAILED, 0, 60, KRATOS)
    assert summary(move(AT_A, AT_B, next=REMAINS, unasked="away"))[3] == 0, "what takes away goes on"


@pytest.mark.parametrize(
    ("error", "verdict", "expected"),
    [
        (Transient("500"), Verdict.HEALTHY, (State.WAITING, Status.FAILED, 1, 60, None)),
        (Transient("500"), Verdict.OUTAGE, (State.WAITING, Status.FAILED, 0, 60, "outage")),
        (Throttled("later", retry_after=5), Verdict.HEALTHY, (State.WAITING, Status.THROTTLED, 0, 5, None)),
        (
            *(Misconfigured("no", domain="example.org"), Verdict.HEALTHY),
            (State.WAITING, Status.MISCONFIGURED, 0, 60, "domain:example.org"),
        ),
        (Conflict("taken"), Verdict.HEALTHY, (State.DEAD, Status.CONFLICT, 0, None, None)),
        (Permanent("bad"), Verdict.HEALTHY, (State.DEAD, Status.FAILED, 0, None, None)),
        (Permanent("bad"), Verdict.CREATES, (State.WAITING, Status.FAILED, 0, 60, "creates")),
    ],
)
def test_error_costs_what_it_costs_a_create(error: Any, verdict: Verdict, expected: Any) -> None:
    for reads in ((AT_A, AT_A, AT_A), (AT_A, AT_B)):
        assert summary(move(*reads, next=REMAINS, error=error, verdict=verdict)) == expected
    assert summary(move(error=error, verdict=verdict)) == expected, "also if nothing was read"


def test_outcome_stays_unknown_until_the_goal_is_reached() -> None:
    assert move(AT_A, next=REMAINS, error=CUT).outcome_unknown
    assert move(AT_A, next=REMAINS, error=Transient("500"), outcome_unknown=True).outcome_unknown
    assert move(AT_A, next=HELD, outcome_unknown=True).outcome_unknown
    assert not move(AT_A, AT_B, outcome_unknown=True).outcome_unknown
