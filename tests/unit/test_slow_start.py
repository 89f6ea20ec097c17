"""How many requests are released at a time once their cause seems to have ended."""

from postroom.domain.slow_start import AT_MOST, LONGEST_PAUSE, SHORTEST_PAUSE, SlowStart


def test_slow_start_begins_with_one_and_doubles_after_each_success() -> None:
    pace, sizes = SlowStart(), list[int]()
    for _ in range(12):
        sizes.append(pace.capacity(0))
        pace = pace.after_success()
    assert sizes == [1, 2, 4, 8, 16, 32, 64, 128, 256, AT_MOST, AT_MOST, AT_MOST]


def test_running_requests_reduce_the_slow_start_capacity() -> None:
    assert [SlowStart(4).capacity(under_way) for under_way in (0, 3, 4, 9)] == [4, 1, 0, 0]


def test_release_retries_one_request_after_growing_pauses_until_a_success() -> None:
    pace, pauses = SlowStart(64), list[float]()
    for _ in range(7):
        pace = pace.after_failure()
        assert pace.capacity(0) == 1
        pauses.append(pace.pause)
    assert pauses == [SHORTEST_PAUSE, 30, 60, 120, 240, LONGEST_PAUSE, LONGEST_PAUSE]
    assert pace.after_success().pause == 0
