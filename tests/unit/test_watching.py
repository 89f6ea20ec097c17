"""People on line: whose accounts are watched, who is listened to, and for how long."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from eventually import eventually
from fakes import FakeClock
from mail_account import MailInMemory
from postroom.errors import Misconfigured, Transient, Unavailable
from postroom.mail import watching as watching_module
from postroom.mail.arrivals import Arrivals
from postroom.mail.ports import MailAccount, MailState
from postroom.mail.watching import Watching

ALICE = MailAccount(UUID(int=1), "alice@example.org", "b")
BOB = MailAccount(UUID(int=2), "bob@example.org", "c")


class FakeAccounts:
    def __init__(self, *accounts: MailAccount) -> None:
        self.known = {account.identity_id: account for account in accounts}

    async def of(self, identity_id: UUID) -> MailAccount | None:
        return self.known.get(identity_id)


class FakeStates:
    """`MailStates` of one process."""

    def __init__(self) -> None:
        self.kept: dict[str, MailState] = {}
        self.seen: list[str] = []
        self.events: list[Mapping[str, Any]] = []
        self.away = False

    async def watch(self, account: MailAccount) -> MailState:
        if self.away:
            raise Unavailable("PostgreSQL cannot be reached")
        self.seen.append(account.account_id)
        return self.kept.setdefault(account.account_id, MailState(account, None))

    async def watched(self, account_ids: Sequence[str]) -> Sequence[MailState]:
        return [self.kept[each] for each in account_ids if each in self.kept]

    async def advance(self, state: MailState, email_state: str, events: Sequence[Mapping[str, Any]]) -> bool:
        self.kept[state.account.account_id] = MailState(state.account, email_state)
        self.events += events
        return True

    async def stale(self, seconds: float) -> AsyncIterator[Sequence[MailState]]:
        raise NotImplementedError
        yield ()

    async def forget(self) -> int:
        raise NotImplementedError


class FakeListener:
    """`say` is heard by who listens. `failures` end the next ones."""

    def __init__(self) -> None:
        self.open: dict[str, asyncio.Queue[str | None]] = {}
        self.begun: list[MailAccount] = []
        self.failures: list[Exception] = []

    async def listen(self, account: MailAccount) -> AsyncGenerator[str | None]:
        self.begun.append(account)
        if self.failures:
            raise self.failures.pop(0)
        heard = self.open[account.account_id] = asyncio.Queue()
        try:
            yield None
            while True:
                yield await heard.get()
        finally:
            del self.open[account.account_id]


class World:
    def __init__(self, **more: Any) -> None:
        self.clock = FakeClock()
        self.accounts, self.states = FakeAccounts(ALICE, BOB), FakeStates()
        self.mail, self.listener = MailInMemory(), FakeListener()
        self.arrivals = Arrivals(self.states, self.mail, lambda: None, now=self.clock.now)
        more = {"listener": self.listener} | more
        self.watching = Watching(self.accounts, self.states, self.arrivals, monotonic=self.clock.monotonic, **more)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.arrivals.run(stop))
            group.create_task(self.watching.run(stop))
            yield
            stop.set()

    async def pass_time(self, seconds: float) -> None:
        self.clock.seconds += seconds
        self.watching._changed.set()
        await asyncio.sleep(0.02)

    async def until_open(self, *account_ids: str) -> None:
        await eventually(lambda: self.listener.open.keys() == set(account_ids), f"{account_ids} are listened to")


async def test_coming_on_line_makes_the_first_look_before_it_returns() -> None:
    world = World()
    world.mail.deliver("b", times=2)
    await world.watching.on_line(ALICE.identity_id)
    assert world.states.kept["b"].email_state == "s2"
    assert world.states.events == []


async def test_coming_back_looks_for_what_came_meanwhile() -> None:
    world = World()
    world.states.kept["b"] = MailState(ALICE, "s0")
    async with world.running():
        world.mail.deliver("b")
        await world.watching.on_line(ALICE.identity_id)
        await eventually(lambda: world.states.events, "it is told")


async def test_somebody_without_a_mailbox_is_not_watched() -> None:
    world = World()
    await world.watching.on_line(UUID(int=99))
    assert world.states.seen == []


async def test_each_report_is_noted_and_only_the_first_looks() -> None:
    world = World()
    for _ in range(3):
        await world.watching.on_line(ALICE.identity_id)
    assert world.states.seen == ["b", "b", "b"]
    assert world.mail.looks == {"b": 1}


async def test_a_mail_server_that_does_not_answer_keeps_no_screen_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching_module, "FIRST_LOOK_WITHIN", 0.05)
    world = World(listener=None)
    world.mail.held = asyncio.Event()
    await asyncio.wait_for(world.watching.on_line(ALICE.identity_id), 2)
    world.mail.held = None
    world.mail.failures = [Transient("mail server answered 503")]
    await world.watching.on_line(BOB.identity_id)
    async with world.running():
        await eventually(lambda: all(each.email_state for each in world.states.kept.values()), "looked at afterwards")


async def test_postgresql_away_is_told_and_the_next_report_counts() -> None:
    world = World()
    world.states.away = True
    with pytest.raises(Unavailable):
        await world.watching.on_line(ALICE.identity_id)
    world.states.away = False
    await world.watching.on_line(ALICE.identity_id)
    assert world.states.kept["b"].email_state == "s0"


async def test_who_is_on_line_is_listened_to_and_what_is_heard_is_a_hint() -> None:
    world = World()
    async with world.running():
        await world.watching.on_line(ALICE.identity_id)
        await world.until_open("b")
        (first,) = world.mail.deliver("b")
        world.listener.open["b"].put_nowait("s1")
        await eventually(lambda: world.states.events, "it is told")
        assert world.states.events[0]["ids"] == [first]
        looks = world.mail.looks["b"]
        world.listener.open["b"].put_nowait("s1")
        await asyncio.sleep(0.3)
        assert world.mail.looks["b"] == looks, "that state was found already"
    assert world.listener.open == {}


async def test_a_minute_after_the_last_screen_has_gone_the_listening_ends() -> None:
    world = World()
    async with world.running():
        await world.watching.on_line(ALICE.identity_id)
        await world.until_open("b")
        await world.watching.off_line(ALICE.identity_id)
        await world.pass_time(59)
        assert world.listener.open.keys() == {"b"}
        await world.pass_time(1)
        await world.until_open()
        assert len(world.listener.begun) == 1


async def test_a_page_that_is_loaded_again_goes_on_listening() -> None:
    world = World()
    async with world.running():
        await world.watching.on_line(ALICE.identity_id)
        await world.until_open("b")
        await world.watching.off_line(ALICE.identity_id)
        await world.watching.on_line(ALICE.identity_id)
        await world.pass_time(300)
        assert world.listener.open.keys() == {"b"}
        assert len(world.listener.begun) == 1


async def test_who_never_says_goodbye_is_off_line_after_three_tokens() -> None:
    world = World()
    async with world.running():
        await world.watching.on_line(ALICE.identity_id)
        await world.until_open("b")
        await world.pass_time(899)
        assert world.listener.open.keys() == {"b"}
        await world.pass_time(1)
        await world.until_open()


async def test_going_off_line_twice_or_unknown_is_nothing() -> None:
    world = World()
    await world.watching.off_line(ALICE.identity_id)
    await world.watching.on_line(ALICE.identity_id)
    await world.watching.off_line(ALICE.identity_id)
    await world.watching.off_line(ALICE.identity_id)


async def test_no_more_people_are_listened_to_than_may_be_and_the_next_takes_a_free_place() -> None:
    world = World(most=1)
    async with world.running():
        await world.watching.on_line(ALICE.identity_id)
        await world.until_open("b")
        await world.watching.on_line(BOB.identity_id)
        await world.pass_time(0)
        assert world.listener.open.keys() == {"b"}
        await world.watching.off_line(ALICE.identity_id)
        await world.pass_time(60)
        await world.pass_time(0)
        await world.until_open("c")


async def test_a_new_address_is_listened_to_anew() -> None:
    world = World()
    async with world.running():
        await world.watching.on_line(ALICE.identity_id)
        await world.until_open("b")
        renamed = MailAccount(ALICE.identity_id, "alicia@example.org", "b")
        world.accounts.known[ALICE.identity_id] = renamed
        await world.watching.on_line(ALICE.identity_id)
        await eventually(lambda: world.listener.begun == [ALICE, renamed], "by the new address")


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (Misconfigured("mail server does not know our credentials", unauthorized=True), 300),
        (Transient("mail server answered 404"), 300),
        (Unavailable("PostgreSQL cannot be reached"), 10),
    ],
)
async def test_a_listening_that_fails_begins_again_after_a_pause_and_disturbs_nobody(
    error: Exception, pause: float
) -> None:
    world = World()
    world.listener.failures = [error]
    async with world.running():
        await world.watching.on_line(ALICE.identity_id)
        await eventually(lambda: len(world.listener.begun) == 1, "it began")
        await world.watching.on_line(BOB.identity_id)
        await world.until_open("c")
        await world.pass_time(pause - 1)
        assert world.listener.open.keys() == {"c"}
        await world.pass_time(1)
        await world.until_open("b", "c")


async def test_a_defect_of_the_listener_ends_the_run_and_does_not_stay_unnoticed() -> None:
    world = World()
    world.listener.failures = [ZeroDivisionError("a defect")]
    await world.watching.on_line(ALICE.identity_id)
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(world.watching.run(asyncio.Event()), 5)
    assert caught.group_contains(ZeroDivisionError)


async def test_where_nobody_may_be_listened_to_people_are_watched_all_the_same() -> None:
    world = World(listener=None)
    async with world.running():
        await world.watching.on_line(ALICE.identity_id)
        (first,) = world.mail.deliver("b")
        world.arrivals.hint(["b"])
        await eventually(lambda: world.states.events, "it is told")
        assert world.states.events[0]["ids"] == [first]
