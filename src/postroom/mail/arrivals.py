"""New mail, told once: a hint says where to look, Email/changes says what came, one commit keeps both.

    hint (web hook, EventSource, sweep) → look: changes since the stored state → new state and event in one commit

Hints may be lost, doubled, forged or late: what is told hangs on the stored state alone. Two processes may look at
once; the commit of the second one fails, since the state is not the one it began with.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cachetools import LRUCache

from postroom.domain.arrival import arrival_data, arrived, reload_data
from postroom.domain.jittered_backoff import backoff
from postroom.domain.poll_pace import BURST, EMPTY_POLL
from postroom.errors import DatabaseUnavailable, MailServerError, Throttled, Transient
from postroom.mail.poll_queue import PollQueue
from postroom.mail.ports import HistoryLost, MailChanges, MailState, MailStates
from postroom.pause import cut_off, pause
from postroom.telemetry import ARRIVAL_HINTS, ARRIVAL_POLLS, ARRIVALS, DATABASE_ERRORS, MAIL_DEFECTS, log

DATABASE_PAUSE = 1.0
LONGEST_SLEEP = 5.0
FRESH = 60.0
"""Seconds for which a look that found nothing need not be written down."""

AGAIN = 20_000
"""Mails that a look told last and that the next one does not tell again. Stalwart 0.16.19 shows what comes during a
look in the next one, too, for the state that it tells is from before (seen); in a burst, hundreds come."""

CACHE_SIZE = 200_000
"""Such mails of all accounts, in each process: if two look in turns, one may be told twice."""

BATCH = 100
MOST_HINTED = 20_000


@dataclass(frozen=True, slots=True)
class _End:
    """Of a look: at that `state`, if it is known. It counts as so many `mails`. `again`: it is made once more, after
    `pause` seconds at least."""

    state: str | None = None
    again: bool = False
    pause: float = 0.0
    mails: float = EMPTY_POLL


@dataclass(frozen=True, slots=True)
class _Found:
    """What the look is called, the state after it, the events to tell, and as how many `mails` it counts. `ids`: of the
    new mail."""

    result: str
    email_state: str
    mails: float
    events: Sequence[Mapping[str, Any]] = ()
    ids: Sequence[str] = ()


class Arrivals:
    """`wake`: an event was committed. At most `at_once` accounts are looked at at the same time. `beat` says that it
    goes round."""

    def __init__(
        self,
        states: MailStates,
        mail: MailChanges,
        wake: Callable[[], None],
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
        at_once: int = 16,
        most_hinted: int = MOST_HINTED,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._states = states
        self._mail = mail
        self._wake = wake
        self._now = now
        self._monotonic = monotonic
        self._uniform = uniform
        self._beat = beat
        self._queue = PollQueue(most_hinted)
        self._hinted = asyncio.Event()
        self._turns = asyncio.Semaphore(at_once)
        self._looks: set[asyncio.Task[_End]] = set()
        self._greeted: dict[str, Callable[[], bool]] = {}
        """Of the accounts whose first look is under way here"""
        self._failures: dict[str, int] = {}
        """Looks in a row that the mail server did not answer, by account id; each of these is to be looked at again"""
        self._told = LRUCache[str, tuple[str, frozenset[str]]](CACHE_SIZE, lambda told: len(told[1]))
        """By account id: the state after the last look that told of mail, and the last ids that it told"""

    def hint(self, account_ids: Iterable[str], state: str | None = None) -> Sequence[str]:
        """These accounts may have news; `state`: the one that Email is said to have now. Costs nothing but a look.
        Returns those for which there is no room now."""
        now, dropped = self._monotonic(), list[str]()
        for account_id in account_ids:
            taken = self._queue.hint(account_id, now, state)
            ARRIVAL_HINTS.labels(result="taken" if taken else "dropped").inc()
            if not taken:
                dropped.append(account_id)
        self._hinted.set()
        return dropped

    async def first_poll(self, state: MailState, greeted: Callable[[], bool] = lambda: False) -> None:
        """What is in an account is not new to who comes on line: only what comes from now on. `greeted`: whether a
        screen was told by now that it hears of everything. Raises `MailServerError`s and `DatabaseUnavailable`."""
        account_id = state.account.account_id
        self._greeted[account_id] = greeted
        try:
            async with self._turns:
                await self._poll(state, greeted)
        finally:
            self._greeted.pop(account_id, None)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. A look that is cut off has told nothing, and is made again by whoever is hinted or sweeps."""
        try:
            while not stop.is_set():
                self._beat()
                self._hinted.clear()
                if due := self._queue.take(BATCH, self._monotonic()):
                    await self._begin(due)
                else:
                    await pause(self._next_in(), self._hinted, stop)
        finally:
            await cut_off(self._looks)

    def _next_in(self) -> float:
        at = self._queue.next_at()
        return LONGEST_SLEEP if at is None else min(LONGEST_SLEEP, at - self._monotonic())

    async def _begin(self, due: Sequence[str]) -> None:
        """A look at each of them that is watched; of the others nothing is to be told."""
        left = set(due)
        end = _End()
        try:
            for state in await self._states.watched(due):
                await self._turns.acquire()
                left.discard(state.account.account_id)
                self._start(state)
        except DatabaseUnavailable as error:
            self._database_away(error)
            end = _End(again=True, pause=DATABASE_PAUSE)
        finally:
            for account_id in left:
                self._done(account_id, end)

    def _start(self, state: MailState) -> None:
        task = asyncio.create_task(self._turn(state))
        self._looks.add(task)
        task.add_done_callback(lambda _: self._ended(state.account.account_id, task))

    def _ended(self, account_id: str, task: asyncio.Task[_End]) -> None:
        self._looks.discard(task)
        self._turns.release()
        error = None if task.cancelled() else task.exception()
        if error:
            # A defect of ours, or an answer that nobody foresaw: the looks at the others go on.
            MAIL_DEFECTS.labels(where="look").inc()
            log.error("A look for new mail broke", account_id=account_id, exc_info=error)
        self._done(account_id, _End() if error or task.cancelled() else task.result())

    async def _turn(self, state: MailState) -> _End:
        account_id = state.account.account_id
        try:
            # A hint may come just when somebody comes on line, and be looked at before the first look has ended.
            return await self._poll(state, greeted=lambda: self._greeted.get(account_id, lambda: True)())
        except MailServerError as error:
            ARRIVAL_POLLS.labels(result="failed").inc()
            log.info("Could not look for new mail", account_id=account_id, error=str(error))
            if not isinstance(error, (Transient, Throttled)):
                return _End()  # an operator must act; the next hint or the sweep looks
            asked = error.retry_after if isinstance(error, Throttled) else None
            failures = self._failures.get(account_id, 0)
            self._failures[account_id] = failures + 1
            return _End(again=True, pause=backoff(failures, self._uniform, asked=asked))
        except DatabaseUnavailable as error:
            self._database_away(error)
            return _End(again=True, pause=DATABASE_PAUSE)

    def _done(self, account_id: str, end: _End) -> None:
        now = self._monotonic()
        if end.again:
            self._queue.hint(account_id, now)
        else:
            self._failures.pop(account_id, None)
        self._queue.done(account_id, now, mails=end.mails, pause=end.pause, state=end.state)
        self._hinted.set()

    def _database_away(self, error: DatabaseUnavailable) -> None:
        DATABASE_ERRORS.labels(where="arrivals").inc()
        log.warning("Arrivals wait for PostgreSQL", error=str(error))

    async def _poll(self, state: MailState, greeted: Callable[[], bool]) -> _End:
        """Tell what came since `state`, unless somebody else was quicker."""
        found = await self._found(state, greeted)
        written = bool(found.events) or found.email_state != state.email_state or state.age > FRESH
        if written and not await self._states.advance(state, found.email_state, found.events):
            ARRIVAL_POLLS.labels(result="overtaken").inc()
            return _End(again=True)
        ARRIVAL_POLLS.labels(result=found.result).inc()
        if found.events:
            ARRIVALS.inc(sum(event.get("count", 0) for event in found.events))
            if found.ids:  # an entry of no mail has no size, and would never make room
                self._told[state.account.account_id] = found.email_state, frozenset(found.ids[-AGAIN:])
            self._wake()
        return _End(state=found.email_state, mails=found.mails)

    async def _found(self, state: MailState, greeted: Callable[[], bool]) -> _Found:
        account, since = state.account, state.email_state
        if since is None:
            email_state = await self._mail.present(account)
            # What came since the greeting cannot be told from what was there before.
            return _Found("first", email_state, EMPTY_POLL, [reload_data(email_state)] if greeted() else [])
        seen_at = self._now() - timedelta(seconds=state.age)
        told_at, told = self._told.get(account.account_id, ("", frozenset[str]()))
        ids, created, email_state = list[str](), 0, since
        try:
            async for page in self._mail.since(account, since):
                ids += arrived(page.created, page.roles, since=seen_at)
                created += len(page.created)
                email_state = page.state
        except HistoryLost:
            email_state = await self._mail.present(account)
            return _Found("reload", email_state, BURST, [reload_data(email_state)])
        mails = EMPTY_POLL if email_state == since else max(1, created)
        if told_at == since:
            ids = [each for each in ids if each not in told]
        if not ids:
            return _Found("nothing", email_state, mails)
        return _Found("announced", email_state, mails, [arrival_data(ids, email_state)], ids)
