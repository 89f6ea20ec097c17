"""The progress of a mailbox as the person sees it, by the state of its request."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from fakes import START, request_of
from postroom.domain.identity import Refusal
from postroom.domain.mailbox import Account
from postroom.domain.missing import Doubt
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
def test_a_request_is_shown_to_its_person(fields: dict[str, Any], expected: Preparation) -> None:
    assert preparation_of(request_of(**fields, last_error="mail server answered 500")) == expected


def test_a_mailbox_is_shown_as_missing_after_the_second_check_that_did_not_find_it() -> None:
    ready = request_of(state=State.PROVISIONED, due_at=None)
    reported = [preparation_of(ready, None, Account(UUID(int=1), doubt)) for doubt in (None, *Doubt)]
    assert [each.state for each in reported] == [Progress.READY, Progress.READY, Progress.MISSING]
    assert "an operator has to fix" in (reported[-1].reason or "")


def test_mailbox_being_remade_is_shown_as_preparing() -> None:
    remade = request_of(state=State.WAITING)
    assert preparation_of(remade, None, Account(UUID(int=1), Doubt.MISSING)).state is Progress.PREPARING


def refused(seconds: float) -> Refusal:
    """`seconds` after the request was made."""
    at = START + timedelta(seconds=seconds)
    return Refusal(UUID(int=1), "admin@example.org", "reserved_name", "the name admin is reserved", at)


REFUSED = Preparation(Progress.REFUSED, reason="the name admin is reserved", code="reserved_name")


def test_a_refused_person_learns_the_reason() -> None:
    assert preparation_of(None, refused(0)) == REFUSED


@pytest.mark.parametrize("state", [State.WAITING, State.RUNNING, State.PROVISIONED])
def test_refusal_does_not_hide_an_existing_or_pending_mailbox(state: State) -> None:
    request = request_of(state=state, enqueued_at=START)
    assert preparation_of(request, refused(1)) == preparation_of(request)


def test_of_a_dead_letter_and_a_refusal_the_newer_one_is_shown() -> None:
    dead = request_of(state=State.DEAD, due_at=None, enqueued_at=START, reason="the address is taken")
    assert preparation_of(dead, refused(1)) == REFUSED
    assert preparation_of(dead, refused(-1)).reason == "the address is taken"


def test_a_person_without_a_request_has_no_mailbox() -> None:
    assert preparation_of(None) == Preparation(Progress.NONE)
