"""What a person is told of the mailbox, by the state of its request."""

from typing import Any

import pytest

from fakes import START, request_of
from postroom.domain.request import State
from postroom.mail.preparation import Preparation, Progress, preparation_of


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"state": State.PROVISIONED, "due_at": None, "retries": 2}, Preparation(Progress.READY)),
        ({"state": State.WAITING, "retries": 2}, Preparation(Progress.PREPARING, 2, START)),
        ({"state": State.RUNNING, "retries": 1}, Preparation(Progress.PREPARING, 1, None)),
        (
            {"state": State.DEAD, "due_at": None, "retries": 3, "reason": "the address is taken"},
            Preparation(Progress.FAILED, 3, None, "the address is taken"),
        ),
    ],
)
def test_a_request_is_told_to_its_person(fields: dict[str, Any], expected: Preparation) -> None:
    assert preparation_of(request_of(**fields, last_error="mail server answered 500")) == expected


def test_who_has_no_request_yet_is_told_so() -> None:
    assert preparation_of(None) == Preparation(Progress.NONE)


@pytest.mark.parametrize("state", State)
def test_every_state_is_told(state: State) -> None:
    assert preparation_of(request_of(state=state)).state in Progress
