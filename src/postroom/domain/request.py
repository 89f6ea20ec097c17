"""One request for a mailbox: its states, and how each event changes it.

    (none)   ── accept ──▶ running | waiting | dead (address held)
    waiting  ── claim ───▶ running
    running  ── settle ──▶ provisioned | waiting (due again) | dead (reason)
    running  ── lease over, claim ──▶ running, exclusively | waiting + 300 s, 600 s, … by the number of crashes
    dead     ── operator's retry, another address ──▶ as new

`due_at` is the time at which the request needs attention again: the due time of a waiting request, the end of the lease
of a running one. The moves without an outcome (accept, claim, crash) are single SQL statements in `postgres/sql`;
every decision about an outcome is `after_attempt` below.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from postroom.domain.backoff import (
    MAX_RETRIES,
    MISCONFIGURED_DELAY,
    calculate_backoff_seconds,
    postponement_seconds,
    retry_after_seconds,
)
from postroom.domain.mailbox import Mailbox, StalwartAccount
from postroom.errors import Conflict, MailServerError, Misconfigured, Permanent, Throttled, Transient

OUTAGE = "outage"
MISCONFIGURED = "misconfigured"
CREATES = "creates"
CHANGES = "changes"
DOMAIN = "domain:"
"""What a request may wait for (`Request.waits_for`): the end of an outage, of a refusal by the entire server, of a
fault of every create or of every change, or of a refusal that concerns a domain, whose name follows."""


HELD = "the address is held by another identity"
"""How the reason of a request begins whose address another identity has; its id follows."""


class RequestStep(StrEnum):
    """What a request is to do when it is due."""

    CREATE = "create"
    """make the mailbox"""
    CHANGE = "change"
    """bring the mailbox nearer to what its identity wants"""
    LINK = "link"
    PURGE = "purge"
    """work of a later version, which this one leaves alone"""


CREATE_ONLY = (RequestStep.CREATE,)
CREATE_AND_CHANGE = (RequestStep.CREATE, RequestStep.CHANGE)
"""The steps that a process claims. The rows of others wait for one that does."""


class State(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    PROVISIONED = "provisioned"
    DEAD = "dead"


class ListedState(StrEnum):
    """The state under which a request is listed: its own, but a dismissed dead letter is not among the dead ones."""

    WAITING = "waiting"
    RUNNING = "running"
    DEAD = "dead"
    PROVISIONED = "provisioned"
    DISMISSED = "dismissed"
    DIFFERS = "differs"
    """of no request: its identity differs from the mailbox"""


class Status(StrEnum):
    """`status` of a row in `email_provisioning_log`."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILED = "failed"
    THROTTLED = "throttled"
    MISCONFIGURED = "misconfigured"
    CONFLICT = "conflict"
    CRASHED = "crashed"
    INTERRUPTED = "interrupted"
    LATE = "late"
    DONE = "done"
    """of every row that is not an attempt"""


@dataclass(frozen=True, slots=True)
class Request:
    """A row of `email_requests`."""

    identity_id: UUID
    email: str
    display_name: str | None
    state: State
    due_at: datetime | None
    holder: UUID | None
    attempts: int
    """claims made; it never decreases"""
    retries: int
    """number of the retry that waits or runs, 0 for the first attempt"""
    crashes: int
    """leases in a row that ended without an outcome"""
    postponed: int
    """refusals in a row that only an operator can end"""
    outcome_unknown: bool
    """an earlier attempt may have created the mailbox: look up the mark before creating"""
    waits_for: str | None
    """a cause outside the request whose end makes it due at once: `outage`, `misconfigured`, `creates` or
    `domain:NAME`"""
    enqueued_at: datetime
    last_error: str | None
    reason: str | None
    dismissed_at: datetime | None = None
    """when an operator took it out of the dead letters; it is dead as long as this is set"""
    step: RequestStep = RequestStep.CREATE
    goal: int = 0
    """the number of what its identity wants of the mailbox"""

    @property
    def mailbox(self) -> Mailbox:
        return Mailbox(self.identity_id, self.email, self.display_name)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, for the audit: Kratos' headers and the trace."""

    trigger_id: str | None = None
    request_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Provisioned:
    """The mailbox exists and carries our mark."""

    account: StalwartAccount


class Verdict(StrEnum):
    """Whether a failed attempt is the fault of the request or of the mail server, as health check and create probe
    showed."""

    HEALTHY = "healthy"
    """the server is healthy, and made a mailbox of ours (or has made it before)"""
    OUTAGE = "outage"
    MISCONFIGURED = "misconfigured"
    CREATES = "creates"
    """the server is healthy, but makes no mailbox, not even ours"""
    CHANGES = "changes"
    """the same for changes of mailboxes"""
    NONE = "none"
    """nobody knows: the server was too busy, or no time was left to ask it"""


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt ended with `error`. `verdict` matters for `Transient` and `Permanent` errors, for conflicts, and for
    errors that misconfigure one domain."""

    error: MailServerError
    verdict: Verdict = Verdict.HEALTHY


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The attempt was stopped before its end (shutdown past the drain), or never began."""

    why: str = "interrupted by shutdown"
    began: bool = True


Outcome = Provisioned | Failed | Interrupted


@dataclass(frozen=True, slots=True)
class Move:
    """How an outcome changes a running request: the new values, and the status of the audit row."""

    state: State
    status: Status
    retries: int
    delay: float | None = None
    """seconds until due; None when the request is finished"""
    waits_for: str | None = None
    """see `Request.waits_for`"""
    postponed: int = 0
    error: str | None = None
    reason: str | None = None
    outcome_unknown: bool = False


def after_attempt(request: Request, outcome: Outcome) -> Move:
    """The move of a running request whose attempt ended.

    Once unknown, an outcome stays unknown (`outcome_unknown`): a create that is under way may still arrive.
    """
    move = _move(request, outcome)
    return replace(move, outcome_unknown=move.outcome_unknown or request.outcome_unknown)


def _move(request: Request, outcome: Outcome) -> Move:
    match outcome:
        case Provisioned():
            return Move(State.PROVISIONED, Status.SUCCESS, request.retries)
        case Interrupted(why, began):
            return Move(
                State.WAITING,
                Status.INTERRUPTED,
                request.retries,
                delay=0,
                postponed=request.postponed,
                error=why,
                outcome_unknown=began,
            )
        case Failed(error, verdict):
            return after_failure(request, error, verdict)


def after_failure(request: Request, error: MailServerError, verdict: Verdict) -> Move:
    """The move of a running request whose attempt ended with `error`."""
    text, retries = str(error), request.retries
    match error:
        case Throttled(retry_after=asked):
            delay = retry_after_seconds(asked)
            return Move(State.WAITING, Status.THROTTLED, retries, delay, postponed=request.postponed, error=text)
        case Misconfigured(domain=None):
            return Move(State.WAITING, Status.MISCONFIGURED, retries, MISCONFIGURED_DELAY, MISCONFIGURED, error=text)
        case Transient() | Permanent() | Conflict() | Misconfigured() if verdict in (Verdict.CREATES, Verdict.CHANGES):
            move = _postponed(request, Status.FAILED, verdict.value, text)
            return replace(move, outcome_unknown=isinstance(error, Transient) and error.outcome_unknown)
        case Misconfigured(domain=domain):
            # It concerns one object: other requests go on, and it costs one refused request an hour.
            return _postponed(request, Status.MISCONFIGURED, f"{DOMAIN}{domain}", text)
        case Transient(outcome_unknown=unknown):
            return _after_transient(request, text, verdict, unknown=unknown)
        case Permanent() | Conflict() if verdict is Verdict.HEALTHY:
            status = Status.CONFLICT if isinstance(error, Conflict) else Status.FAILED
            return Move(State.DEAD, status, retries, error=text, reason=text)
        case Permanent() | Conflict():
            # Whether the server refuses this mailbox only, or every one, must be known before a request ends.
            waits_for, postponed = _CAUSES.get(verdict), request.postponed
            delay = calculate_backoff_seconds(1)
            return Move(State.WAITING, Status.FAILED, retries, delay, waits_for, postponed, text)
        case _:
            raise TypeError(f"{type(error).__name__} is not an outcome of an attempt")


def _postponed(request: Request, status: Status, cause: str, text: str) -> Move:
    """It is tried again until somebody has ended `cause`; no retry is spent."""
    postponed = request.postponed + 1
    return Move(State.WAITING, status, request.retries, postponement_seconds(postponed), cause, postponed, text)


_CAUSES = {Verdict.OUTAGE: OUTAGE, Verdict.MISCONFIGURED: MISCONFIGURED}


def _after_transient(request: Request, text: str, verdict: Verdict, *, unknown: bool) -> Move:
    retries, waits_for = request.retries, None
    if verdict is not Verdict.HEALTHY:
        # The fault is the server's. No retry is spent, so an outage of any length never makes a request a dead letter.
        spent = retries
        waits_for = _CAUSES.get(verdict)
    elif retries >= MAX_RETRIES:
        reason = f"failed {MAX_RETRIES + 1} times while the mail server was healthy; last error: {text}"
        return Move(State.DEAD, Status.FAILED, retries, error=text, reason=reason, outcome_unknown=unknown)
    else:
        spent = retries + 1
    return Move(
        State.WAITING,
        Status.FAILED,
        spent,
        calculate_backoff_seconds(max(1, spent)),
        waits_for,
        error=text,
        outcome_unknown=unknown,
    )
