"""Which part of what an identity wants is followed, and which waits for an operator."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from postroom.domain.account_change import Because, Wanted
from postroom.domain.difference import Kind
from postroom.domain.identity import AddressPolicy, Identity
from postroom.domain.wish import OLD_ADDRESSES, Judged, Wish, Wishing, judged, wish_of

NOW = datetime(2026, 12, 1, tzinfo=UTC)
ANN = uuid4()
A, B = "a@example.org", "b@example.org"
KNOWN = Wishing(ANN, NOW, A, "Ann", version=NOW)
POLICY = AddressPolicy({"example.org"}, {"admin"})


def read(email: str = A, *, active: bool = True) -> Identity:
    return Identity(ANN, {"email": email, "name": "Ann"}, active, updated_at=NOW)


def test_identity_wants_its_address_its_name_and_a_login_if_it_is_active() -> None:
    assert wish_of(read(B), POLICY) == Wish(B, "Ann", None, NOW)
    assert wish_of(read(B, active=False), POLICY).because is Because.INACTIVE


@pytest.mark.parametrize("email", ["admin@example.org", "a@elsewhere.org", ""])
def test_mailbox_keeps_its_address_where_the_identity_has_none_that_can_be_assigned(email: str) -> None:
    assert wish_of(read(email), POLICY).email is None


def test_older_version_is_not_followed() -> None:
    """Kratos was restored from yesterday's backup: what it says was true before what is wanted now."""
    older = NOW - timedelta(days=1)
    assert judged(Wish(B, "Ann", None, older), KNOWN) == Judged(None, {Kind.OLDER: older.isoformat()})
    inactive = replace(KNOWN, because=Because.INACTIVE)
    assert judged(Wish(A, "Ann", None, older), inactive).wish is None


def test_active_identity_of_any_version_ends_that_it_is_absent() -> None:
    absent = replace(KNOWN, because=Because.ABSENT)
    older = NOW - timedelta(days=1)
    assert judged(Wish(B, "Bo", None, older), absent).wish == Wish()
    assert judged(Wish(B, "Bo", Because.INACTIVE, older), absent).wish is None


def test_second_address_in_a_day_waits_and_nothing_else_does() -> None:
    wish = Wish(B, "Bo", Because.INACTIVE, NOW)
    found = judged(wish, replace(KNOWN, renamed_lately=True))
    assert found == Judged(replace(wish, email=None), {Kind.RENAME: B})
    assert judged(replace(wish, email=A), replace(KNOWN, renamed_lately=True)).waits == {}


def test_wish_for_another_address_is_given_up_at_any_time() -> None:
    """Its attempt may have ended as a dead letter: the person chose an address that somebody else has."""
    known = replace(KNOWN, email=B, on_record=A, renamed_lately=True)
    assert judged(Wish(A), known).waits == {}


def test_mailbox_has_five_former_addresses_at_most_and_its_owner_may_come_back_to_each() -> None:
    old = frozenset(f"{number}@example.org" for number in range(OLD_ADDRESSES))
    assert judged(Wish(B), replace(KNOWN, old=old)).waits == {Kind.RENAME: B}
    assert judged(Wish(min(old)), replace(KNOWN, old=old)).waits == {}
    assert judged(Wish(B), replace(KNOWN, old=frozenset([*old][1:]))).waits == {}


def test_all_reasons_against_a_login_are_wanted_together_and_kratos_only_if_it_is_trusted() -> None:
    known = replace(KNOWN, because=Because.ABSENT, is_suspended=True)
    assert known.wanted() == Wanted(because=frozenset([Because.ABSENT, Because.OPERATOR])), "it says no more"
    assert replace(known, because=Because.INACTIVE).wanted() == Wanted(
        A, "Ann", frozenset([Because.INACTIVE, Because.OPERATOR])
    )
    assert known.wanted(trusting=[Because.INACTIVE]).because == {Because.OPERATOR}
    assert KNOWN.wanted().because == frozenset()
