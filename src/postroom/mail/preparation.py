"""How far a person's mailbox is, told to the person."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from postroom.domain.request import Request, State


class Progress(StrEnum):
    NONE = "none"
    """nobody asked for one yet; the sweep of identities finds that within minutes"""
    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"
    """a dead letter: an operator has to act"""


@dataclass(frozen=True, slots=True)
class Preparation:
    state: Progress
    retry: int = 0
    """number of the retry that waits or runs, 0 for the first attempt"""
    next_attempt_at: datetime | None = None
    """None while one runs"""
    reason: str | None = None
    """of a dead letter, in words"""


def preparation_of(request: Request | None) -> Preparation:
    """`request` is the person's row of `email_requests`, None if there is none."""
    if request is None:
        return Preparation(Progress.NONE)
    match request.state:
        case State.PROVISIONED:
            return Preparation(Progress.READY)
        case State.WAITING:
            return Preparation(Progress.PREPARING, request.retries, request.due_at)
        case State.RUNNING:
            # Its `due_at` is the end of a lease, which means nothing to a person.
            return Preparation(Progress.PREPARING, request.retries)
        case State.DEAD:
            return Preparation(Progress.FAILED, request.retries, reason=request.reason)
        case _:
            assert_never(request.state)
