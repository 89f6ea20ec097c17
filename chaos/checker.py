"""The verdict: a pure function of what was asked and answered, and of what PostgreSQL and the mail server hold at rest.

Times are seconds of one machine's wall clock; ids are text.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from chaos.evidence import Case, Evidence, Row, mark_of

STANDS = {200, 409, 422, 500}
"""Answers that promise something is stored. 503 says that nothing is."""
WILL_RETRY = {"success": False, "message": "Provisioning failed, will retry..."}
OUTCOMES = {"success", "failed", "throttled", "misconfigured", "conflict", "crashed", "interrupted"}
FIRST_BACK_OFF = 60.0
SKEW = 0.05
SETTLE_TIME = 0.5
"""Seconds that a settle may take on a busy machine, or waiting for a migration, between the two clocks it reads: a due
time counts from the first, its row in the audit carries the second."""


@dataclass(frozen=True, slots=True)
class Violation:
    rule: str
    identity_id: str | None
    what: str


def check(evidence: Evidence) -> list[Violation]:
    """Every breach of I1 to I10 that the evidence shows, and every process that fell; none if the promise held."""
    case = Case(evidence)
    rules = (
        _answers_are_ours,
        _committed_before_answered,
        _ends,
        _one_holder,
        _superseded_changes_nothing,
        _audit_is_true,
        _retries_and_burials,
        _redis_is_only_a_reminder,
        _never_early,
        _mail_server_as_if_once,
        _reconcile_corrects_nothing,
        _processes_stand,
    )
    return [violation for rule in rules for violation in rule(case)]


def _answers_are_ours(case: Case) -> Iterator[Violation]:
    """Whatever breaks, the answer is one that the webhook is documented to give: a bare error promises nothing."""
    for answer in case.answers:
        if not (_stands(answer) or answer["status"] == 503):
            identity_id = case.asked[answer["number"]]["identity_id"]
            yield Violation("answers", identity_id, f"answered {answer['status']} {answer['body']!r:.80}")


def _committed_before_answered(case: Case) -> Iterator[Violation]:
    """I1"""
    for answer in filter(_stands, case.answers):
        identity_id = case.asked[answer["number"]]["identity_id"]
        row = case.requests.get(identity_id)
        is_forgotten = case.is_forgotten(answer)
        if row is None:
            # Also if its commit was lost: the sweep finds it again.
            yield Violation("I1", identity_id, f"answered {answer['status']}, and no row was committed")
        elif _seconds(row["created_at"]) > answer["t"] and not is_forgotten:
            yield Violation("I1", identity_id, "answered before its row was stored")
        elif answer["status"] == 200 and not case.may_be_lost(answer):
            account = case.accounts.get(identity_id)
            if account is None or account["id"] != answer["body"]["email_account_id"]:
                yield Violation("I1", identity_id, "answered with an account that is not in email_accounts")


def _ends(case: Case) -> Iterator[Violation]:
    """I2: at rest everybody is provisioned, or dead with a reason; and the sweep has found whoever Kratos knows."""
    for identity_id in case.registered - case.requests.keys():
        yield Violation("I2", identity_id, "lost: Kratos lists it, and no row is there")
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
    """I3: an attempt begins only after the one before has its outcome; one mailbox per identity."""
    for identity_id, rows in case.log.items():
        holder: str | None = None
        for row in rows:
            if row["status"] == "pending":
                if holder is not None:
                    yield Violation("I3", identity_id, f"attempt {row['attempt_count']} began beside another")
                holder = row["holder"]
            elif row["status"] in OUTCOMES and row["holder"] == holder:
                holder = None
    for mark, accounts in case.marks.items():
        if len(accounts) > 1:
            yield Violation("I3", None, f"{mark} is on {len(accounts)} mailboxes")


def _superseded_changes_nothing(case: Case) -> Iterator[Violation]:
    """I4: one outcome a holder, and the last success is what the tables say."""
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
            yield Violation("I4", identity_id, "email_accounts does not say what the success in the audit says")


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


def _retries_and_burials(case: Case) -> Iterator[Violation]:
    """I6: who lies in the dead letters belongs there."""
    for identity_id, row in case.requests.items():
        failures = sum(each["status"] == "failed" for each in case.log[identity_id])
        if row["retries"] > min(3, failures):
            yield Violation("I6", identity_id, f"{row['retries']} retries spent on {failures} failures")
        if row["state"] != "dead":
            if case.evidence.word in row["email"]:
                yield Violation("I6", identity_id, "made, though the mail server always refuses it")
            continue
        if case.evidence.word in row["email"]:
            if failures < 4:
                yield Violation("I6", identity_id, f"wrongly buried: {failures} failures: {row['reason']}")
        elif row["email"] not in case.taken and mark_of(identity_id) not in case.beside:
            yield Violation("I6", identity_id, f"wrongly buried: {row['reason']}")


def _redis_is_only_a_reminder(case: Case) -> Iterator[Violation]:
    """I7: what was lost there is seen by I2; here, that nothing is left which reminds of nobody."""
    for member in case.evidence.members:
        yield Violation("I7", None, f"left in Redis, though nobody waits: {member[:60]}")


def _never_early(case: Case) -> Iterator[Violation]:
    """I8: after a failure at least the first back-off passes before the next attempt."""
    least = FIRST_BACK_OFF * case.evidence.delay_factor - SKEW - SETTLE_TIME
    for identity_id, rows in case.log.items():
        attempts = [row for row in rows if row["status"] == "pending" or row["status"] in OUTCOMES]
        for before, after in pairwise(attempts):
            if before["status"] == "failed" and after["status"] == "pending":
                passed = _seconds(after["created_at"]) - _seconds(before["created_at"])
                if passed < least:
                    yield Violation("I8", identity_id, f"tried again {passed:.2f} s after a failure")


def _mail_server_as_if_once(case: Case) -> Iterator[Violation]:
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
    for mark in case.marks.keys() - {mark_of(identity_id) for identity_id in provisioned} - case.beside:
        yield Violation("I9", None, f"a mailbox with {mark} was made, which no provisioned request has")
    unmarked = {account["addresses"][0] for account in case.evidence.stalwart if not account["marks"]}
    for stranger in set(case.evidence.strangers) - unmarked:
        yield Violation("I9", None, f"the stranger's mailbox {stranger} was adopted or destroyed")
    for address in unmarked - set(case.evidence.strangers):
        yield Violation("I9", None, f"a mailbox without a mark was made: {address}")


def _reconcile_corrects_nothing(case: Case) -> Iterator[Violation]:
    """I10"""
    if case.evidence.corrected:
        yield Violation("I10", None, f"{case.evidence.corrected} corrections before the first fault")


def _processes_stand(case: Case) -> Iterator[Violation]:
    """No fault of a server may end a service or a worker: they come back by themselves."""
    for how in case.evidence.broken:
        yield Violation("alive", None, how)


def lost(violations: Sequence[Violation]) -> int:
    """Identities of whom an answered request, or any request at all, is missing or not at rest."""
    return len({each.identity_id for each in violations if each.rule == "I1" or each.what.startswith("lost")})


def doubled(violations: Sequence[Violation]) -> int:
    return sum(each.rule in ("I3", "I4", "I9") for each in violations)


def wrongly_buried(violations: Sequence[Violation]) -> int:
    return sum(each.what.startswith("wrongly buried") for each in violations)


@dataclass(frozen=True, slots=True)
class Figures:
    """Identities that no answer of ours spoke of, so that no promise was made to them by one.

    `unanswered`: asked, and never answered; `without_row`: those of them without a request, whom Kratos does not list
    either (else they are lost). `unhooked`: never asked for, known to Kratos alone. `forgotten`: answered, but lost
    with a primary, and stored anew. `beside`: dead beside a mailbox of their own, because of lost commits.
    """

    unanswered: int
    without_row: int
    unhooked: int
    forgotten: int
    beside: int


def figures(evidence: Evidence) -> Figures:
    case = Case(evidence)
    asked = {event["identity_id"] for event in case.asked.values()}
    standing = list(filter(_stands, case.answers))
    answered = {case.asked[each["number"]]["identity_id"] for each in standing}
    forgotten = {case.asked[each["number"]]["identity_id"] for each in standing if case.is_forgotten(each)}
    return Figures(
        unanswered=len(asked - answered),
        without_row=len(asked - answered - case.registered - case.requests.keys()),
        unhooked=len(case.registered - asked),
        forgotten=len(forgotten),
        beside=len(case.beside),
    )


def _stands(answer: Row) -> bool:
    return answer["status"] in STANDS and (answer["status"] != 500 or answer["body"] == WILL_RETRY)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
