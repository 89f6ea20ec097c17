"""How often the mail server is asked while it is not well."""

import pytest

from postroom.domain.breaker import MEMORY, Cause, interval_after_probe, interval_at_opening


def probes(cause: Cause, first: float, count: int) -> list[float]:
    intervals = [first]
    while len(intervals) < count:
        intervals.append(interval_after_probe(cause, intervals[-1]))
    return intervals


def test_an_outage_is_probed_after_5_s_doubling_to_5_min() -> None:
    first = interval_at_opening(Cause.OUTAGE, previous=5, seconds_closed=1e9)
    assert probes(Cause.OUTAGE, first, 9) == [5, 10, 20, 40, 80, 160, 300, 300, 300]


@pytest.mark.parametrize("previous", [5, 300, 1800])
@pytest.mark.parametrize("seconds_closed", [0, MEMORY, 1e9])
def test_a_new_outage_begins_at_5_s_whatever_was_before(previous: float, seconds_closed: float) -> None:
    assert interval_at_opening(Cause.OUTAGE, previous=previous, seconds_closed=seconds_closed) == 5


@pytest.mark.parametrize("previous", [5, 60, 300, 1800, 5000])
@pytest.mark.parametrize("seconds_closed", [0, MEMORY, 1e9])
def test_an_unknown_key_is_tried_every_30_min_at_most(previous: float, seconds_closed: float) -> None:
    """100 failed logins a day ban us: 48 remain."""
    first = interval_at_opening(Cause.UNAUTHORIZED, previous=previous, seconds_closed=seconds_closed)
    assert probes(Cause.UNAUTHORIZED, first, 3) == [1800, 1800, 1800]


def test_a_refusal_is_probed_after_a_minute_doubling_to_5_min() -> None:
    first = interval_at_opening(Cause.MISCONFIGURED, previous=5, seconds_closed=1e9)
    assert probes(Cause.MISCONFIGURED, first, 5) == [60, 120, 240, 300, 300]


def test_a_refusal_soon_after_closing_goes_on_doubling() -> None:
    """`Core/echo` answers although every create is forbidden: each closing would start anew for ever."""
    interval = interval_at_opening(Cause.MISCONFIGURED, previous=5, seconds_closed=1e9)
    openings = [interval]
    for _ in range(4):
        interval = interval_at_opening(Cause.MISCONFIGURED, previous=interval, seconds_closed=MEMORY)
        openings.append(interval)
    assert openings == [60, 120, 240, 300, 300]


def test_a_refusal_long_after_closing_begins_anew() -> None:
    assert interval_at_opening(Cause.MISCONFIGURED, previous=300, seconds_closed=MEMORY + 1) == 60


@pytest.mark.parametrize("cause", Cause)
def test_no_probe_comes_sooner_than_the_one_before(cause: Cause) -> None:
    intervals = probes(cause, interval_at_opening(cause, previous=0, seconds_closed=1e9), 20)
    assert intervals == sorted(intervals)
    assert intervals[0] >= 5
