"""Detects new mail and announces it once: a hint triggers a poll, Email/changes lists news, one commit stores both.

    hint (webhook, event source, sweep) → poll: changes since the stored state → new state and event in one commit

Hints may be lost, duplicated, forged or late: what is announced depends on the stored state only. If two processes poll
at once, the commit of the second one fails, since the stored state is not the one that it started with.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cachetools import LRUCache

from postroom.arrivals.poll_queue import PollQueue
from postroom.arrivals.ports import HistoryLost, MailChanges, MailState, MailStates
from postroom.domain.arrival import arrival_data, arrived, reload_data
from postroom.domain.jittered_backoff import backoff
from postroom.domain.poll_pace import BURST, EMPTY_POLL
from postroom.errors import DatabaseUnavailable, MailServerError, Throttled, Transient
from postroom.process.pause import cut_off, pause
from postroom.process.telemetry import ARRIVAL_HINTS, ARRIVAL_POLLS, ARRIVALS, DATABASE_ERRORS, MAIL_DEFECTS, log

DATABASE_PAUSE = 1.0
LONGEST_SLEEP = 5.0
FRESH = 60.0
"""Seconds for which a poll that found nothing need not be recorded."""

REPEATABLE_IDS = 20_000
"""How many of the last announced ids the next poll ignores. Stalwart 0.16.19 lists mail that arrives during a poll in
the next one, too, since the state that it returns is older; in a burst these are hundreds (seen)."""

CACHE_SIZE = 200_000
"""Such ids of all accounts, in each process. If two processes poll by turns, a mail may be announced twice."""

BATCH = 100
MOST_HINTED = 20_000


@dataclass(frozen=True, slots=True)
class _PollResult:
    """How a poll ended: at that `state`, if it is known. It counts as so many `mails`. `repeat`: poll once more, after
    `pause` seconds at least."""

    state: str | None = None
    repeat: bool = False
    pause: float = 0.0
    mails: float = EMPTY_POLL


@dataclass(frozen=True, slots=True)
class _Changes:
    """What a poll found: the metric's `result`, the state after it, the events to publish, as how many `mails` it
    counts, and the `ids` of new mail."""

    result: str
    email_state: str
    mails: float
    events: Sequence[Mapping[str, Any]] = ()
    ids: Sequence[str] = ()


class Arrivals:
    """`wake` is called after an event was committed. At most `at_once` accounts are polled at the same time. `beat` is
    called in every iteration."""

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
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._states = states
        self._mail = mail
        self._wake = wake
        self._now = now
        self._monotonic = monotonic
        self._uniform = uniform
        self._beat = beat
        self._queue = PollQueue(MOST_HINTED)
        self._hinted = asyncio.Event()
        self._slots = asyncio.Semaphore(at_once)
        self._polls: set[asyncio.Task[_PollResult]] = set()
        self._greeted: dict[str, Callable[[], bool]] = {}
        """For the accounts whose first poll is in progress here"""
        self._failures: dict[str, int] = {}
        """Consecutive polls that failed at the mail server, by account id; each of these is to be polled again"""
        self._announced = LRUCache[str, tuple[str, frozenset[str]]](CACHE_SIZE, lambda announced: len(announced[1]))
        """By account id: the state after the last poll that announced mail, and the last ids that it announced"""

    def hint(self, account_ids: Iterable[str], state: str | None = None) -> Sequence[str]:
        """These accounts may have new mail; `state` is the new state of Email, if the hint has it. A wrong hint costs
        only a poll. Returns the accounts for which the queue has no room now."""
        now, dropped = self._monotonic(), list[str]()
        for account_id in account_ids:
            taken = self._queue.hint(account_id, now, state)
            ARRIVAL_HINTS.labels(result="taken" if taken else "dropped").inc()
            if not taken:
                dropped.append(account_id)
        self._hinted.set()
        return dropped

    async def first_poll(self, state: MailState, greeted: Callable[[], bool] = lambda: False) -> None:
        """Record the current state: for a person who comes online, only later mail is new. `greeted`: whether a client
        already relies on getting every event. Raises `MailServerError`s and `DatabaseUnavailable`."""
        account_id = state.account.account_id
        self._greeted[account_id] = greeted
        try:
            async with self._slots:
                await self._poll(state, greeted)
        finally:
            self._greeted.pop(account_id, None)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`. A cancelled poll has announced nothing; the next hint or sweep repeats it."""
        try:
            while not stop.is_set():
                self._beat()
                self._hinted.clear()
                if due := self._queue.take(BATCH, self._monotonic()):
                    await self._begin(due)
                else:
                    await pause(self._next_in(), self._hinted, stop)
        finally:
            await cut_off(self._polls)

    def _next_in(self) -> float:
        at = self._queue.next_at()
        return LONGEST_SLEEP if at is None else min(LONGEST_SLEEP, at - self._monotonic())

    async def _begin(self, due: Sequence[str]) -> None:
        """Poll each of them that is watched; nothing is announced for the others."""
        left = set(due)
        end = _PollResult()
        try:
            for state in await self._states.watched(due):
                await self._slots.acquire()
                left.discard(state.account.account_id)
                self._start(state)
        except DatabaseUnavailable as error:
            self._database_unavailable(error)
            end = _PollResult(repeat=True, pause=DATABASE_PAUSE)
        finally:
            for account_id in left:
                self._done(account_id, end)

    def _start(self, state: MailState) -> None:
        task = asyncio.create_task(self._poll_account(state))
        self._polls.add(task)
        task.add_done_callback(lambda _: self._ended(state.account.account_id, task))

    def _ended(self, account_id: str, task: asyncio.Task[_PollResult]) -> None:
        self._polls.discard(task)
        self._slots.release()
        error = None if task.cancelled() else task.exception()
        if error:
            # A bug, or an unforeseen response: the polls of other accounts go on.
            MAIL_DEFECTS.labels(where="poll").inc()
            log.error("A poll for new mail failed", account_id=account_id, exc_info=error)
        self._done(account_id, _PollResult() if error or task.cancelled() else task.result())

    async def _poll_account(self, state: MailState) -> _PollResult:
        account_id = state.account.account_id
        try:
            # A hint may arrive just when a person comes online, and be polled before the first poll has ended.
            return await self._poll(state, greeted=lambda: self._greeted.get(account_id, lambda: True)())
        except MailServerError as error:
            ARRIVAL_POLLS.labels(result="failed").inc()
            log.info("Could not poll for new mail", account_id=account_id, error=str(error))
            if not isinstance(error, (Transient, Throttled)):
                return _PollResult()  # an operator must act; the next hint or sweep polls again
            asked = error.retry_after if isinstance(error, Throttled) else None
            failures = self._failures.get(account_id, 0)
            self._failures[account_id] = failures + 1
            return _PollResult(repeat=True, pause=backoff(failures, self._uniform, asked=asked))
        except DatabaseUnavailable as error:
            self._database_unavailable(error)
            return _PollResult(repeat=True, pause=DATABASE_PAUSE)

    def _done(self, account_id: str, end: _PollResult) -> None:
        now = self._monotonic()
        if end.repeat:
            self._queue.hint(account_id, now)
        else:
            self._failures.pop(account_id, None)
        self._queue.done(account_id, now, mails=end.mails, pause=end.pause, state=end.state)
        self._hinted.set()

    def _database_unavailable(self, error: DatabaseUnavailable) -> None:
        DATABASE_ERRORS.labels(where="arrivals").inc()
        log.warning("Arrivals wait for PostgreSQL", error=str(error))

    async def _poll(self, state: MailState, greeted: Callable[[], bool]) -> _PollResult:
        """Announce what arrived since `state`, unless another process was faster."""
        found = await self._found(state, greeted)
        written = bool(found.events) or found.email_state != state.email_state or state.age > FRESH
        if written and not await self._states.advance(state, found.email_state, found.events):
            ARRIVAL_POLLS.labels(result="overtaken").inc()
            return _PollResult(repeat=True)
        ARRIVAL_POLLS.labels(result=found.result).inc()
        if found.events:
            ARRIVALS.inc(sum(event.get("count", 0) for event in found.events))
            if found.ids:  # an entry without ids has no size, and would never be evicted
                self._announced[state.account.account_id] = found.email_state, frozenset(found.ids[-REPEATABLE_IDS:])
            self._wake()
        return _PollResult(state=found.email_state, mails=found.mails)

    async def _found(self, state: MailState, greeted: Callable[[], bool]) -> _Changes:
        account, since = state.account, state.email_state
        if since is None:
            email_state = await self._mail.current_state(account)
            # Mail that arrived since the greeting cannot be distinguished from older mail.
            return _Changes("first", email_state, EMPTY_POLL, [reload_data(email_state)] if greeted() else [])
        seen_at = self._now() - timedelta(seconds=state.age)
        announced_at, announced = self._announced.get(account.account_id, ("", frozenset[str]()))
        ids, created, email_state = list[str](), 0, since
        try:
            async for page in self._mail.since(account, since):
                ids += arrived(page.created, page.roles, since=seen_at)
                created += len(page.created)
                email_state = page.state
        except HistoryLost:
            email_state = await self._mail.current_state(account)
            return _Changes("reload", email_state, BURST, [reload_data(email_state)])
        mails = EMPTY_POLL if email_state == since else max(1, created)
        if announced_at == since:
            ids = [each for each in ids if each not in announced]
        if not ids:
            return _Changes("nothing", email_state, mails)
        return _Changes("announced", email_state, mails, [arrival_data(ids, email_state)], ids)
