"""How many people may be changed without an operator, and which passes show that somebody is absent."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.domain.brake import Brake, Census, Counted, Outlook, Passed, closed_after, holds, limit, outlook
from postroom.domain.difference import Kind

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("mailboxes", "absent", "inactive", "rename"),
    [(5, 0, 10, 20), (49, 0, 10, 20), (50, 3, 10, 20), (200, 4, 40, 20), (10_000, 50, 2000, 1000)],
)
def test_limits_grow_with_the_number_of_mailboxes(mailboxes: int, absent: int, inactive: int, rename: int) -> None:
    assert [limit(kind, mailboxes) for kind in (Kind.ABSENT, Kind.INACTIVE, Kind.RENAME)] == [absent, inactive, rename]


@pytest.mark.parametrize(
    ("kind", "people", "mailboxes", "expected"),
    [
        (Kind.ABSENT, 1, 49, Outlook.WAITS),
        (Kind.ABSENT, 3, 50, Outlook.DONE),
        (Kind.ABSENT, 4, 50, Outlook.WAITS),
        (Kind.INACTIVE, 10, 5, Outlook.DONE),
        (Kind.INACTIVE, 11, 49, Outlook.WAITS),
        (Kind.RENAME, 1000, 10_000, Outlook.DONE),
        (Kind.RENAME, 1001, 10_000, Outlook.WAITS),
        (Kind.NAME, 10_000, 10_000, Outlook.DONE),
        (Kind.OLDER, 1, 10_000, Outlook.WAITS),
        (Kind.ADDRESS, 1, 10_000, Outlook.KEPT),
    ],
)
def test_a_kind_waits_for_an_operator_beyond_its_limit(
    kind: Kind, people: int, mailboxes: int, expected: Outlook
) -> None:
    assert outlook(kind, people=people, mailboxes=mailboxes) is expected


def test_an_implausible_pass_holds_back_only_who_is_absent() -> None:
    held = {kind for kind in Kind if outlook(kind, people=1, mailboxes=10_000, implausible=True) is Outlook.WAITS}
    assert held == {Kind.ABSENT, Kind.OLDER}


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ({"passes": 2, "is_long": True}, Outlook.DONE),
        ({"passes": 2, "is_long": False}, Outlook.UNCERTAIN),
        ({"passes": 1, "is_long": True}, Outlook.UNCERTAIN),
        ({"passes": 1, "is_long": True, "is_older": True}, Outlook.WAITS),
    ],
)
def test_who_is_absent_is_certain_after_two_passes_and_an_hour(of: dict[str, Any], expected: Outlook) -> None:
    assert outlook(Kind.ABSENT, people=1, mailboxes=100, **of) is expected


def test_rename_to_the_address_of_another_would_be_refused_and_an_older_version_is_not_followed() -> None:
    assert outlook(Kind.RENAME, people=1, mailboxes=5, is_held=True) is Outlook.HELD
    assert outlook(Kind.RENAME, people=1, mailboxes=5, is_held=True, is_older=True) is Outlook.WAITS


def people(first: int, last: int) -> list[tuple[datetime | None, UUID]]:
    """Who signed up one minute after another."""
    return [(NOW + timedelta(minutes=each), UUID(int=each)) for each in range(first, last + 1)]


def a_pass(census: Census, *pages: list[tuple[datetime | None, UUID]]) -> tuple[Counted, Census]:
    """A whole pass, of 100 mailboxes on record, and the census before the next one."""
    census = census.with_page([], None, mailboxes=100)
    for page in pages:
        census = census.with_page(page, None)
    return census.ended()


_, SECOND = a_pass(Census(NOW), people(1, 60), people(61, 100))


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        ([], "Kratos listed no identity"),
        ([people(1, 49)], "Kratos listed 49 identities, fewer than half of 100 mailboxes"),
        ([people(1, 95)], "Kratos listed none of the 5 newest identities of before"),
        ([people(201, 300)], "Kratos listed none of the 5 newest identities of before"),
        ([people(1, 49), people(96, 96)], None),
        ([people(1, 100)], None),
    ],
    ids=["emptied", "fewer than half", "restored from yesterday", "replaced by another", "many deleted", "unchanged"],
)
def test_pass_of_another_or_older_kratos_shows_nobody_to_be_absent(
    pages: list[list[tuple[datetime | None, UUID]]], why: str | None
) -> None:
    counted, _ = a_pass(SECOND, *pages)
    assert (counted.mailboxes, counted.implausible) == (100, why)


def test_a_replaced_kratos_stays_implausible_however_many_sign_up_there() -> None:
    following = SECOND
    for last in (300, 301, 310, 400):
        counted, following = a_pass(following, people(201, last))
        assert counted.implausible
    counted, _ = a_pass(following, people(1, 100))
    assert counted.implausible is None


def test_identities_that_cannot_be_read_or_have_no_date_count_as_listed() -> None:
    census = Census(NOW).with_page([(None, UUID(int=1))], "b", unreadable=2, mailboxes=6)
    assert (census.listed, census.newest, census.token) == (3, (), "b")
    assert census.ended()[0].implausible is None


@given(
    st.lists(st.lists(st.tuples(st.datetimes(timezones=st.just(UTC)), st.uuids()))),
    st.dictionaries(st.sampled_from(Kind), st.integers(0, 9)),
)
def test_a_census_is_the_same_after_it_was_stored(
    pages: list[list[tuple[datetime, UUID]]], more: dict[Kind, int]
) -> None:
    census = Census(NOW)
    for page in pages:
        census = census.with_page(page, "a", mailboxes=3, more=more)
        assert Census.parse(json.loads(json.dumps(census.as_dict()))) == census
    assert [*census.newest] == sorted({each for page in pages for each in page}, reverse=True)[:5]
    assert census.more == ({kind: n * len(pages) for kind, n in more.items()} if pages else {})


OPEN = Brake((), is_judged=True, mailboxes=50)


@pytest.mark.parametrize(
    ("brake", "passed", "held"),
    [
        (OPEN, Passed(others=9), False),
        (OPEN, Passed(others=10), True),
        (OPEN, Passed(others=10, has_passed=True), False),
        (Brake([Kind.INACTIVE], is_judged=True, mailboxes=50), Passed(has_passed=True), True),
        (Brake([Kind.RENAME], is_judged=True, mailboxes=50), Passed(), False),
        (Brake([], is_judged=False, mailboxes=50), Passed(), True),
        (Brake([Kind.INACTIVE], is_judged=False, mailboxes=0), Passed(others=99, is_accepted=True), False),
    ],
    ids=["within", "beyond", "counted already", "closed", "another is closed", "not judged", "accepted"],
)
def test_one_more_person_is_held_beyond_the_limit_and_while_the_kind_is_closed(
    brake: Brake, passed: Passed, held: bool
) -> None:
    assert holds(brake, Kind.INACTIVE, passed) is held


@pytest.mark.parametrize(
    ("people", "passed", "more", "closed"), [(8, 2, 0, False), (8, 3, 0, True), (8, 2, 1, True), (0, 99, 0, False)]
)
def test_whole_pass_closes_a_kind_beyond_the_limit_of_a_day(people: int, passed: int, more: int, closed: bool) -> None:
    counted = Counted(50, more={Kind.INACTIVE: more})
    found = closed_after({}, counted, people={Kind.INACTIVE: people}, passed={Kind.INACTIVE: passed}, is_first=False)
    assert (Kind.INACTIVE in found) is closed


def test_closed_kind_opens_when_nobody_differs_like_that_any_more_and_never_by_time() -> None:
    for people, stays in [(1, True), (0, False)]:
        found = closed_after(
            {Kind.RENAME: "too many"}, Counted(50), people={Kind.RENAME: people}, passed={}, is_first=False
        )
        assert (found == {Kind.RENAME: "too many"}) is stays
