"""The mark proves that a mailbox is ours, and to which identity it belongs."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.domain.mailbox import Mailbox, account_id_of, identity_of, mark_of

ID = UUID("8b9e4c7a-c3d6-4dae-a06a-acb8a03ece9a")


def test_mark_is_the_prefix_and_the_id_without_hyphens() -> None:
    assert mark_of(ID) == "postroom-8b9e4c7ac3d64daea06aacb8a03ece9a"


def test_a_lost_account_gets_the_same_id_again_by_any_version() -> None:
    assert account_id_of(ID) == UUID("74e52bd9-8552-5ad9-8e60-4f8837fc1530")


@given(st.uuids())
def test_a_mark_has_41_characters_and_names_its_identity(identity_id: UUID) -> None:
    mark = mark_of(identity_id)
    assert (len(mark), identity_of(mark)) == (41, identity_id)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "postroom-",
        "postroom-service",
        ID.hex,
        str(ID),
        f"postroom-{ID}",
        f"postroom-{ID.hex.upper()}",
        f"Postroom-{ID.hex}",
        f"postroom-postroom-{ID.hex}",
        f"postroom-{{{ID.hex}}}",
        f"postroom-urn:uuid:{ID.hex}",
        f"postroom-{ID.hex}0",
        f"postroom-{ID.hex[:-1]}",
        f"postroom-{ID.hex} ",
        "postroom-" + "٣" * 32,
    ],
)
def test_text_in_any_other_spelling_is_no_mark(text: str) -> None:
    """`UUID` also accepts braces, hyphens and other digits; a proof must be exact."""
    assert identity_of(text) is None


@given(st.text() | st.text("0123456789abcdef-", max_size=45).map("postroom-".__add__))
def test_text_parsed_as_a_mark_is_the_mark_of_that_identity(text: str) -> None:
    identity_id = identity_of(text)
    assert identity_id is None or mark_of(identity_id) == text


def test_mailbox_splits_its_address_into_local_part_and_domain() -> None:
    mailbox = Mailbox(ID, "alice@example.org")
    assert (mailbox.local_part, mailbox.domain, mailbox.display_name) == ("alice", "example.org", None)
