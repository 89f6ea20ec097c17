"""How an attempt to bring a mailbox nearer to what its identity wants ends, and how that changes the request."""

from dataclasses import dataclass, replace
from typing import assert_never

from postroom.domain.account_change import Audited, Observed, Refusal, Step
from postroom.domain.request import Move, Request, State, Status, Verdict, after_failure
from postroom.errors import MailServerError, Transient

KRATOS, MISSING = "kratos", "missing"
"""What a change may wait for (`Request.waits_for`): that Kratos answers, or that the mailbox is found again."""

ASKED_AGAIN = 60.0
"""Seconds until Kratos is asked again."""

LOOKED_AGAIN = 3600.0
"""Seconds until a mailbox that was not found is looked up again."""


@dataclass(frozen=True, slots=True)
class Nearer:
    """What an attempt did. `reads`: what was read, in this order; none: no account carries the mark. To be recorded
    whatever the outcome. `next`: what remains by the last of them; None: what is wanted was reached. `error`: what the
    mail server answered to that."""

    reads: tuple[Observed, ...] = ()
    audit: tuple[Audited, ...] = ()
    next: Step | Refusal | None = None
    error: MailServerError | None = None
    alarms: tuple[str, ...] = ()
    """what an operator must know"""

    def after(self, earlier: "Nearer") -> "Nearer":
        """Both as one: `earlier` was done first. What it read remains if nothing could be read since, and does not if
        the account is gone since."""
        if not self.reads and self.error:
            return replace(earlier, error=self.error)
        reads = earlier.reads + self.reads if self.reads else ()
        return replace(self, reads=reads, audit=earlier.audit + self.audit)

    @property
    def last(self) -> Observed | None:
        return self.reads[-1] if self.reads else None

    @property
    def has_changed(self) -> bool:
        return len(self.reads) > 1 and self.reads[0] != self.reads[-1]


@dataclass(frozen=True, slots=True)
class Changed:
    """An attempt for the `goal` ended so. `unasked`: why Kratos did not say what the identity wants, so that nothing
    was given. `verdict`: whose fault `nearer.error` is."""

    goal: int
    nearer: Nearer
    unasked: str | None = None
    verdict: Verdict = Verdict.HEALTHY
    is_given_up: bool = False
    """the goal ended as a dead letter before, so that nothing was given"""

    def after(self, earlier: "Changed") -> "Changed":
        """Both as one attempt: `earlier` was done first."""
        return replace(self, nearer=self.nearer.after(earlier.nearer))


def after_change(request: Request, changed: Changed) -> Move:
    """The move of a running request whose attempt ended.

    Once unknown, an outcome stays unknown until what is wanted was reached: an update that is under way may still
    arrive.
    """
    move = _as_before(_move(request, changed), request) if changed.is_given_up else _move(request, changed)
    is_unknown = move.outcome_unknown or (request.outcome_unknown and move.state is not State.PROVISIONED)
    return replace(move, outcome_unknown=is_unknown)


def _move(request: Request, changed: Changed) -> Move:
    nearer = changed.nearer
    match nearer.next:
        case None if nearer.reads:
            return Move(State.PROVISIONED, Status.SUCCESS, request.retries)
        case None if nearer.error is None:
            error = "no account of the mail server carries the mark"
            return _waiting(request, LOOKED_AGAIN, MISSING, error)
        case Refusal(reason=reason) if nearer.error is None and changed.unasked is None:
            return Move(State.DEAD, Status.CONFLICT, request.retries, error=reason, reason=reason)
        case None | Step() | Refusal():
            return _after_step(request, changed)
        case _ as never:
            assert_never(never)


def _as_before(move: Move, request: Request) -> Move:
    """A dead letter ends for the reason for which it ended before; what it waits for meanwhile is not that."""
    reason = request.last_error or "its goal was given up"
    if move.state is State.DEAD:
        return replace(move, error=reason, reason=reason)
    return replace(move, error=reason) if move.state is State.WAITING else move


def _after_step(request: Request, changed: Changed) -> Move:
    """Something remains."""
    nearer = changed.nearer
    if nearer.error:
        return after_failure(request, nearer.error, changed.verdict)
    if nearer.has_changed:
        return Move(State.WAITING, Status.SUCCESS, request.retries, delay=0)
    if changed.unasked:
        return _waiting(request, ASKED_AGAIN, KRATOS, changed.unasked)
    if changed.is_given_up and not (isinstance(nearer.next, Step) and nearer.next.takes):
        return Move(State.DEAD, Status.FAILED, request.retries)
    return after_failure(
        request, Transient("mail server accepted the change, and the account is as before"), changed.verdict
    )


def _waiting(request: Request, delay: float, waits_for: str, error: str) -> Move:
    """No retry is spent."""
    return Move(State.WAITING, Status.FAILED, request.retries, delay, waits_for, request.postponed, error)
