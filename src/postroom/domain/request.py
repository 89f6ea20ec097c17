"""One request for a mailbox: its states, and what each event makes of it.

    (none)   ── accept ──▶ running | waiting | dead (address held)
    waiting  ── claim ───▶ running
    running  ── settle ──▶ provisioned | waiting (due again) | dead (reason)
    running  ── lease over, claim ──▶ running, alone | waiting + 300 s | dead, by the number of crashes
    dead     ── operator's retry, another address ──▶ as new

`due_at` always means "when somebody must look again": the due time of a waiting request, the end of the lease
of a running one. The moves that need no outcome (accept, claim, crash) are single SQL statements in
`postgres/sql`; everything that weighs an outcome is `after_attempt` below.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from postroom.domain.backoff import (
    MAX_RETRIES,
    MISCONFIGURED_DELAY,
    calculate_backoff_seconds,
    retry_after_seconds,
)
from postroom.domain.mailbox import Mailbox, StalwartAccount
from postroom.errors import Conflict, MailServerError, Misconfigured, Permanent, Throttled, Transient


class State(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    PROVISIONED = "provisioned"
    DEAD = "dead"


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
    """of everything that is no attempt"""


@dataclass(frozen=True, slots=True)
class Request:
    """A row of `email_requests`."""

    identity_id: UUID
    email: str
    wanted_email: str | None
    display_name: str | None
    state: State
    due_at: datetime | None
    holder: UUID | None
    attempts: int
    """claims made; never goes back"""
    retries: int
    """number of the retry that waits or runs, 0 for the first attempt"""
    crashes: int
    outcome_unknown: bool
    """an earlier attempt may have made the mailbox: look up the mark before creating"""
    enqueued_at: datetime
    last_error: str | None
    reason: str | None

    @property
    def mailbox(self) -> Mailbox:
        return Mailbox(self.identity_id, self.email, self.display_name)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, kept in the audit: Kratos' headers and the trace."""

    trigger_id: str | None = None
    request_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Provisioned:
    """The mailbox exists and carries our mark."""

    account: StalwartAccount


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt ended with `error`; `server_well` is what the mail server said when asked afterwards."""

    error: MailServerError
    server_well: bool


@dataclass(frozen=True, slots=True)
class Interrupted:
    """We stopped in the middle (shutdown past the drain), or never began."""

    why: str = "interrupted by shutdown"
    began: bool = True


Outcome = Provisioned | Failed | Interrupted


@dataclass(frozen=True, slots=True)
class Move:
    """What an outcome makes of a running request: the new values, and the audit row's status."""

    state: State
    status: Status
    retries: int
    delay: float | None = None
    """seconds until due; None when nobody needs to look again"""
    error: str | None = None
    reason: str | None = None
    outcome_unknown: bool = False


def after_attempt(retries: int, outcome: Outcome, *, outcome_unknown: bool = False) -> Move:
    """The move of a running request whose attempt ended; `retries` is its number of retries so far.

    Once unknown, an outcome stays unknown (`outcome_unknown`): a create on its way may still arrive.
    """
    move = _move(retries, outcome)
    return replace(move, outcome_unknown=move.outcome_unknown or outcome_unknown)


def _move(retries: int, outcome: Outcome) -> Move:
    match outcome:
        case Provisioned():
            return Move(State.PROVISIONED, Status.SUCCESS, retries)
        case Interrupted(why, began):
            return Move(
                State.WAITING,
                Status.INTERRUPTED,
                retries,
                delay=0,
                error=why,
                outcome_unknown=began,
            )
        case Failed(error, server_well):
            return _after_failure(retries, error, server_well=server_well)
        case _:
            assert_never(outcome)


def _after_failure(retries: int, error: MailServerError, *, server_well: bool) -> Move:
    text = str(error)
    match error:
        case Transient(outcome_unknown=unknown):
            return _after_transient(retries, text, server_well=server_well, unknown=unknown)
        case Throttled(retry_after=asked):
            return Move(State.WAITING, Status.THROTTLED, retries, delay=retry_after_seconds(asked), error=text)
        case Misconfigured():
            return Move(State.WAITING, Status.MISCONFIGURED, retries, delay=MISCONFIGURED_DELAY, error=text)
        case Conflict():
            return Move(State.DEAD, Status.CONFLICT, retries, error=text, reason=text)
        case Permanent():
            return Move(State.DEAD, Status.FAILED, retries, error=text, reason=text)
        case _:
            raise TypeError(f"{type(error).__name__} is no outcome of an attempt")


def _after_transient(retries: int, text: str, *, server_well: bool, unknown: bool) -> Move:
    if not server_well:
        # The outage is the server's: no retry is spent, so no outage, however long, buries anybody.
        number = max(1, retries)
    elif retries >= MAX_RETRIES:
        reason = f"failed {MAX_RETRIES + 1} times while the mail server was well; last: {text}"
        return Move(State.DEAD, Status.FAILED, retries, error=text, reason=reason, outcome_unknown=unknown)
    else:
        number = retries + 1
    return Move(
        State.WAITING,
        Status.FAILED,
        number,
        delay=calculate_backoff_seconds(number),
        error=text,
        outcome_unknown=unknown,
    )
