"""The mailbox of an identity, and its display name, from the traits of any schema."""

from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.domain.identity import MAX_DISPLAY_NAME, MAX_SENT, AddressPolicy, as_sent, display_name, mailbox_for
from postroom.domain.mailbox import Mailbox
from postroom.errors import Refused

ID = UUID("8b9e4c7a-c3d6-4dae-a06a-acb8a03ece9a")
POLICY = AddressPolicy(domains={"example.org"}, reserved={"boss"})


def test_mailbox_of_an_identity_has_its_email_and_name_traits() -> None:
    mailbox = mailbox_for(ID, {"email": " Alice@Example.org", "name": "Alice Example"}, POLICY)
    assert mailbox == Mailbox(ID, "alice@example.org", "Alice Example")


@pytest.mark.parametrize(
    "traits", [{}, {"email": None}, {"email": 7}, {"email": ["a@example.org"]}, {"mail": "a@b.org"}]
)
def test_identity_without_a_string_as_email_trait_is_refused(traits: dict[str, object]) -> None:
    with pytest.raises(Refused, check=lambda error: error.code == "no_address") as refused:
        mailbox_for(ID, traits, POLICY)
    assert str(refused.value) == "no mail address is given: the identity has no trait email"


@pytest.mark.parametrize(
    ("email", "code"), [("a@example.net", "domain_not_served"), ("boss@example.org", "reserved_name")]
)
def test_identity_with_an_address_outside_the_policy_is_refused(email: str, code: str) -> None:
    with pytest.raises(Refused, check=lambda error: error.code == code):
        mailbox_for(ID, {"email": email}, POLICY)


@pytest.mark.parametrize(
    ("traits", "name"),
    [
        ({}, None),
        ({"name": "Alice Example"}, "Alice Example"),
        ({"display_name": "Alice"}, "Alice"),
        ({"name": "Alice", "display_name": "Another"}, "Alice"),
        ({"name": {"first": "Alice", "last": "Example"}}, "Alice Example"),
        ({"name": {"first": "Alice"}}, "Alice"),
        ({"name": {"last": "Example"}}, "Example"),
        ({"name": {"last": "Example", "first": 7}}, "Example"),
        ({"name": {}}, None),
        ({"name": None}, None),
        ({"name": 7}, None),
        ({"name": ["Alice"]}, None),
        ({"name": ""}, None),
        ({"name": " \t\n"}, None),
        ({"name": "  Alice \n  Example "}, "Alice Example"),
        ({"name": "Al\x00ice"}, "Al ice"),
        ({"name": "Alice\u202eelpmaxE"}, "Alice elpmaxE"),
        ({"name": "Al\ud800ice"}, "Al ice"),
        ({"name": "Zoë Ŵ 李"}, "Zoë Ŵ 李"),
    ],
)
def test_display_name_comes_from_the_usual_traits(traits: dict[str, object], name: str | None) -> None:
    assert display_name(traits) == name


CHARACTERS = st.text(st.characters())  # lone surrogates and control characters too


@given(CHARACTERS | st.dictionaries(st.sampled_from(["first", "last"]), CHARACTERS))
def test_a_display_name_is_short_printable_and_storable(name: object) -> None:
    shown = display_name({"name": name})
    if shown is not None:
        assert 0 < len(shown) <= MAX_DISPLAY_NAME
        assert shown.isprintable()
        assert shown.encode()


def test_long_display_name_is_truncated() -> None:
    assert display_name({"name": "x" * 1000}) == "x" * MAX_DISPLAY_NAME


@pytest.mark.parametrize("email", [None, 7, ["a@example.org"], {"value": "a@example.org"}])
def test_email_trait_that_is_not_text_is_not_stored(email: object) -> None:
    assert as_sent(email) is None


def test_sent_address_is_stored_unchanged_except_for_what_postgresql_cannot_store() -> None:
    assert as_sent(" Al\x1b[31m+ice\u202e@Example.org\n") == " Al\x1b[31m+ice\u202e@Example.org\n"
    assert as_sent("al\x00i\ud800ce@example.org") == "alice@example.org"
    assert as_sent("x" * 10_000_000) == "x" * MAX_SENT


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | CHARACTERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CHARACTERS, inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(["email", "name", "display_name"]), JSON | CHARACTERS.map("{}@example.org".format))
)
def test_any_traits_lead_to_a_mailbox_or_a_refusal(traits: dict[str, object]) -> None:
    kept = as_sent(traits.get("email"))
    assert kept is None or (len(kept.encode()) <= 4 * MAX_SENT and "\0" not in kept)
    with suppress(Refused):
        assert mailbox_for(ID, traits, POLICY).email.isascii()
