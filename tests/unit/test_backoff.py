"""How long a failed request waits: exactly so long, because operators rely on it."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postroom.domain.backoff import (
    LONGEST_RETRY_AFTER,
    THROTTLED_WITHOUT_RETRY_AFTER,
    calculate_backoff_seconds,
    retry_after_seconds,
)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 60), (2, 300), (3, 1800), (4, 3600), (5, 3600), (100, 3600)])
def test_backoff_grows_from_a_minute_to_an_hour(attempt: int, seconds: int) -> None:
    assert calculate_backoff_seconds(attempt) == seconds


@pytest.mark.parametrize("attempt", [0, -1])
def test_retries_are_counted_from_one(attempt: int) -> None:
    with pytest.raises(ValueError, match=f"counted from 1, not {attempt}"):
        calculate_backoff_seconds(attempt)


@given(st.integers(1, 10_000))
def test_a_later_retry_never_waits_less(attempt: int) -> None:
    assert calculate_backoff_seconds(attempt) <= calculate_backoff_seconds(attempt + 1)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        (None, THROTTLED_WITHOUT_RETRY_AFTER),
        (0, 1),
        (-30, 1),
        (1.5, 1.5),
        (17, 17),
        (3600, 3600),
        (3601, 3600),
        (math.inf, 3600),
    ],
)
def test_retry_after_is_respected_between_a_second_and_an_hour(asked: float | None, seconds: float) -> None:
    assert retry_after_seconds(asked) == seconds


@given(st.floats())
@example(math.nan)
def test_any_retry_after_value_gives_a_bounded_delay(asked: float) -> None:
    """Including NaN: PostgreSQL has no such interval, so the outcome could not be stored."""
    assert 1 <= retry_after_seconds(asked) <= LONGEST_RETRY_AFTER
