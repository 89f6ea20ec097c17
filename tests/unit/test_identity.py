"""The name to show with a mailbox, out of whatever traits a schema has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.domain.identity import MAX_DISPLAY_NAME, display_name


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
def test_the_display_name_comes_from_the_usual_traits(traits: dict[str, object], name: str | None) -> None:
    assert display_name(traits) == name


CHARACTERS = st.text(st.characters())  # lone surrogates and control characters too


@given(CHARACTERS | st.dictionaries(st.sampled_from(["first", "last"]), CHARACTERS))
def test_a_display_name_is_short_printable_and_storable(name: object) -> None:
    shown = display_name({"name": name})
    if shown is not None:
        assert 0 < len(shown) <= MAX_DISPLAY_NAME
        assert shown.isprintable()
        assert shown.encode()


def test_a_long_name_is_cut() -> None:
    assert display_name({"name": "x" * 1000}) == "x" * MAX_DISPLAY_NAME
