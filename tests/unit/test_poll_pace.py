"""When an account may be polled again, depending on what its polls found."""

import pytest

from postroom.domain.poll_pace import BURST, EMPTY_POLL, LONGEST, MAILS_PER_SECOND, SHORTEST, PollPace

POLL = 0.005
"""Seconds that a poll takes."""


def paces(*found: float, apart: float | None = None) -> list[float]:
    """The pauses after polls that found so many messages each. Each poll starts as soon as it may, or `apart` seconds
    after the last one."""
    pace = PollPace(0.0)
    pauses: list[float] = []
    for mails in found:
        pace = pace.after_poll(mails, (pace.free_at if apart is None else pace.since + apart) + POLL)
        pauses.append(pace.pause)
    return pauses


def empty_polls(seconds: float) -> int:
    """The number of polls, in so many seconds, of an account that gets hints all the time, but no mail."""
    pace, polls = PollPace(0.0), 0
    while pace.free_at < seconds:
        pace, polls = pace.after_poll(EMPTY_POLL, pace.free_at + POLL), polls + 1
    return polls


def test_poll_pause_stays_50_ms_while_mail_arrives_one_by_one() -> None:
    assert set(paces(*[1] * 10_000, apart=0.1)) == {SHORTEST}
    assert set(paces(*[1] * 10_000)) == {SHORTEST}


def test_poll_pause_in_a_burst_doubles_from_1_to_16_seconds() -> None:
    assert paces(1, 8, 8, 8, 100, 200, 400, 800, 1600, 1600) == [0.05, 0.05, 0.05, 1, 2, 4, 8, 16, 16, 16]
    assert paces(10_000, 1) == [1, 0.05]


def test_burst_ends_one_second_after_the_last_hint() -> None:
    burst = PollPace(100.0, 4, BURST)
    assert [burst.due(hinted_at) for hinted_at in (99.9, 100.5, 102.5, 103.5)] == [101, 101.5, 103.5, 104]
    assert PollPace(100.0, SHORTEST).due(100.01) == 100 + SHORTEST


@pytest.mark.parametrize("pause", [1, 2, 4, 8, 16])
def test_burst_lasts_only_while_more_than_20_mails_a_second_arrive(pause: int) -> None:
    burst = PollPace(0.0, pause, BURST)
    more, fewer = MAILS_PER_SECOND * pause + 1, MAILS_PER_SECOND * pause - 1
    assert burst.after_poll(more, pause).pause == min(2 * pause, LONGEST)
    assert burst.after_poll(fewer, pause) == PollPace(pause, SHORTEST, BURST - 1)


def test_mail_held_back_by_the_mail_server_is_reported_at_once_and_slows_polls_only_briefly() -> None:
    """With ten messages per second and three seconds without a response, thirty are found at once."""
    assert paces(30, *[10, 1, 1, 1]) == [1, 0.05, 0.05, 0.05, 0.05]
    assert paces(15, *[1, 1, 1, 1]) == [0.05] * 5


def test_ten_thousand_mails_at_once_are_a_burst_even_after_another_burst() -> None:
    after_a_burst = PollPace(0.0, LONGEST, BURST).after_poll(1, 60.0)
    assert after_a_burst.after_poll(10_000, 70.0).pause == 1


def test_empty_polls_are_limited_to_four_a_second() -> None:
    assert empty_polls(1.0) <= 6
    assert 3.5 * 60 <= empty_polls(60.0) <= 4.5 * 60


def test_empty_poll_each_second_does_not_slow_down_mail() -> None:
    """Once a second, the event source reports what the webhook reported before, or what the person did."""
    assert set(paces(*([1] * 9 + [EMPTY_POLL]) * 1000, apart=0.1)) == {SHORTEST}


def test_forgotten_account_with_even_pace_is_polled_no_more_often() -> None:
    found = (1, 10, 15, BURST + 1, 5)
    for mails in found:
        pace = PollPace(0.0).after_poll(mails, 7.0)
        for more in found:
            known, forgotten = (each.after_poll(more, pace.reset_at + POLL) for each in (pace, PollPace(pace.reset_at)))
            assert forgotten.pause >= known.pause
