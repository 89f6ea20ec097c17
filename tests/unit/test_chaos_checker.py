"""The checker finds every broken promise. Each rule is broken in a history made by hand."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from chaos.checker import WILL_RETRY, check, doubled, figures, lost, wrong_dead_letters
from chaos.evidence import Evidence, LostCommits

ALICE, BOB, CAROL, DORA = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abcd")
STRANGER = "stranger@example.org"


def at(second: float) -> str:
    return f"2026-01-01T00:00:{second:06.3f}+00:00"


ZERO = 1767225600.0  # 2026-01-01T00:00:00Z
Row = dict[str, Any]
_COLUMNS = ("kratos_identity_id", "status", "attempt_count", "holder", "stalwart_account_id", "created_at")


def entry(
    identity_id: str, status: str, attempt: int, holder: str | None, second: float, account: str | None = None
) -> Row:
    return dict(zip(_COLUMNS, (identity_id, status, attempt, holder, account, at(second)), strict=True))


def request(identity_id: str, email: str, state: str, **more: Any) -> dict[str, Any]:
    row = {"identity_id": identity_id, "email": email, "state": state, "reason": None, "created_at": at(1)}
    return row | {"attempts": 1, "retries": 0} | more


def mark(identity_id: str) -> str:
    return "postroom-" + identity_id.replace("-", "")


def asked(number: int, identity_id: str, email: str) -> dict[str, Any]:
    return {"t": ZERO + 0.5, "event": "asked", "number": number, "identity_id": identity_id, "email": email}


def registered(identity_id: str, email: str) -> dict[str, Any]:
    return {"t": ZERO + 0.4, "event": "registered", "identity_id": identity_id, "email": email}


def answered(number: int, status: int, body: Any) -> dict[str, Any]:
    return {"t": ZERO + 5, "event": "answered", "number": number, "status": status, "body": body}


def evidence() -> Evidence:
    """Alice is provisioned by her second attempt; Bob's attempts always fail; Carol requests an address that is
    taken."""
    doomed = "should-fail@example.org"
    starts = [0, 5, 15, 52]
    bobs = [
        entry(BOB, status, number, f"b{number}", second + later)
        for number, second in enumerate(starts, 1)
        for status, later in (("pending", 1), ("failed", 1.5))
    ]
    return Evidence(
        history=[
            asked(1, ALICE, "alice@example.org"),
            asked(2, BOB, doomed),
            asked(3, CAROL, STRANGER),
            asked(4, ALICE, "alice@example.org"),
            answered(1, 500, WILL_RETRY),
            answered(2, 500, WILL_RETRY),
            answered(3, 409, {"code": "conflict"}),
            answered(4, 200, {"email_account_id": "account-1"}),
        ],
        requests=[
            request(ALICE, "alice@example.org", "provisioned", attempts=2, retries=1),
            request(BOB, doomed, "dead", attempts=4, retries=3, reason="failed 4 times"),
            request(CAROL, STRANGER, "dead", reason="taken"),
        ],
        log=[
            entry(ALICE, "pending", 1, "a1", 1),
            entry(ALICE, "failed", 1, "a1", 1.5),
            entry(ALICE, "pending", 2, "a2", 3),
            entry(ALICE, "success", 2, "a2", 3.2, "s1"),
            entry(ALICE, "late", 1, "a1", 3.4, "s1"),
            *bobs,
            entry(CAROL, "pending", 1, "c1", 1),
            entry(CAROL, "conflict", 1, "c1", 1.2),
        ],
        accounts=[
            {"id": "account-1", "kratos_identity_id": ALICE, "email": "alice@example.org", "stalwart_account_id": "s1"}
        ],
        stalwart=[
            {"id": "s1", "addresses": ["alice@example.org"], "marks": [mark(ALICE)]},
            {"id": "s2", "addresses": [STRANGER], "marks": []},
        ],
        strangers=[STRANGER],
        word="should-fail",
        delay_factor=0.02,
        seen_log={"1": "digest"},
        log_digests={"1": "digest"},
    )


def test_chaos_run_that_kept_the_promise_has_no_violation() -> None:
    assert check(evidence()) == []


def set_request(index: int, **values: Any) -> Callable[[Evidence], None]:
    return lambda broken: broken.requests[index].update(values)


def set_log(index: int, **values: Any) -> Callable[[Evidence], None]:
    return lambda broken: broken.log[index].update(values)


def set_response(index: int, **values: Any) -> Callable[[Evidence], None]:
    return lambda broken: broken.history[index].update(values)


def _another_mailbox(broken: Evidence, address: str, marks: list[str]) -> None:
    broken.stalwart.append({"id": "s3", "addresses": [address], "marks": marks})


def _change(broken: Evidence, **values: Any) -> None:
    for name, value in values.items():
        setattr(broken, name, value)


BREACHES: list[tuple[str, str, Callable[[Evidence], object]]] = [
    ("I1", "no row", lambda broken: broken.requests.pop(0)),
    ("I1", "before its row", set_request(0, created_at=at(9))),
    ("I1", "not in email_accounts", set_response(7, body={"email_account_id": "another"})),
    ("responses", "Internal Server Error", set_response(4, body="Internal Server Error")),
    ("responses", "404", set_response(4, status=404)),
    ("I2", "lost: Kratos lists it", lambda broken: broken.history.append(registered(DORA, "dora@example.org"))),
    ("I2", "lost: still waiting", set_request(0, state="waiting")),
    ("I2", "dead without a reason", set_request(1, reason=None)),
    ("I2", "without a row in email_accounts", lambda broken: broken.accounts.clear()),
    ("I2", "never asked for", set_request(0, email="mallory@example.org")),
    ("I3", "while another ran", set_log(1, status="late")),
    ("I3", "is on 2 mailboxes", lambda broken: _another_mailbox(broken, "alice2@example.org", [mark(ALICE)])),
    ("I4", "has 2 outcomes", set_log(4, status="failed")),
    ("I4", "2 attempts succeeded", set_log(1, status="success")),
    ("I4", "email_accounts does not agree", set_log(3, stalwart_account_id="s9")),
    ("I5", "4 claims", lambda broken: broken.log.pop(5)),
    ("I5", "3 claims", set_request(1, attempts=3)),
    ("I5", "without an outcome", lambda broken: broken.log.pop(-1)),
    ("I5", "changed or deleted", lambda broken: _change(broken, log_digests={"1": "other"})),
    ("I5", "changed or deleted", lambda broken: _change(broken, log_digests={})),
    ("I6", "wrong dead letter: poison", set_request(0, state="dead", reason="poison")),
    ("I6", "wrong dead letter: 3 failures", set_log(6, status="interrupted")),
    ("I6", "retries spent", set_request(0, retries=2)),
    ("I6", "always refuses it", set_request(1, state="provisioned")),
    ("I7", "left in Redis", lambda broken: broken.members.append("{}")),
    ("I8", "tried again", set_log(2, created_at=at(2))),
    ("I9", "not on the mail server", lambda broken: broken.stalwart.pop(0)),
    ("I9", "2 mailboxes", lambda broken: _another_mailbox(broken, "alice@example.org", [])),
    ("I9", "with marks []", lambda broken: broken.stalwart[0].update(marks=[])),
    ("I9", "no provisioned request", lambda broken: _another_mailbox(broken, "bob@example.org", [mark(BOB)])),
    ("I9", "adopted or destroyed", lambda broken: broken.stalwart.pop(1)),
    ("I9", "adopted or destroyed", lambda broken: broken.stalwart[1].update(marks=[mark(CAROL)])),
    ("I9", "without a mark was made", lambda broken: _another_mailbox(broken, "eve@example.org", [])),
    ("I10", "corrections", lambda broken: _change(broken, corrected=1)),
    ("alive", "exit code 1", lambda broken: broken.broken.append("worker-1 ended with exit code 1")),
]


@pytest.mark.parametrize(("rule", "what", "breach"), BREACHES, ids=[f"{rule} {what}" for rule, what, _ in BREACHES])
def test_chaos_checker_finds_and_names_each_violation(
    rule: str, what: str, breach: Callable[[Evidence], object]
) -> None:
    broken = deepcopy(evidence())
    breach(broken)
    assert [each for each in check(broken) if each.rule == rule and what in each.what]


def test_chaos_checker_counts_lost_doubled_and_wrongly_buried() -> None:
    broken = evidence()
    broken.requests[0] |= {"state": "waiting"}
    broken.requests[2] |= {"email": "carol@example.org"}
    _another_mailbox(broken, "alice2@example.org", [mark(ALICE)])
    found = check(broken)
    assert lost(found) == 1
    assert doubled(found) >= 1
    assert wrong_dead_letters(found) == 1


DORAS = asked(9, DORA, "dora@example.org")


@pytest.mark.parametrize(
    ("history", "unanswered", "without_row"),
    [
        ([asked(9, ALICE, "alice@example.org"), answered(9, 503, {})], 0, 0),
        ([DORAS, answered(9, 503, {"code": "unavailable"})], 1, 1),
        # On a busy machine the webhook may not have been read. Then nothing was promised.
        ([DORAS, {"t": ZERO + 9, "event": "unanswered", "number": 9}], 1, 1),
    ],
    ids=["503 to a known identity", "503 to a new identity", "not answered"],
)
def test_chaos_checker_requires_nothing_after_a_503_or_no_answer(
    history: list[dict[str, Any]], unanswered: int, without_row: int
) -> None:
    found = evidence()
    found.history += history
    assert check(found) == []
    assert (figures(found).unanswered, figures(found).without_row) == (unanswered, without_row)


def test_chaos_checker_counts_an_unanswered_identity_as_lost_if_kratos_lists_it_and_the_sweep_missed_it() -> None:
    broken = evidence()
    broken.history += [registered(DORA, "dora@example.org"), asked(9, DORA, "dora@example.org")]
    assert (lost(check(broken)), figures(broken).without_row) == (1, 0)


def test_chaos_checker_accepts_the_registered_address_of_an_identity_without_a_webhook() -> None:
    swept = evidence()
    swept.history += [registered(DORA, "dora@example.org")]
    swept.requests.append(request(DORA, "dora@example.org", "dead", reason="taken", attempts=0))
    swept.requests.append(request("e" * 8, "dora@example.org", "waiting", attempts=0))
    assert not [each for each in check(swept) if each.identity_id == DORA]
    assert figures(swept).unhooked == 1


def after_a_fail_over() -> Evidence:
    """Alice's request was stored and answered at second 5, and lost in the fail-over of second 8. It is stored again at
    second 9."""
    found = evidence()
    found.lost_commits = LostCommits(ZERO + 4, ZERO + 8, frozenset({ALICE}))
    found.requests[0]["created_at"] = at(9)
    return found


def test_chaos_checker_allows_remaking_a_mailbox_lost_in_a_fail_over() -> None:
    found = after_a_fail_over()
    found.history[7] = answered(4, 200, {"email_account_id": "account-of-the-lost-commit"})
    assert (check(found), figures(found).forgotten) == ([], 1)


@pytest.mark.parametrize(
    "breach",
    [
        lambda found: found.requests.pop(0),
        lambda found: setattr(found, "lost_commits", LostCommits(ZERO + 6, ZERO + 8, frozenset({ALICE}))),
        lambda found: setattr(found, "lost_commits", LostCommits(ZERO + 0, ZERO + 0.1, frozenset({ALICE}))),
        lambda found: setattr(found, "lost_commits", LostCommits(ZERO + 4, ZERO + 8, frozenset())),
    ],
    ids=["it is not stored again", "answered before", "asked after", "the replica had it"],
)
def test_chaos_checker_excuses_only_commits_lost_in_the_fail_over(breach: Callable[[Evidence], object]) -> None:
    found = after_a_fail_over()
    breach(found)
    assert [each for each in check(found) if (each.rule, each.identity_id) == ("I1", ALICE)]


def test_chaos_checker_reports_a_bare_500_but_counts_nothing_as_lost() -> None:
    broken = evidence()
    broken.history += [asked(9, DORA, "dora@example.org"), answered(9, 500, "Internal Server Error")]
    assert [each.rule for each in check(broken)] == ["responses"]
    assert lost(check(broken)) == 0


def test_chaos_checker_excuses_a_dead_request_with_its_own_mailbox_only_for_lost_commits() -> None:
    found = evidence()
    found.history += [registered(DORA, "dora@example.org"), registered(DORA, "newer@example.org")]
    found.requests.append(request(DORA, "newer@example.org", "dead", reason="another address", attempts=0))
    found.stalwart.append({"id": "s4", "addresses": ["dora@example.org"], "marks": [mark(DORA)]})
    assert {each.rule for each in check(found)} == {"I6", "I9"}
    found.lost_commits = LostCommits(ZERO + 4, ZERO + 8, frozenset())
    assert (check(found), figures(found).dead_with_mailbox) == ([], 1)
    # It has its own address, which nobody else held: a wrong dead letter.
    found.requests[-1]["email"] = "dora@example.org"
    assert {each.rule for each in check(found)} == {"I6", "I9"}
