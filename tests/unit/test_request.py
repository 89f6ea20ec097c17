"""The transitions of a request: how each outcome changes a running request, and whether it uses up a retry."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import request_of
from postroom.domain.mailbox import StalwartAccount
from postroom.domain.request import (
    Failed,
    Interrupted,
    Move,
    Outcome,
    Provisioned,
    State,
    Status,
    Verdict,
    after_attempt,
)
from postroom.errors import Conflict, MailServerError, Misconfigured, Permanent, Throttled, Transient

CUT = "mail server did not answer (ReadError)"
HEALTHY, ILL = Verdict.HEALTHY, Verdict.OUTAGE


def moved(retries: int, outcome: Outcome, **fields: Any) -> Move:
    return after_attempt(request_of(retries=retries, **fields), outcome)


def failed(error: MailServerError, verdict: Verdict) -> Failed:
    return Failed(error, verdict)


def waits(status: Status, retries: int, delay: float) -> dict[str, object]:
    return {"state": State.WAITING, "status": status, "retries": retries, "delay": delay, "reason": None}


def is_dead(status: Status, retries: int) -> dict[str, object]:
    return {"state": State.DEAD, "status": status, "retries": retries, "delay": None}


TABLE: list[tuple[str, Outcome, int, dict[str, object]]] = [
    *(
        (f"success, {n} retries", Provisioned(StalwartAccount("k", "a@b.org")), n, {"state": State.PROVISIONED})
        for n in range(4)
    ),
    ("a failure, the first attempt", failed(Transient(CUT), HEALTHY), 0, waits(Status.FAILED, 1, 60)),
    ("a failure, 1 retry", failed(Transient(CUT), HEALTHY), 1, waits(Status.FAILED, 2, 300)),
    ("a failure, 2 retries", failed(Transient(CUT), HEALTHY), 2, waits(Status.FAILED, 3, 1800)),
    ("a failure, 3 retries", failed(Transient(CUT), HEALTHY), 3, is_dead(Status.FAILED, 3)),
    ("a failure without a verdict, 2 retries", failed(Transient(CUT), Verdict.NONE), 2, waits(Status.FAILED, 2, 300)),
    *(
        (f"every create fails, {n} retries: {error!r}", failed(error, Verdict.CREATES), n, waits(Status.FAILED, n, 60))
        for n in (0, 3)
        for error in (
            Transient(CUT),
            Permanent("invalidProperties"),
            Conflict("held"),
            Misconfigured("it is forbidden", domain="b.org"),
        )
    ),
    *(
        (f"{error!r}, verdict {verdict}", failed(error, verdict), 3, waits(Status.FAILED, 3, 60))
        for error in (Permanent("no"), Conflict("held"))
        for verdict in (Verdict.NONE, Verdict.MISCONFIGURED, Verdict.OUTAGE)
    ),
    ("permanent, 2 retries", failed(Permanent("no"), HEALTHY), 2, is_dead(Status.FAILED, 2)),
    ("conflict, 2 retries", failed(Conflict("held"), HEALTHY), 2, is_dead(Status.CONFLICT, 2)),
    ("an outage, the first attempt", failed(Transient(CUT), ILL), 0, waits(Status.FAILED, 0, 60)),
    ("an outage, 1 retry", failed(Transient(CUT), ILL), 1, waits(Status.FAILED, 1, 60)),
    ("an outage, 2 retries", failed(Transient(CUT), ILL), 2, waits(Status.FAILED, 2, 300)),
    ("an outage, 3 retries", failed(Transient(CUT), ILL), 3, waits(Status.FAILED, 3, 1800)),
]
for _n in range(4):
    for _healthy in (HEALTHY, ILL):
        _at = f"{_n} retries, server {_healthy}"
        TABLE += [
            (
                f"throttled for 17 s, {_at}",
                failed(Throttled("429", retry_after=17), _healthy),
                _n,
                waits(Status.THROTTLED, _n, 17),
            ),
            (f"throttled, {_at}", failed(Throttled("429"), _healthy), _n, waits(Status.THROTTLED, _n, 60)),
            (
                f"throttled for a day, {_at}",
                failed(Throttled("429", retry_after=86_400), _healthy),
                _n,
                waits(Status.THROTTLED, _n, 3600),
            ),
            (
                f"misconfigured server, {_at}",
                failed(Misconfigured("403"), _healthy),
                _n,
                waits(Status.MISCONFIGURED, _n, 3600),
            ),
            (
                f"misconfigured domain, {_at}",
                failed(Misconfigured("gone", domain="b.org"), _healthy),
                _n,
                waits(Status.MISCONFIGURED, _n, 60),
            ),
        ]
    TABLE.append((f"shutdown, {_n} retries", Interrupted(), _n, waits(Status.INTERRUPTED, _n, 0)))


@pytest.mark.parametrize(("outcome", "retries", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_each_outcome_leads_to_its_next_request_state(
    outcome: Outcome, retries: int, expected: dict[str, object]
) -> None:
    move = moved(retries, outcome)
    assert {name: getattr(move, name) for name in expected} == expected
    assert not isinstance(outcome, Failed) or move.error == str(outcome.error)


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        (failed(Transient(CUT), Verdict.HEALTHY), None),
        (failed(Transient(CUT), Verdict.OUTAGE), "outage"),
        (failed(Transient(CUT), Verdict.MISCONFIGURED), "misconfigured"),
        (failed(Transient(CUT), Verdict.NONE), None),
        (failed(Transient(CUT), Verdict.CREATES), "creates"),
        (failed(Permanent("no"), Verdict.CREATES), "creates"),
        (failed(Permanent("no"), Verdict.MISCONFIGURED), "misconfigured"),
        (failed(Permanent("no"), Verdict.NONE), None),
        (failed(Misconfigured("forbidden", domain="b.org"), Verdict.CREATES), "creates"),
        (failed(Misconfigured("gone", domain="b.org"), Verdict.NONE), "domain:b.org"),
        (failed(Throttled("429"), HEALTHY), None),
        (failed(Misconfigured("401"), HEALTHY), "misconfigured"),
        (failed(Misconfigured("gone", domain="b.org"), HEALTHY), "domain:b.org"),
        (Interrupted(), None),
    ],
    ids=str,
)
def test_request_records_the_cause_that_it_waits_for(outcome: Outcome, cause: str | None) -> None:
    assert moved(1, outcome).waits_for == cause


@pytest.mark.parametrize(
    "outcome",
    [
        failed(Misconfigured("over quota", domain="b.org"), HEALTHY),
        *(failed(error, Verdict.CREATES) for error in (Transient(CUT), Permanent("invalidProperties"))),
    ],
    ids=str,
)
def test_request_that_needs_an_operator_waits_longer_each_time_and_never_dies(outcome: Outcome) -> None:
    request, delays = request_of(retries=2), list[float | None]()
    for _ in range(6):
        move = after_attempt(request, outcome)
        assert (move.state, move.retries) == (State.WAITING, 2)
        delays.append(move.delay)
        request = request_of(retries=move.retries, postponed=move.postponed)
    assert delays == [60, 300, 1800, 3600, 3600, 3600]


@pytest.mark.parametrize(
    "outcome", [failed(Permanent("no"), Verdict.NONE), failed(Throttled("429"), HEALTHY)], ids=["no verdict", "429"]
)
def test_outcome_that_shows_nothing_leaves_the_count_of_postponements(outcome: Outcome) -> None:
    assert moved(1, outcome, postponed=2).postponed == 2


def test_reason_of_the_last_failure_has_the_number_of_failures_and_the_error() -> None:
    move = moved(3, failed(Transient(CUT), HEALTHY))
    assert (move.reason, move.error) == (f"failed 4 times while the mail server was healthy; last error: {CUT}", CUT)


@pytest.mark.parametrize("retries", range(4))
@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("kind", [Transient, Throttled, Misconfigured, Permanent, Conflict])
def test_every_failure_is_stored_in_the_words_of_the_mail_server(
    kind: type[MailServerError], verdict: Verdict, retries: int
) -> None:
    assert moved(retries, failed(kind("its words"), verdict)).error == "its words"


def test_interruption_is_stored_with_its_cause() -> None:
    assert moved(0, Interrupted()).error == "interrupted by shutdown"
    never_began = moved(1, Interrupted("no slot was free", began=False))
    assert never_began.error == "no slot was free"
    assert not never_began.outcome_unknown


@pytest.mark.parametrize("error", [Permanent("refused: bad name"), Conflict("held by k")])
def test_permanent_failure_is_dead_with_the_message_of_the_mail_server(error: MailServerError) -> None:
    assert moved(0, failed(error, HEALTHY)).reason == str(error)


@pytest.mark.parametrize("unknown", [True, False])
@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("retries", range(4))
def test_unknown_outcome_is_stored_with_the_request(retries: int, verdict: Verdict, unknown: bool) -> None:
    """Also with a dead one: a retry by the operator must look up the mailbox first, too."""
    move = moved(retries, failed(Transient(CUT, outcome_unknown=unknown), verdict))
    assert move.outcome_unknown is unknown


@pytest.mark.parametrize("outcome", [row[1] for row in TABLE if row[0].endswith("1 retry") or "server well" in row[0]])
def test_unknown_outcome_stays_unknown(outcome: Outcome) -> None:
    """A failed lookup proves nothing, and a create that was sent may still be executed."""
    assert moved(1, outcome, outcome_unknown=True).outcome_unknown


def test_interrupted_attempt_has_an_unknown_outcome() -> None:
    assert moved(0, Interrupted()).outcome_unknown


def test_mail_server_error_without_a_kind_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="MailServerError is not an outcome"):
        moved(0, failed(MailServerError("what?"), HEALTHY))


ERRORS = st.one_of(
    st.builds(Transient, st.text(), outcome_unknown=st.booleans()),
    st.builds(Throttled, st.text(), retry_after=st.none() | st.floats(allow_nan=False)),
    st.builds(Misconfigured, st.text(), domain=st.none() | st.just("b.org"), unauthorized=st.booleans()),
    st.builds(Conflict, st.text()),
    st.builds(Permanent, st.text(min_size=1)),
)
OUTCOMES = st.one_of(
    st.builds(Failed, ERRORS, st.sampled_from(Verdict)),
    st.just(Interrupted()),
    st.just(Provisioned(StalwartAccount("k", "a@b.org"))),
)

UNHEALTHY = st.sampled_from([each for each in Verdict if each is not HEALTHY])


@given(st.integers(0, 3), OUTCOMES)
def test_a_move_has_at_most_three_retries_a_delay_only_if_waiting_and_a_reason_only_if_dead(
    retries: int, outcome: Outcome
) -> None:
    move = moved(retries, outcome)
    assert retries <= move.retries <= 3
    assert (move.state is State.WAITING) == (move.delay is not None)
    assert (move.state is State.DEAD) == (move.reason is not None)


@given(st.integers(1, 3), OUTCOMES)
def test_only_a_failure_on_a_healthy_server_uses_a_retry(retries: int, outcome: Outcome) -> None:
    counts = isinstance(outcome, Failed) and isinstance(outcome.error, Transient) and outcome.verdict is HEALTHY
    spent = moved(retries, outcome).retries - retries
    assert spent == (1 if counts and retries < 3 else 0)


@given(
    st.lists(
        st.builds(
            Failed,
            ERRORS.filter(lambda e: not isinstance(e, Conflict)),
            UNHEALTHY,
        ),
        max_size=50,
    )
)
def test_outage_of_any_length_makes_no_dead_letter(outage: list[Failed]) -> None:
    retries = 0
    for outcome in outage:
        move = moved(retries, outcome)
        assert move.state is State.WAITING
        retries = move.retries
    assert retries == 0


@given(st.lists(OUTCOMES, max_size=30))
def test_request_dies_only_of_a_fourth_failure_on_a_healthy_server_or_a_final_error(outcomes: list[Outcome]) -> None:
    retries = failures = 0
    for outcome in outcomes:
        move = moved(retries, outcome)
        if isinstance(outcome, Failed) and isinstance(outcome.error, Transient):
            failures += outcome.verdict is HEALTHY
        if move.state is State.DEAD:
            assert isinstance(outcome, Failed)
            refused = isinstance(outcome.error, Permanent) and outcome.verdict is HEALTHY
            assert refused or isinstance(outcome.error, Conflict) or failures >= 3
            return
        if move.state is State.PROVISIONED:
            return
        retries = move.retries
    assert failures <= 3


@pytest.mark.parametrize("outcome", [failed(Throttled("429"), HEALTHY), Interrupted()], ids=str)
def test_pause_or_stop_keeps_the_count_of_postponements(outcome: Outcome) -> None:
    assert moved(0, outcome, postponed=3).postponed == 3
