"""How long something that failed is left alone."""

from postroom.domain.jittered_backoff import backoff


def test_pauses_double_to_a_minute_and_are_spread_so_that_a_crowd_does_not_return_at_once() -> None:
    failures = (0, 3, 10**6)
    assert [backoff(each, lambda low, _: low) for each in failures] == [1, 8, 30]
    assert [backoff(each, lambda _, high: high) for each in failures] == [2, 16, 60]


def test_a_server_that_asks_for_a_pause_gets_it_and_the_spread_on_top() -> None:
    assert backoff(0, lambda low, _: low, asked=20) == 21
