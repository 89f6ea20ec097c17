"""In what an identity differs from its mailbox."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from postroom.domain.account_change import Because
from postroom.domain.difference import Kind, OnRecord, differences
from postroom.domain.identity import AddressPolicy, Identity

POLICY = AddressPolicy({"example.org"}, {"admin"})
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
RECORD = OnRecord("ada@example.org", "Ada")


def read(email: object = "ada@example.org", name: str | None = "Ada", *, active: bool = True) -> Identity:
    traits = {"email": email} | ({"name": name} if name else {})
    return Identity(UUID(int=1), traits, active, updated_at=NOW)


@pytest.mark.parametrize(
    ("identity", "found"),
    [
        (read(), {}),
        (read("ADA@Example.org"), {}),
        (read("countess@example.org"), {Kind.RENAME: "countess@example.org"}),
        (read(name="Ada King"), {Kind.NAME: "Ada King"}),
        (read(name=None), {Kind.NAME: None}),
        (read(active=False), {Kind.INACTIVE: None}),
        (
            read("countess@example.org", "Ada King", active=False),
            {Kind.RENAME: "countess@example.org", Kind.NAME: "Ada King", Kind.INACTIVE: None},
        ),
    ],
)
def test_address_name_and_state_are_compared_each_by_itself(identity: Identity, found: dict[Kind, str | None]) -> None:
    assert differences(identity, RECORD, POLICY) == found


def test_inactive_identity_differs_until_its_mailbox_is_to_be_locked_for_that() -> None:
    for because, differs in [(Because.INACTIVE, False), (Because.ABSENT, True)]:
        found = differences(read(active=False), replace(RECORD, because=because), POLICY)
        assert (Kind.INACTIVE in found) is differs


@pytest.mark.parametrize("email", ["admin@example.org", "ada@elsewhere.org", None, 7])
def test_address_that_cannot_be_assigned_is_no_rename_and_says_why(email: object) -> None:
    found = differences(read(email), RECORD, POLICY)
    assert found.keys() == {Kind.ADDRESS}
    assert found[Kind.ADDRESS]


@pytest.mark.parametrize(
    ("identity", "newest", "is_older"),
    [
        (read(name="Ada King"), NOW + timedelta(microseconds=1), True),
        (read(name="Ada King"), NOW, False),
        (read(name="Ada King"), None, False),
        (read(), NOW + timedelta(days=1), False),
    ],
    ids=["older", "the same version", "no version is known", "nothing else differs"],
)
def test_identity_that_differs_by_an_older_version_than_was_read_is_older(
    identity: Identity, newest: datetime | None, is_older: bool
) -> None:
    found = differences(identity, OnRecord("ada@example.org", "Ada", newest), POLICY)
    assert (Kind.OLDER in found) is is_older
