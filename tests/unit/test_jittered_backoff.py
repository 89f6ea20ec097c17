"""How long to wait after failures."""

from postroom.domain.jittered_backoff import backoff


def test_backoff_doubles_up_to_a_minute_with_jitter() -> None:
    failures = (0, 3, 10**6)
    assert [backoff(each, lambda low, _: low) for each in failures] == [1, 8, 30]
    assert [backoff(each, lambda _, high: high) for each in failures] == [2, 16, 60]


def test_backoff_adds_jitter_to_the_pause_that_the_server_asked_for() -> None:
    assert backoff(0, lambda low, _: low, asked=20) == 21
