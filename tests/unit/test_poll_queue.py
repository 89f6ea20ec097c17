"""When an account is polled, however many hints arrive."""

import random
from typing import Any

import pytest

from postroom.arrivals.poll_queue import STATE_SECONDS, PollQueue
from postroom.domain.poll_pace import BURST, FIRST_IN_BURST, MAILS_PER_SECOND, SHORTEST


@pytest.fixture
def queue() -> PollQueue:
    return PollQueue(10)


def poll(queue: PollQueue, account_id: str, now: float, **found: Any) -> None:
    """A hint, and a poll at once that ends with this."""
    queue.hint(account_id, now)
    assert queue.take(1, now) == [account_id]
    queue.done(account_id, now, **found)


def test_first_hint_is_due_at_once_and_repeated_hints_change_nothing(queue: PollQueue) -> None:
    for _ in range(1000):
        assert queue.hint("b", 1.0)
    assert queue.next_at() == 1.0
    assert queue.take(10, 1.0) == ["b"]
    assert queue.take(10, 1.0) == []


def test_a_state_that_a_poll_has_found_is_no_news(queue: PollQueue) -> None:
    queue.hint("b", 0.0, "s1")
    queue.take(10, 0.0)
    queue.hint("b", 0.0, "s1")
    queue.done("b", 0.0, mails=1, state="s1")
    queue.hint("b", 0.0, "s1")
    assert queue.take(10, 1.0) == []
    queue.hint("b", 1.0, "s2")
    assert queue.take(10, 1.0) == ["b"]
    queue.hint("b", 1.0, "s1")  # it is not known whether this state is older or newer
    queue.done("b", 1.0, mails=1, state="s2")
    assert queue.take(10, 2.0) == ["b"]


def test_hint_without_a_state_always_causes_a_poll(queue: PollQueue) -> None:
    queue.hint("b", 0.0)
    queue.take(10, 0.0)
    queue.hint("b", 0.0, "s1")
    queue.hint("b", 0.0)
    queue.done("b", 0.0, mails=1, state="s1")
    assert queue.take(10, 1.0) == ["b"]


@pytest.mark.parametrize(("found", "pause"), [(1, SHORTEST), (BURST + 1, FIRST_IN_BURST)])
def test_a_poll_follows_the_last_one_at_the_pace_of_what_was_found_and_after_a_quiet_time_at_once(
    found: float, pause: float, queue: PollQueue
) -> None:
    poll(queue, "b", 100.0, mails=found)
    queue.hint("b", 100.0)
    assert queue.next_at() == 100.0 + pause
    assert queue.take(1, 100.0 + pause) == ["b"]
    queue.done("b", 101.0, mails=1, state="s1")
    assert queue.hint("b", 110.0)
    assert queue.take(1, 110.0) == ["b"]


@pytest.mark.parametrize(("last_hint", "due"), [(101.0, 102.0), (101.5, 102.5), (102.5, 103.0)])
def test_in_a_burst_a_poll_waits_for_the_end_of_the_hints_or_of_the_pause(
    last_hint: float, due: float, queue: PollQueue
) -> None:
    for now in (100.0, 101.0):
        poll(queue, "b", now, mails=100)
    queue.hint("b", 101.0)
    queue.hint("b", last_hint)
    assert queue.take(1, due - 0.01) == []
    assert queue.take(1, due) == ["b"]


def test_a_poll_that_waits_for_something_else_is_not_made_earlier_after_a_quiet_time(queue: PollQueue) -> None:
    queue.hint("b", 10.0)
    queue.take(10, 10.0)
    queue.hint("b", 10.0)
    queue.done("b", 10.0, mails=1, pause=1.0)
    assert queue.take(10, 10.9) == []
    assert queue.take(10, 11.0) == ["b"]


def test_full_poll_queue_rejects_hints_until_an_account_rests() -> None:
    queue = PollQueue(2)
    assert queue.hint("b", 0.0)
    assert queue.hint("c", 0.0)
    assert not queue.hint("d", 0.0)
    assert queue.hint("b", 0.0)
    assert queue.take(1, 0.0) == ["b"]
    assert not queue.hint("d", 0.0), "one is being polled, the other waits"
    queue.done("b", 0.0, mails=1, state="s1")
    assert queue.hint("d", 0.1)
    assert not queue.hint("e", 0.1)
    assert not queue.hint("b", 0.1), "it was forgotten"
    assert queue.take(10, STATE_SECONDS + 1.0) == ["c", "d"]


def test_full_poll_queue_forgets_the_longest_resting_account_but_none_with_a_new_hint() -> None:
    queue = PollQueue(3)
    for now, each in enumerate("bcd"):
        poll(queue, each, now, mails=1, state="s1")
    queue.hint("b", 3.0, "s2")
    assert queue.hint("e", 3.0)
    assert queue.take(10, 3.0) == ["b", "e"]
    queue.hint("d", 4.0, "s1")
    assert queue.take(10, 4.0) == [], "that state is still known"
    queue.hint("b", 4.0)
    assert queue.hint("c", 4.0)
    assert queue.take(10, 4.0) == ["c"], "d made room, and b is being polled"


def test_idle_account_is_removed_from_the_queue_after_a_while() -> None:
    queue = PollQueue(2)
    for each, state in (("b", "s1"), ("c", None)):
        poll(queue, each, 0.0, mails=1, state=state)
    even = SHORTEST + 1 / MAILS_PER_SECOND
    assert queue.take(10, even - 0.01) == []
    assert list(queue._accounts) == ["b", "c"]
    assert queue.take(10, even) == []
    assert list(queue._accounts) == ["b"], "the other account is removed"
    assert queue.take(10, STATE_SECONDS) == []
    assert not queue._accounts
    assert not queue._idle
    assert queue.next_at() is None


def test_poll_batch_respects_its_limit_and_takes_the_oldest_first(queue: PollQueue) -> None:
    for number, each in enumerate("bcde"):
        queue.hint(each, float(number))
    assert queue.take(3, 9.0) == ["b", "c", "d"]
    assert queue.take(3, 9.0) == ["e"]


def test_no_hint_is_lost_and_no_account_is_polled_twice_within_the_pause() -> None:
    """After each hint, a poll starts within the pause and the duration of one poll."""
    chance = random.Random(7)
    queue, now = PollQueue(50), 0.0
    under_way: dict[str, float] = {}
    hinted: dict[str, float] = {}
    ended: dict[str, float] = {}
    for _ in range(20_000):
        now += chance.uniform(0, 0.02)
        each = chance.choice("bcdefg")
        if chance.random() < 0.3:
            queue.hint(each, now)
            hinted.setdefault(each, now)
        for taken in queue.take(2, now):
            assert taken not in under_way
            assert now >= ended.get(taken, -1.0) + SHORTEST
            del hinted[taken]
            under_way[taken] = now + chance.uniform(0, 0.3)
        for account_id, ends in list(under_way.items()):
            if ends <= now:
                del under_way[account_id]
                queue.done(account_id, now, mails=1)
                ended[account_id] = now
        assert all(now - since < 1.0 for since in hinted.values())


def test_full_poll_queue_evicts_no_hinted_or_running_account() -> None:
    chance = random.Random(11)
    queue, now = PollQueue(4), 0.0
    hinted, under_way = set[str](), set[str]()
    for _ in range(20_000):
        now += chance.uniform(0, 0.2)
        each = chance.choice("bcdefghi")
        if queue.hint(each, now, chance.choice([None, "s1", "s2"])):
            if each not in under_way and each in queue._accounts and queue._accounts[each].hinted:
                hinted.add(each)
        else:
            assert len(hinted | under_way) == 4
        for taken in queue.take(chance.randint(0, 2), now):
            hinted.discard(taken)
            under_way.add(taken)
        assert hinted | under_way <= queue._accounts.keys()
        for ended in [each for each in under_way if chance.random() < 0.3]:
            under_way.discard(ended)
            queue.done(ended, now, mails=1, state=chance.choice([None, "s1", "s2"]))
            if queue._accounts[ended].hinted:
                hinted.add(ended)
        assert len(queue._accounts) <= 4
