"""People online and their mail, without any server: time passes only when a test advances it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from eventually import eventually
from fakes import FakeClock, uncalled
from mail_account import MailInMemory
from mail_fakes import FakeAccounts
from postroom.arrivals.account_watcher import AccountWatcher
from postroom.arrivals.arrivals import Arrivals
from postroom.arrivals.ports import MailState
from postroom.errors import DatabaseUnavailable
from postroom.mailboxes.ports import MailAccount

ALICE = MailAccount(UUID(int=1), "alice@example.org", "b")
BOB = MailAccount(UUID(int=2), "bob@example.org", "c")

ITERATIONS = 100
"""More iterations of the event loop than anything here takes."""


class FakeStates:
    """`MailStates` of one process."""

    def __init__(self) -> None:
        self.stored: dict[str, MailState] = {}
        self.seen: list[str] = []
        self.asked: list[str] = []
        self.events: list[Mapping[str, Any]] = []
        self.unavailable = False
        self.failures: list[Exception] = []
        """Errors of the next calls of `watched`"""

    async def watch(self, account: MailAccount) -> MailState:
        if self.unavailable:
            raise DatabaseUnavailable("PostgreSQL cannot be reached")
        self.seen.append(account.account_id)
        return self.stored.setdefault(account.account_id, MailState(account, None))

    async def watched(self, account_ids: Sequence[str]) -> Sequence[MailState]:
        self.asked += account_ids
        if self.failures:
            raise self.failures.pop(0)
        return [self.stored[each] for each in account_ids if each in self.stored]

    async def advance(self, state: MailState, email_state: str, events: Sequence[Mapping[str, Any]]) -> bool:
        if self.stored[state.account.account_id].email_state != state.email_state:
            return False
        self.stored[state.account.account_id] = MailState(state.account, email_state)
        self.events += events
        return True

    stale: Any = uncalled
    forget = uncalled


class FakeListener:
    """An event source per account: put an item into its queue in `open`. `failures` end the next ones."""

    def __init__(self) -> None:
        self.open: dict[str, asyncio.Queue[str | None]] = {}
        self.begun: list[MailAccount] = []
        self.failures: list[Exception] = []

    async def listen(self, account: MailAccount) -> AsyncGenerator[str | None]:
        self.begun.append(account)
        if self.failures:
            raise self.failures.pop(0)
        events = self.open[account.account_id] = asyncio.Queue()
        try:
            yield None
            while True:
                yield await events.get()
        finally:
            del self.open[account.account_id]


class World:
    def __init__(self, *, at_once: int = 16, **more: Any) -> None:
        self.clock = FakeClock()
        self.accounts, self.states = FakeAccounts(ALICE, BOB), FakeStates()
        self.mail, self.listener = MailInMemory(), FakeListener()
        timed: Any = {"monotonic": self.clock.monotonic, "uniform": lambda _, high: high}
        self.arrivals = Arrivals(self.states, self.mail, lambda: None, now=self.clock.now, at_once=at_once, **timed)
        more = {"listener": self.listener} | more
        self.watching = AccountWatcher(self.accounts, self.states, self.arrivals, **timed, **more)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["World"]:
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.arrivals.run(stop))
            group.create_task(self.watching.run(stop))
            yield self
            stop.set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["World"]:
        """Running, with Alice online and listened to."""
        async with self.running():
            await self.watching.mark_online(ALICE.identity_id)
            await self.until_open("b")
            yield self

    async def hint_of(self, account_id: str, *, after: float, events: int = 1) -> None:
        """A hint whose poll is due `after` so many seconds. It ends with so many events altogether."""
        self.arrivals.hint([account_id])
        await self.pass_time(after)
        await eventually(lambda: len(self.states.events) == events, "the mail is published")

    async def pass_time(self, seconds: float) -> None:
        """Let what is running end, then advance the clock. Otherwise a poll whose event the test has already seen could
        end after the advance, and its pause would begin too late."""
        await self.settle()
        self.clock.seconds += seconds
        self.watching._changed.set()
        self.arrivals._hinted.set()
        await self.settle()

    async def settle(self) -> None:
        """Let every task run until it waits for time, for a test, or for a hint."""
        for _ in range(ITERATIONS):
            await asyncio.sleep(0)

    async def until_open(self, *account_ids: str) -> None:
        await eventually(lambda: self.listener.open.keys() == set(account_ids), f"{account_ids} are listened to")
