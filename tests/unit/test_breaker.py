"""How often the mail server is probed while it is unhealthy."""

import pytest

from postroom.domain.breaker import MEMORY, Cause, interval_after_probe, interval_at_opening


def probes(cause: Cause, first: float, count: int) -> list[float]:
    intervals = [first]
    while len(intervals) < count:
        intervals.append(interval_after_probe(cause, intervals[-1]))
    return intervals


def test_outage_probe_interval_doubles_from_5_s_to_5_min() -> None:
    first = interval_at_opening(Cause.OUTAGE, previous=5, seconds_closed=1e9)
    assert probes(Cause.OUTAGE, first, 9) == [5, 10, 20, 40, 80, 160, 300, 300, 300]


@pytest.mark.parametrize("previous", [5, 300, 1800])
def test_breaker_opened_long_after_the_last_time_starts_with_the_first_interval(previous: float) -> None:
    for cause, first in ((Cause.OUTAGE, 5), (Cause.MISCONFIGURED, 1800), (Cause.UNAUTHORIZED, 1800)):
        assert interval_at_opening(cause, previous=previous, seconds_closed=MEMORY + 1) == first


def test_probe_interval_continues_doubling_if_an_outage_follows_soon() -> None:
    """Otherwise, with a server that only seems healthy, the interval would start again from 5 s at every closing."""
    openings = [interval_at_opening(Cause.OUTAGE, previous=5, seconds_closed=1e9)]
    for _ in range(7):
        taken = interval_after_probe(Cause.OUTAGE, openings[-1])  # before it is known that this probe succeeds
        openings.append(interval_at_opening(Cause.OUTAGE, previous=taken, seconds_closed=MEMORY))
    assert openings == [5, 10, 20, 40, 80, 160, 300, 300]


@pytest.mark.parametrize("cause", [Cause.UNAUTHORIZED, Cause.MISCONFIGURED])
@pytest.mark.parametrize("previous", [5, 60, 300, 1800, 5000])
@pytest.mark.parametrize("seconds_closed", [0, MEMORY, 1e9])
def test_cause_that_needs_an_operator_is_probed_every_30_min(
    cause: Cause, previous: float, seconds_closed: float
) -> None:
    """100 failed logins a day get us banned; this makes 48."""
    first = interval_at_opening(cause, previous=previous, seconds_closed=seconds_closed)
    assert probes(cause, first, 3) == [1800, 1800, 1800]
