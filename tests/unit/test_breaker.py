"""How often the mail server is probed while it is unhealthy."""

import pytest

from postroom.domain.breaker import MEMORY, Cause, interval_after_probe, interval_at_opening


def probes(cause: Cause, first: float, count: int) -> list[float]:
    intervals = [first]
    while len(intervals) < count:
        intervals.append(interval_after_probe(cause, intervals[-1]))
    return intervals


def test_outage_is_probed_after_5_s_then_at_least_every_15() -> None:
    first = interval_at_opening(Cause.OUTAGE, previous=5, seconds_closed=1e9)
    assert probes(Cause.OUTAGE, first, 4) == [5, 10, 15, 15]


def test_refusal_of_the_server_is_probed_after_a_minute_doubling_to_30() -> None:
    first = interval_at_opening(Cause.MISCONFIGURED, previous=5, seconds_closed=1e9)
    assert probes(Cause.MISCONFIGURED, first, 7) == [60, 120, 240, 480, 960, 1800, 1800]


@pytest.mark.parametrize("previous", [5, 300, 1800])
def test_breaker_opened_long_after_the_last_time_starts_with_the_first_interval(previous: float) -> None:
    for cause, first in ((Cause.OUTAGE, 5), (Cause.MISCONFIGURED, 60), (Cause.UNAUTHORIZED, 1800)):
        assert interval_at_opening(cause, previous=previous, seconds_closed=MEMORY + 1) == first


def test_probe_interval_continues_doubling_if_an_outage_follows_soon() -> None:
    """Otherwise, with a server that only seems healthy, the interval would start again from 5 s at every closing."""
    openings = [interval_at_opening(Cause.OUTAGE, previous=5, seconds_closed=1e9)]
    for _ in range(3):
        taken = interval_after_probe(Cause.OUTAGE, openings[-1])  # before it is known that this probe succeeds
        openings.append(interval_at_opening(Cause.OUTAGE, previous=taken, seconds_closed=MEMORY))
    assert openings == [5, 10, 15, 15]


@pytest.mark.parametrize("previous", [5, 60, 300, 1800, 5000])
@pytest.mark.parametrize("seconds_closed", [0, MEMORY, 1e9])
def test_refused_key_is_tried_every_30_min(previous: float, seconds_closed: float) -> None:
    """100 failed logins a day get us banned; this makes 48."""
    first = interval_at_opening(Cause.UNAUTHORIZED, previous=previous, seconds_closed=seconds_closed)
    assert probes(Cause.UNAUTHORIZED, first, 3) == [1800, 1800, 1800]
