"""The preparation of a person's mailbox, as it is shown to the person: `preparation_of`, a pure function of what
PostgreSQL holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from postroom.domain.backoff import MAX_RETRIES
from postroom.domain.breaker import Cause
from postroom.domain.identity import Refusal
from postroom.domain.request import CREATES, HELD, MISCONFIGURED, OUTAGE, Request, State

MISSING_MESSAGE = (
    "Your mailbox cannot be found on the mail server. If it does not reappear, an operator has to fix this first. "
    "Your registration is stored."
)
TAKEN_MESSAGE = "This address belongs to somebody else. Choose another one."
FAILED_MESSAGE = "Your mailbox could not be made. An operator has to fix this first. Your registration is stored."

MAX_ATTEMPTS = MAX_RETRIES + 1

MAX_HISTORY = 20
"""Attempts that are shown, the newest ones."""

NOT_THE_PERSONS = frozenset({"nil_identity", "unreadable_body", "unreadable_identity"})
"""Codes of refusals that no other address ends."""


class PreparationState(StrEnum):
    NONE = "none"
    """none was requested yet; the sweep of identities finds this within minutes"""
    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"
    """a dead letter: it will not be tried again, see `failure`"""
    MISSING = "missing"
    """it was made, but is not at the mail server any more: an operator has to act"""
    REFUSED = "refused"
    """the identity cannot get one with this address, see `failure`"""


class WaitKind(StrEnum):
    """Why a mailbox is not made now."""

    FAILED = "failed"
    """the last attempt failed; the next one is at `next_attempt_at`"""
    MAIL_SERVER_AWAY = "mail_server_away"
    THROTTLED = "throttled"
    """the mail server asked for a pause, until `next_attempt_at`"""
    MISCONFIGURED = "misconfigured"
    """the mail server refuses Postroom, or this one mailbox: an operator has to act"""
    CRASHED = "crashed"
    """the last attempt ended without an outcome; the next one is at `next_attempt_at`"""
    MISSING = "missing"
    """it was made, but is not at the mail server any more: an operator has to act"""
    PAUSED = "paused"
    """an operator stopped all attempts"""


@dataclass(frozen=True, slots=True)
class Wait:
    kind: WaitKind
    since: datetime


class FailureKind(StrEnum):
    """Who can end it, and how."""

    ADDRESS_TAKEN = "address_taken"
    """the person, by choosing another address"""
    ADDRESS_REFUSED = "address_refused"
    """the person, by choosing another address; `code` says what is wrong with this one"""
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Failure:
    kind: FailureKind
    since: datetime
    code: str | None = None
    """of an `address_refused`: `reserved_name`, `unsafe_local_part`, `malformed_address`, `domain_not_served`,
    `no_address`, or `unknown`"""


class AttemptOutcome(StrEnum):
    """How an attempt ended: a `Status` of the audit."""

    SUCCESS = "success"
    FAILED = "failed"
    THROTTLED = "throttled"
    MISCONFIGURED = "misconfigured"
    CONFLICT = "conflict"
    CRASHED = "crashed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    attempt: int
    """its number, from 1"""
    at: datetime
    """when it ended"""
    outcome: AttemptOutcome


@dataclass(frozen=True, slots=True)
class Opening:
    """The breaker is open for `cause`."""

    cause: Cause
    since: datetime


@dataclass(frozen=True, slots=True)
class MailboxRecord:
    """What PostgreSQL holds of an identity's mailbox at `now`, read in one statement."""

    identity_id: UUID
    now: datetime
    request: Request | None = None
    requested_at: datetime | None = None
    """when the request was stored first"""
    missing_at: datetime | None = None
    """when the second check did not find the mailbox"""
    refusal: Refusal | None = None
    """the last one, of an identity without a request or with a dead one"""
    history: Sequence[EndedAttempt] = ()
    """newest first, `MAX_HISTORY` at most"""
    opening: Opening | None = None
    """None while the breaker is closed"""
    has_mailbox: bool = False
    """a mailbox is on record and not being made again, whatever became of other work on it"""


@dataclass(frozen=True, slots=True)
class Preparation:
    state: PreparationState
    retry: int = 0
    """number of the retry that is waiting or running, 0 for the first attempt"""
    next_attempt_at: datetime | None = None
    """None while an attempt runs, and if there will be none"""
    reason: str | None = None
    """for a failed, refused or missing mailbox: a sentence for the person, in English"""
    code: str | None = None
    """for a refusal, a code for programs"""
    cause: Wait | None = None
    """of a mailbox that is `preparing` or `missing`: what it waits for; None while an attempt runs, or is due"""
    failure: Failure | None = None
    """of a mailbox that is `failed`, `refused` or `missing`"""
    domains: Sequence[str] = ()
    """of a `failure` with the code `domain_not_served`: the served ones, to choose from"""
    attempts: int = 0
    """number of attempts so far, also of those that spent no retry"""
    max_attempts: int = MAX_ATTEMPTS
    """number of attempts that may fail while the mail server is healthy: after that, the mailbox is `failed`"""
    history: Sequence[EndedAttempt] = ()
    """the last 20 attempts that ended, newest first"""
    requested_at: datetime | None = None
    """when Postroom heard of the registration; None in the state `none`, and without a request"""
    ready_at: datetime | None = None
    """when the mailbox was made"""
    sweep_seconds: float | None = None
    """how often all identities are checked for one without a request; None if they are not"""
    support_number: str = ""
    """for a person to tell an operator: the beginning of the identity's id"""
    now: datetime | None = None
    """the time of the database, by which the other times are meant"""

    def differs_from(self, earlier: "Preparation | None") -> bool:
        """Whether anything but `now` differs."""
        return earlier is None or replace(self, now=earlier.now) != earlier


def preparation_of(
    record: MailboxRecord, *, sweep_seconds: float | None = None, domains: Sequence[str] = ()
) -> Preparation:
    """The preparation of a mailbox. `sweep_seconds`: the interval of the sweep, None if there is none. `domains` are
    the served ones."""
    request, found = record.request, _preparation(record)
    return replace(
        found,
        domains=domains if found.failure and found.failure.code == "domain_not_served" else (),
        attempts=request.attempts if request else 0,
        history=record.history,
        requested_at=record.requested_at,
        sweep_seconds=sweep_seconds,
        support_number=record.identity_id.hex[:8],
        now=record.now,
    )


def _preparation(record: MailboxRecord) -> Preparation:
    request, refusal = record.request, record.refusal
    if request and record.has_mailbox:
        return _missing(record.missing_at) if record.missing_at else _ready(request)
    if refusal and (request is None or (request.state is State.DEAD and _is_newer(refusal, request))):
        return _refused(refusal, record.now)
    if request is None:
        return Preparation(PreparationState.NONE)
    match request.state:
        case State.PROVISIONED:
            return _missing(record.missing_at) if record.missing_at else _ready(request)
        case State.WAITING:
            return Preparation(
                PreparationState.PREPARING, request.retries, request.due_at, cause=_wait(request, record)
            )
        case State.RUNNING:
            # Its `due_at` is the end of a lease, which is of no use to a person.
            return Preparation(PreparationState.PREPARING, request.retries, cause=_wait_of_running(request, record))
        case State.DEAD:
            return _failed(request, record)


def _is_newer(refusal: Refusal, request: Request) -> bool:
    return refusal.refused_at is None or refusal.refused_at > request.enqueued_at


def _refused(refusal: Refusal, now: datetime) -> Preparation:
    since = refusal.refused_at or now
    if refusal.code in NOT_THE_PERSONS:
        failure = Failure(FailureKind.OPERATOR, since)
    else:
        failure = Failure(FailureKind.ADDRESS_REFUSED, since, refusal.code)
    return Preparation(PreparationState.REFUSED, reason=refusal.reason, code=refusal.code, failure=failure)


def _missing(since: datetime) -> Preparation:
    return Preparation(
        PreparationState.MISSING,
        reason=MISSING_MESSAGE,
        cause=Wait(WaitKind.MISSING, since),
        failure=Failure(FailureKind.OPERATOR, since),
    )


def _ready(request: Request) -> Preparation:
    return Preparation(PreparationState.READY, ready_at=request.enqueued_at)


def _failed(request: Request, record: MailboxRecord) -> Preparation:
    """The row's own reason is for operators: it may name another person, a server, or an operator."""
    is_taken = (request.reason or "").startswith(HELD) or _last_outcome(request, record) is AttemptOutcome.CONFLICT
    kind = FailureKind.ADDRESS_TAKEN if is_taken else FailureKind.OPERATOR
    reason = TAKEN_MESSAGE if is_taken else FAILED_MESSAGE
    failure = Failure(kind, request.enqueued_at)
    return Preparation(PreparationState.FAILED, request.retries, reason=reason, failure=failure)


_OF_BREAKER = {
    Cause.OUTAGE: WaitKind.MAIL_SERVER_AWAY,
    Cause.MISCONFIGURED: WaitKind.MISCONFIGURED,
    Cause.UNAUTHORIZED: WaitKind.MISCONFIGURED,
    Cause.PAUSED: WaitKind.PAUSED,
}
_OF_OUTCOME: Mapping[AttemptOutcome | None, WaitKind] = {
    AttemptOutcome.FAILED: WaitKind.FAILED,
    AttemptOutcome.THROTTLED: WaitKind.THROTTLED,
    AttemptOutcome.MISCONFIGURED: WaitKind.MISCONFIGURED,
    AttemptOutcome.CRASHED: WaitKind.CRASHED,
}


def _wait(request: Request, record: MailboxRecord) -> Wait | None:
    if record.opening:
        return _wait_for(record.opening)
    if request.waits_for in (OUTAGE, MISCONFIGURED):
        return None  # the breaker is closed again: it is released within seconds
    kind = _OF_OUTCOME.get(_last_outcome(request, record))
    if request.waits_for == CREATES:
        kind = WaitKind.MISCONFIGURED  # an operator must act, whatever this attempt was answered
    return Wait(kind, request.enqueued_at) if kind else None


def _wait_of_running(request: Request, record: MailboxRecord) -> Wait | None:
    """An attempt runs, unless its lease is over: then it has crashed, and the next one may not begin."""
    if request.due_at is None or request.due_at > record.now:
        return None
    return _wait_for(record.opening) if record.opening else Wait(WaitKind.CRASHED, request.due_at)


def _wait_for(opening: Opening) -> Wait:
    return Wait(_OF_BREAKER[opening.cause], opening.since)


def _last_outcome(request: Request, record: MailboxRecord) -> AttemptOutcome | None:
    """How the last attempt ended, if the request is still as that attempt left it: an operator's retry, and a release
    after an outage, change `enqueued_at`."""
    last = record.history[0] if record.history else None
    return last.outcome if last and last.at >= request.enqueued_at else None
