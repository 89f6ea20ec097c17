"""How long a person may receive live events, in virtual time."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from postroom.domain.person import Person, Scope
from postroom.errors import CrossSite, DatabaseUnavailable, KratosUnavailable, NoSession, PostroomError, SecondFactorDue
from postroom.people.listening import while_allowed
from postroom.people.ports import Visitor
from simulation.virtual_time import START, VirtualClock, in_virtual_time

ADA = Person(uuid4())
COOKIE = {"cookie": "session=ada"}


class People:
    """Returns `answers` in order, then the last one repeatedly."""

    def __init__(self, *answers: Person | PostroomError) -> None:
        self.answers = list(answers)

    async def identify(self, method: str, headers: Mapping[str, str], *, refresh: bool = False) -> Visitor:
        assert (method, headers) == ("GET", COOKIE)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, PostroomError):
            raise answer
        return Visitor(answer)


def until(seconds: float) -> Person:
    """Ada, whose session ends after `seconds`."""
    return replace(ADA, expires_at=START + timedelta(seconds=seconds))


@in_virtual_time
async def checks(person: Person, *answers: Person | PostroomError, most: int = 4) -> list[float]:
    """The times at which her session was found valid, checked every minute; the last one is negative if it was not."""
    loop = asyncio.get_running_loop()
    seen: list[float] = []
    async for found in while_allowed(People(*answers), person, COOKIE, every=60, now=VirtualClock(loop).now):
        assert found.identity_id == ADA.identity_id
        seen.append(loop.time())
        if len(seen) == most:
            return seen
    return [*seen, -loop.time()]


def test_session_of_a_listener_is_checked_every_minute() -> None:
    assert checks(ADA, ADA) == [60, 120, 180, 240]


@pytest.mark.parametrize(
    "answer",
    [
        NoSession("logged out"),
        SecondFactorDue("a second factor"),
        CrossSite("another page"),
        Person(uuid4()),
        replace(ADA, scopes=frozenset({Scope.WRITE, Scope.SEND})),
    ],
    ids=["logged out", "second factor", "other site", "somebody else", "no scope to read"],
)
def test_a_person_who_may_not_read_any_more_gets_no_more_events(answer: Person | PostroomError) -> None:
    assert checks(ADA, ADA, answer) == [60, -120]


@pytest.mark.parametrize("outage", [KratosUnavailable("away"), DatabaseUnavailable("PostgreSQL is away")])
def test_outage_neither_ends_nor_prolongs_a_session(outage: PostroomError) -> None:
    assert (checks(ADA, outage), checks(until(90), outage)) == ([60, 120, 180, 240], [60, -90])


def test_session_is_checked_at_its_expiry_and_goes_on_if_it_was_prolonged() -> None:
    assert checks(until(20), until(20)) == [-20]
    assert checks(until(20), until(50), until(500), most=3) == [20, 50, 110]
