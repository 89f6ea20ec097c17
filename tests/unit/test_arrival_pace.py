"""How soon new mail is announced, in virtual time: single messages, bursts, and many accounts at once."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeVar
from uuid import uuid4

import pytest

from arrivals_world import FakeStates
from mail_account import MailInMemory
from postroom.arrivals.arrivals import Arrivals
from postroom.arrivals.ports import MailState
from postroom.domain.poll_pace import LONGEST
from postroom.mailboxes.ports import MailAccount
from simulation.virtual_time import VirtualClock, VirtualLoop

T = TypeVar("T")

POLL = 0.005
"""Seconds that the mail server takes for a response."""


class Watched:
    """Accounts whose new mail is announced. `late`: for each message, the seconds from its hint to the commit;
    `events`: the times of the events; `counted`: the number of messages in the events."""

    def __init__(self, *account_ids: str) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.time = loop.time
        self.mail = MailInMemory(seconds=POLL)
        self.states = FakeStates()
        for each in account_ids:
            self.states.stored[each] = MailState(MailAccount(uuid4(), f"{each}@example.org", each), "s0")
        clock = VirtualClock(loop)
        self.arrivals = Arrivals(self.states, self.mail, self._reported, now=clock.now, monotonic=clock.monotonic)
        self.events: list[float] = []
        self.counted = 0
        self._hinted: dict[str, float] = {}
        self.late: dict[str, float] = {}

    def deliver(self, account_id: str = "b", times: int = 1) -> None:
        for each in self.mail.deliver(account_id, times=times):
            self._hinted[each] = self.time()
        self.arrivals.hint([account_id], self.mail._state(account_id))

    def _reported(self) -> None:
        event = self.states.events[-1]
        self.events.append(self.time())
        self.counted += event["count"]
        for each in event.get("ids", ()):
            self.late[each] = self.time() - self._hinted[each]

    def p95(self, account_id: str = "b") -> float:
        late = sorted(late for each, late in self.late.items() if each.partition("-")[0] == account_id)
        return late[int(0.95 * len(late))]


async def every(seconds: float, for_: float, do: Callable[[], object]) -> None:
    """Call `do` every `seconds`, starting at once."""
    time = asyncio.get_running_loop().time
    began, turn = time(), 0
    while turn * seconds < for_:
        await asyncio.sleep(began + turn * seconds - time())
        do()
        turn += 1


def in_virtual_time(act: Callable[[Watched], Awaitable[T]], *account_ids: str) -> tuple[Watched, T]:
    """The accounts after `act` and 10 s more, and the result of `act`."""

    async def main() -> tuple[Watched, T]:
        watched, stop = Watched(*account_ids or ("b",)), asyncio.Event()
        running = asyncio.create_task(watched.arrivals.run(stop))
        result = await act(watched)
        await asyncio.sleep(10)
        stop.set()
        await running
        return watched, result

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(Random(1))) as runner:
        return runner.run(main())


@pytest.mark.parametrize("spacing", [0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 3.0])
def test_single_mails_are_announced_at_once_however_long_they_keep_coming(spacing: float) -> None:
    """For a minute, reported by the webhook, and once a second also by the event source."""

    async def act(watched: Watched) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(every(spacing, 60, watched.deliver))
            group.create_task(every(1.03, 60, lambda: watched.arrivals.hint(["b"], watched.mail._state("b"))))

    watched, _ = in_virtual_time(act)
    assert len(watched.late) == watched.counted == pytest.approx(60 / spacing, abs=1)
    assert watched.p95() <= 0.05
    assert max(watched.late.values()) <= 0.1


@pytest.mark.parametrize("seconds", [0.0, 1.0, 10.0, 20.0, 60.0, 180.0])
def test_ten_thousand_mails_in_three_minutes_give_at_most_twenty_events_and_none_is_missing(seconds: float) -> None:
    async def act(watched: Watched) -> float:
        if not seconds:
            watched.deliver(times=10_000)
        else:
            await every(seconds / 1000, seconds, lambda: watched.deliver(times=10))
        return watched.time()

    watched, ended = in_virtual_time(act)
    assert watched.counted == 10_000
    assert len(watched.events) <= 20
    assert watched.events[-1] <= ended + 1.5, "the last messages do not wait for the end of a pause"


def test_after_a_burst_single_mails_are_announced_at_once_again() -> None:
    """At the latest after two pauses, although ten messages arrive per second."""

    async def act(watched: Watched) -> None:
        await every(0.01, 20, lambda: watched.deliver(times=2))
        await every(0.1, 2 * LONGEST, watched.deliver)
        watched.late.clear()
        await every(0.1, 60, watched.deliver)

    watched, _ = in_virtual_time(act)
    assert len(watched.late) >= 600
    assert max(watched.late.values()) <= 0.1
    assert watched.p95() <= 0.05


def test_first_mail_a_second_after_a_burst_waits_a_second_at_most_and_later_ones_do_not() -> None:
    async def act(watched: Watched) -> None:
        await every(0.01, 20, lambda: watched.deliver(times=2))
        await every(1.2, 60, watched.deliver)

    watched, _ = in_virtual_time(act)
    late = list(watched.late.values())[-49:]
    assert late[0] <= 1.1
    assert max(late[1:]) <= 0.05


def test_hints_without_news_cost_the_mail_server_four_polls_a_second_and_one_slot_of_the_person() -> None:
    async def act(watched: Watched) -> None:
        await every(0.005, 60, lambda: watched.arrivals.hint(["b"]))

    watched, _ = in_virtual_time(act)
    assert watched.mail.polls["b"] <= 4.5 * 60
    assert watched.mail.most_at_once == 1


def test_sixteen_accounts_are_polled_at_once_and_a_burst_of_one_delays_no_other() -> None:
    others = [f"c{number}" for number in range(300)]

    async def act(watched: Watched) -> None:
        chance = Random(7)
        async with asyncio.TaskGroup() as group:
            group.create_task(every(0.002, 20, lambda: watched.deliver(chance.choice(others))))
            group.create_task(every(0.01, 20, lambda: watched.deliver(times=20)))
            group.create_task(every(5, 20, lambda: [watched.deliver(each) for each in others]))

    watched, _ = in_virtual_time(act, "b", *others)
    assert watched.counted == 20 * 500 + 2000 * 20 + 4 * 300
    assert watched.mail.most_at_once == 16
    # 300 polls of 5 ms, 16 at a time, take 94 ms.
    assert max(late for each, late in watched.late.items() if not each.startswith("b-")) <= 0.2
