"""When an account is looked at, however many hints come."""

import random

from postroom.mail.look_queue import MEMORY, LookQueue

REST = 0.25


def test_the_first_hint_is_due_at_once_and_more_of_them_change_nothing() -> None:
    queue = LookQueue(10)
    for _ in range(1000):
        assert queue.hint("b", 1.0)
    assert queue.next_at() == 1.0
    assert queue.take(10, 1.0) == ["b"]
    assert queue.take(10, 1.0) == []


def test_hints_during_a_look_are_one_look_afterwards_and_not_before_the_rest() -> None:
    queue = LookQueue(10)
    queue.hint("b", 0.0)
    queue.take(10, 0.0)
    for _ in range(1000):
        queue.hint("b", 0.1)
    assert queue.take(10, 0.1) == []
    queue.done("b", 0.2, rest=REST)
    assert queue.take(10, 0.44) == []
    assert queue.next_at() == 0.2 + REST
    assert queue.take(10, 0.45) == ["b"]
    queue.done("b", 0.5, rest=REST)
    assert queue.take(10, 10.0) == []


def test_a_hint_while_an_account_rests_waits_for_the_end_of_the_rest() -> None:
    queue = LookQueue(10)
    queue.hint("b", 0.0)
    queue.take(10, 0.0)
    queue.done("b", 0.0, rest=REST)
    queue.hint("b", 0.1)
    assert queue.take(10, 0.2) == []
    assert queue.take(10, REST) == ["b"]


def test_a_state_that_a_look_has_found_is_no_news() -> None:
    queue = LookQueue(10)
    queue.hint("b", 0.0, "s1")
    queue.take(10, 0.0)
    queue.hint("b", 0.0, "s1")
    queue.done("b", 0.0, rest=REST, state="s1")
    queue.hint("b", 0.0, "s1")
    assert queue.take(10, 1.0) == []
    queue.hint("b", 1.0, "s2")
    assert queue.take(10, 1.0) == ["b"]
    queue.hint("b", 1.0, "s1")  # of what it came from it cannot be known
    queue.done("b", 1.0, rest=REST, state="s2")
    assert queue.take(10, 2.0) == ["b"]


def test_a_hint_without_a_state_always_counts() -> None:
    queue = LookQueue(10)
    queue.hint("b", 0.0)
    queue.take(10, 0.0)
    queue.hint("b", 0.0, "s1")
    queue.hint("b", 0.0)
    queue.done("b", 0.0, rest=REST, state="s1")
    assert queue.take(10, 1.0) == ["b"]


def test_others_do_not_wait_for_one() -> None:
    queue = LookQueue(10)
    queue.hint("b", 0.0)
    queue.take(10, 0.0)
    queue.hint("c", 0.0)
    assert queue.take(10, 0.0) == ["c"]


def test_what_does_not_fit_is_refused_and_there_is_room_again_later() -> None:
    queue = LookQueue(2)
    assert queue.hint("b", 0.0)
    assert queue.hint("c", 0.0)
    assert not queue.hint("d", 0.0)
    assert queue.hint("b", 0.0)
    for each, state in zip(queue.take(10, 0.0), ("s1", None), strict=True):
        queue.done(each, 0.0, rest=REST, state=state)
    assert not queue.hint("d", 0.1)
    assert queue.take(10, REST) == []
    assert queue.hint("d", REST), "of the other nothing need be remembered"
    assert not queue.hint("e", REST)
    assert queue.take(10, MEMORY) == ["d"]
    assert queue.hint("e", MEMORY)


def test_a_batch_is_no_larger_than_asked_and_the_oldest_come_first() -> None:
    queue = LookQueue(10)
    for number, each in enumerate("bcde"):
        queue.hint(each, float(number))
    assert queue.take(3, 9.0) == ["b", "c", "d"]
    assert queue.take(3, 9.0) == ["e"]


def test_no_hint_is_lost_and_no_account_is_looked_at_twice_within_the_rest() -> None:
    """Against what was hinted: after each hint, a look begins within the rest and the length of a look."""
    chance = random.Random(7)
    queue, now = LookQueue(50), 0.0
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
            assert now >= ended.get(taken, -1.0) + REST
            del hinted[taken]
            under_way[taken] = now + chance.uniform(0, 0.3)
        for account_id, ends in list(under_way.items()):
            if ends <= now:
                del under_way[account_id]
                queue.done(account_id, now, rest=REST)
                ended[account_id] = now
        assert all(now - since < 1.0 for since in hinted.values())
