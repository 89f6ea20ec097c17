"""The progress of a person's mailbox, as it is shown to the person."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from postroom.domain.identity import Refusal
from postroom.domain.mailbox import Account
from postroom.domain.missing import Doubt
from postroom.domain.request import Request, State

MISSING_MESSAGE = (
    "Your mailbox cannot be found on the mail server. If it does not reappear, an operator has to fix this first. "
    "Your registration is stored."
)


class Progress(StrEnum):
    NONE = "none"
    """none was requested yet; the sweep of identities finds this within minutes"""
    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"
    """a dead letter: an operator has to act"""
    MISSING = "missing"
    """it was made, but is not at the mail server any more: an operator has to act"""
    REFUSED = "refused"
    """the identity cannot get one with this address: the person has to choose another"""


@dataclass(frozen=True, slots=True)
class Preparation:
    state: Progress
    retry: int = 0
    """number of the retry that is waiting or running, 0 for the first attempt"""
    next_attempt_at: datetime | None = None
    """None while an attempt runs, and if there will be none"""
    reason: str | None = None
    """for a dead letter, a refusal or a missing mailbox: a sentence for the person"""
    code: str | None = None
    """for a refusal, a code for programs"""


def may_be_refused(request: Request | None) -> bool:
    """Whether the person's last refusal matters: a request that is live or ready takes precedence."""
    return request is None or request.state is State.DEAD


def preparation_of(
    request: Request | None, refusal: Refusal | None = None, account: Account | None = None
) -> Preparation:
    """`request` and `account` are the person's rows of `email_requests` and `email_accounts`, None if there is none.
    `refusal` is the last one."""
    if refusal and may_be_refused(request) and _is_newer(refusal, request):
        return Preparation(Progress.REFUSED, reason=refusal.reason, code=refusal.code)
    if request is None:
        return Preparation(Progress.NONE)
    match request.state:
        case State.PROVISIONED:
            # Not after the first check that did not find it: the second one confirms or corrects that.
            is_missing = account is not None and account.doubt is Doubt.MISSING
            return Preparation(Progress.MISSING, reason=MISSING_MESSAGE) if is_missing else Preparation(Progress.READY)
        case State.WAITING:
            return Preparation(Progress.PREPARING, request.retries, request.due_at)
        case State.RUNNING:
            # Its `due_at` is the end of a lease, which is of no use to a person.
            return Preparation(Progress.PREPARING, request.retries)
        case State.DEAD:
            return Preparation(Progress.FAILED, request.retries, reason=request.reason)


def _is_newer(refusal: Refusal, request: Request | None) -> bool:
    return request is None or refusal.refused_at is None or refusal.refused_at > request.enqueued_at
