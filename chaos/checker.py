"""The verdict: a pure function of the webhooks, their responses, and the rows and mailboxes at the end.

Times are seconds of one machine's wall clock; ids are text.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from chaos.evidence import Case, Evidence, Row, mark_of

PROMISES = {200, 409, 422, 500}
"""Statuses that promise that the request is stored. 503 says that it is not."""
WILL_RETRY = {"success": False, "message": "Provisioning failed, will retry..."}
OUTCOMES = {"success", "failed", "throttled", "misconfigured", "conflict", "crashed", "interrupted"}
FIRST_BACK_OFF = 60.0
SKEW = 0.05
SETTLE_TIME = 0.5
"""Seconds that settling may take on a busy machine, or during a migration, between its two readings of the clock: the
due time counts from the first, the row in the audit has the second."""


@dataclass(frozen=True, slots=True)
class Violation:
    rule: str
    identity_id: str | None
    what: str


def check(evidence: Evidence) -> list[Violation]:
    """All violations of I1 to I10 in the evidence, and all processes that ended by themselves; none if the promise was
    kept."""
    case = Case(evidence)
    rules = (
        _responses_are_documented,
        _committed_before_response,
        _requests_end,
        _one_holder,
        _superseded_changes_nothing,
        _audit_is_true,
        _retries_and_dead_letters,
        _redis_holds_nothing_stale,
        _never_early,
        _effects_happen_once,
        _reconcile_corrects_nothing,
        _processes_stay_alive,
    )
    return [violation for rule in rules for violation in rule(case)]


def _responses_are_documented(case: Case) -> Iterator[Violation]:
    """Under every fault the response is one that the documentation of the webhook lists: a bare error promises
    nothing."""
    for response in case.responses:
        if not (_is_promise(response) or response["status"] == 503):
            identity_id = case.asked[response["number"]]["identity_id"]
            yield Violation("responses", identity_id, f"answered {response['status']} {response['body']!r:.80}")


def _committed_before_response(case: Case) -> Iterator[Violation]:
    """I1"""
    for response in filter(_is_promise, case.responses):
        identity_id = case.asked[response["number"]]["identity_id"]
        row = case.requests.get(identity_id)
        is_forgotten = case.is_forgotten(response)
        if row is None:
            # Also if its commit was lost: the sweep finds it again.
            yield Violation("I1", identity_id, f"answered {response['status']}, but no row was committed")
        elif _seconds(row["created_at"]) > response["t"] and not is_forgotten:
            yield Violation("I1", identity_id, "answered before its row was committed")
        elif response["status"] == 200 and not case.may_be_lost(response):
            account = case.accounts.get(identity_id)
            if account is None or account["id"] != response["body"]["email_account_id"]:
                yield Violation("I1", identity_id, "answered with an account that is not in email_accounts")


def _requests_end(case: Case) -> Iterator[Violation]:
    """I2: at the end each request is provisioned, or dead with a reason, and each identity of Kratos has a request."""
    for identity_id in case.registered - case.requests.keys():
        yield Violation("I2", identity_id, "lost: Kratos lists it, but it has no row")
    for identity_id, row in case.requests.items():
        if row["state"] == "provisioned":
            if identity_id not in case.accounts:
                yield Violation("I2", identity_id, "provisioned, without a row in email_accounts")
            if row["email"] not in case.emails[identity_id]:
                yield Violation("I2", identity_id, f"provisioned as {row['email']}, which it never asked for")
        elif row["state"] != "dead":
            yield Violation("I2", identity_id, f"lost: still {row['state']}")
        elif not row["reason"]:
            yield Violation("I2", identity_id, "dead without a reason")


def _one_holder(case: Case) -> Iterator[Violation]:
    """I3: an attempt begins only after the previous one has its outcome; an identity has one mailbox."""
    for identity_id, rows in case.log.items():
        holder: str | None = None
        for row in rows:
            if row["status"] == "pending":
                if holder is not None:
                    yield Violation("I3", identity_id, f"attempt {row['attempt_count']} began while another ran")
                holder = row["holder"]
            elif row["status"] in OUTCOMES and row["holder"] == holder:
                holder = None
    for mark, accounts in case.marks.items():
        if len(accounts) > 1:
            yield Violation("I3", None, f"{mark} is on {len(accounts)} mailboxes")


def _superseded_changes_nothing(case: Case) -> Iterator[Violation]:
    """I4: a holder has one outcome, and `email_accounts` agrees with the last success."""
    for identity_id, rows in case.log.items():
        outcomes = Counter(row["holder"] for row in rows if row["status"] in OUTCOMES and row["holder"])
        for holder, count in outcomes.items():
            if count > 1:
                yield Violation("I4", identity_id, f"holder {holder} has {count} outcomes")
        successes = [row for row in rows if row["status"] == "success"]
        account = case.accounts.get(identity_id)
        if len(successes) > 1:
            yield Violation("I4", identity_id, f"{len(successes)} attempts succeeded")
        if successes and (account is None or account["stalwart_account_id"] != successes[-1]["stalwart_account_id"]):
            yield Violation("I4", identity_id, "email_accounts does not agree with the success in the audit")


def _audit_is_true(case: Case) -> Iterator[Violation]:
    """I5"""
    for identity_id, row in case.requests.items():
        rows = case.log[identity_id]
        numbers = [each["attempt_count"] for each in rows if each["status"] == "pending"]
        if numbers != list(range(1, row["attempts"] + 1)):
            yield Violation("I5", identity_id, f"{row['attempts']} claims, but the audit holds attempts {numbers}")
        begun = {each["holder"] for each in rows if each["status"] == "pending"}
        ended = {each["holder"] for each in rows if each["status"] in OUTCOMES}
        if begun - ended:
            yield Violation("I5", identity_id, f"{len(begun - ended)} attempts without an outcome")
    for number, digest in case.evidence.seen_log.items():
        if case.evidence.log_digests.get(number) != digest:
            yield Violation("I5", None, f"row {number} of the audit was changed or deleted")


def _retries_and_dead_letters(case: Case) -> Iterator[Violation]:
    """I6: only requests that must fail are dead letters."""
    for identity_id, row in case.requests.items():
        failures = sum(each["status"] == "failed" for each in case.log[identity_id])
        if row["retries"] > min(3, failures):
            yield Violation("I6", identity_id, f"{row['retries']} retries spent on {failures} failures")
        if row["state"] != "dead":
            if case.evidence.word in row["email"]:
                yield Violation("I6", identity_id, "provisioned, though the mail server always refuses it")
            continue
        if case.evidence.word in row["email"]:
            if failures < 4:
                yield Violation("I6", identity_id, f"wrong dead letter: {failures} failures: {row['reason']}")
        elif row["email"] not in case.taken and mark_of(identity_id) not in case.dead_with_mailbox:
            yield Violation("I6", identity_id, f"wrong dead letter: {row['reason']}")


def _redis_holds_nothing_stale(case: Case) -> Iterator[Violation]:
    """I7: Redis holds no member without a waiting request. I2 shows what Redis lost."""
    for member in case.evidence.members:
        yield Violation("I7", None, f"left in Redis without a waiting request: {member[:60]}")


def _never_early(case: Case) -> Iterator[Violation]:
    """I8: at least the first back-off passes between a failure and the next attempt."""
    least = FIRST_BACK_OFF * case.evidence.delay_factor - SKEW - SETTLE_TIME
    for identity_id, rows in case.log.items():
        attempts = [row for row in rows if row["status"] == "pending" or row["status"] in OUTCOMES]
        for before, after in pairwise(attempts):
            if before["status"] == "failed" and after["status"] == "pending":
                passed = _seconds(after["created_at"]) - _seconds(before["created_at"])
                if passed < least:
                    yield Violation("I8", identity_id, f"tried again {passed:.2f} s after a failure")


def _effects_happen_once(case: Case) -> Iterator[Violation]:
    """I9"""
    by_id = {account["id"]: account for account in case.evidence.stalwart}
    addresses = Counter(address for account in case.evidence.stalwart for address in account["addresses"])
    for address, count in addresses.items():
        if count > 1:
            yield Violation("I9", None, f"{address} has {count} mailboxes")
    provisioned = {i: row for i, row in case.requests.items() if row["state"] == "provisioned"}
    for identity_id, row in provisioned.items():
        mark = mark_of(identity_id)
        account = by_id.get(case.accounts.get(identity_id, {}).get("stalwart_account_id", ""))
        if account is None:
            yield Violation("I9", identity_id, "provisioned, but its mailbox is not on the mail server")
        elif account["addresses"] != [row["email"]] or account["marks"] != [mark]:
            yield Violation("I9", identity_id, f"its mailbox is {account['addresses']} with marks {account['marks']}")
    for mark in case.marks.keys() - {mark_of(identity_id) for identity_id in provisioned} - case.dead_with_mailbox:
        yield Violation("I9", None, f"a mailbox with {mark} was made, but no provisioned request has it")
    unmarked = {account["addresses"][0] for account in case.evidence.stalwart if not account["marks"]}
    for stranger in set(case.evidence.strangers) - unmarked:
        yield Violation("I9", None, f"the stranger's mailbox {stranger} was adopted or destroyed")
    for address in unmarked - set(case.evidence.strangers):
        yield Violation("I9", None, f"a mailbox without a mark was made: {address}")


def _reconcile_corrects_nothing(case: Case) -> Iterator[Violation]:
    """I10"""
    if case.evidence.corrected:
        yield Violation("I10", None, f"{case.evidence.corrected} corrections before the first fault")


def _processes_stay_alive(case: Case) -> Iterator[Violation]:
    """No fault of a server ends a service or a worker: they recover by themselves."""
    for how in case.evidence.broken:
        yield Violation("alive", None, how)


def lost(violations: Sequence[Violation]) -> int:
    """How many identities have no request though they must have one, or a request that has not settled."""
    return len({each.identity_id for each in violations if each.rule == "I1" or each.what.startswith("lost")})


def doubled(violations: Sequence[Violation]) -> int:
    return sum(each.rule in ("I3", "I4", "I9") for each in violations)


def wrong_dead_letters(violations: Sequence[Violation]) -> int:
    return sum(each.what.startswith("wrong dead letter") for each in violations)


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of identities that are not violations.

    `unanswered`: no webhook got a response; `without_row`: those of them without a request, not listed by Kratos
    either (else they are lost). `unhooked`: registered, but no webhook was sent. `forgotten`: answered, then lost with
    a primary, and stored again. `dead_with_mailbox`: dead although a mailbox exists, because of lost commits.
    `lost_accounts`: their record was lost with a restore of its table alone, and an operator rebuilt it.
    """

    unanswered: int
    without_row: int
    unhooked: int
    forgotten: int
    dead_with_mailbox: int
    lost_accounts: int


def figures(evidence: Evidence) -> Figures:
    case = Case(evidence)
    asked = {event["identity_id"] for event in case.asked.values()}
    promised = list(filter(_is_promise, case.responses))
    answered = {case.asked[each["number"]]["identity_id"] for each in promised}
    forgotten = {case.asked[each["number"]]["identity_id"] for each in promised if case.is_forgotten(each)}
    return Figures(
        unanswered=len(asked - answered),
        without_row=len(asked - answered - case.registered - case.requests.keys()),
        unhooked=len(case.registered - asked),
        forgotten=len(forgotten),
        dead_with_mailbox=len(case.dead_with_mailbox),
        lost_accounts=evidence.lost_accounts,
    )


def _is_promise(response: Row) -> bool:
    return response["status"] in PROMISES and (response["status"] != 500 or response["body"] == WILL_RETRY)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
