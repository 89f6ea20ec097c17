"""What of a mailbox at rest differs from its record, and whether an attempt is due for that."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from postroom.domain.account_change import Addresses, Alias, Because, Holder, Login, Observed, Permissions, Role
from postroom.domain.at_rest import AtRest, is_due, unrecorded

A, B = "a@example.org", "b@example.org"
BEN = UUID(int=7)
OFF = Login(Permissions.MERGE, off=True, sole=True)
HAND, OPERATOR, INACTIVE = (frozenset([each]) for each in (Because.HAND, Because.OPERATOR, Because.INACTIVE))
NOBODY = frozenset[Because]()
RECORD = AtRest(UUID(int=1), datetime(2026, 12, 1, tzinfo=UTC), A, None, NOBODY, {A: Role.HELD}, NOBODY)
ACCOUNT = Observed("id", A, "Ann")


def addresses(record: AtRest, **others: Role) -> Addresses:
    return Addresses(record.own, {f"{name}@example.org": Holder(BEN, role) for name, role in others.items()})


def due(record: AtRest, observed: Observed, of: Addresses | None = None, *, follows: bool = True) -> bool:
    of = of or addresses(record)
    return is_due(record, observed, of, differs=bool(unrecorded(record, observed, of)), follows=follows)


@pytest.mark.parametrize(
    ("hand", "said"),
    [
        ({"email": B, "aliases": (Alias(A),)}, "address: a@example.org -> b@example.org; not on record: b@example.org"),
        ({"aliases": (Alias(B),)}, "not on record: b@example.org"),
        ({"login": OFF}, "login off: no -> hand"),
        ({"login": OFF, "note": INACTIVE}, "login off: no -> inactive"),
        ({}, ""),
        ({"name": "Anna"}, ""),
    ],
    ids=["address", "alias", "by hand", "by a late update", "nothing", "name never read"],
)
def test_what_is_not_on_record_is_said_and_makes_due_where_mailboxes_follow(hand: Any, said: str) -> None:
    observed = replace(ACCOUNT, **hand)
    assert "; ".join(unrecorded(RECORD, observed, addresses(RECORD))) == said
    assert due(RECORD, observed) == bool(said)
    assert not due(RECORD, observed, follows=False)


def test_name_that_was_read_once_is_compared() -> None:
    record = replace(RECORD, name="Anna")
    assert unrecorded(record, ACCOUNT, addresses(record)) == ["name: Anna -> Ann"]


@pytest.mark.parametrize("because", [HAND, INACTIVE])
def test_mailbox_that_is_as_recorded_is_not_due_also_locked_or_with_what_another_holds(
    because: frozenset[Because],
) -> None:
    record = replace(RECORD, because=because, wanted=because - HAND)
    observed = replace(ACCOUNT, aliases=(Alias(B, enabled=False),), login=OFF, note=because - HAND)
    of = addresses(record, b=Role.HELD)
    assert unrecorded(record, observed, of) == []
    assert not due(record, observed, of)


def test_another_identitys_mere_wish_for_a_shown_address_is_not_enough() -> None:
    observed = replace(ACCOUNT, aliases=(Alias(B),))
    assert unrecorded(RECORD, observed, addresses(RECORD, b=Role.WANTED)) == [f"not on record: {B}"]


def test_what_takes_away_is_due_though_all_is_on_record() -> None:
    """Of a dead letter: the login that is to be off, and the alias that another holds."""
    suspended = replace(RECORD, wanted=INACTIVE)
    assert due(suspended, ACCOUNT)
    observed = replace(ACCOUNT, aliases=(Alias(B),))
    assert unrecorded(RECORD, observed, addresses(RECORD, b=Role.HELD)) == []
    assert due(RECORD, observed, addresses(RECORD, b=Role.HELD))
    assert not due(suspended, replace(ACCOUNT, login=Login(Permissions.REPLACE))), "nobody may change that list"


@pytest.mark.parametrize(
    ("wanted", "observed", "is_due"),
    [
        (OPERATOR, ACCOUNT, True),
        (OPERATOR, replace(ACCOUNT, login=Login(Permissions.REPLACE)), False),
        (OPERATOR, replace(ACCOUNT, login=OFF, note=OPERATOR), False),
        (NOBODY, replace(ACCOUNT, login=OFF, note=OPERATOR), True),
        (NOBODY, replace(ACCOUNT, login=OFF, note=INACTIVE), False),
        (INACTIVE, ACCOUNT, False),
    ],
)
def test_where_mailboxes_do_not_follow_only_an_operators_word_makes_due(
    wanted: frozenset[Because], observed: Observed, is_due: bool
) -> None:
    assert due(replace(RECORD, wanted=wanted), observed, follows=False) == is_due


def test_late_suspension_of_an_operator_that_is_on_record_is_not_due_each_hour() -> None:
    observed = replace(ACCOUNT, login=OFF, note=OPERATOR)
    assert not due(replace(RECORD, because=OPERATOR), observed, follows=False)
