"""New mail, told once: a hint says where to look, Email/changes says what came, one commit keeps both.

    hint (web hook, EventSource, sweep) → look: changes since the stored state → new state and event in one commit

Hints may be lost, doubled, forged or late: what is told hangs on the stored state alone. Two processes may look at
once; the commit of the second one fails, since the state is not the one it began with.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from postroom.domain.arrival import arrival_data, arrived, reload_data
from postroom.errors import MailServerError, Unavailable
from postroom.mail.look_queue import LookQueue
from postroom.mail.mail_changes import HistoryLost, MailChanges
from postroom.mail.ports import MailState, MailStates
from postroom.telemetry import ARRIVAL_HINTS, ARRIVAL_LOOKS, ARRIVALS, DATABASE_ERRORS, log

REST = 0.25
"""Seconds between two looks at an account: a burst of thousands becomes a few looks and events."""

REST_OF_UNWATCHED = 2.0
"""Seconds until PostgreSQL is asked again whether an account is watched. The hint is kept so long: its owner may have
come on line at another process meanwhile."""

DATABASE_PAUSE = 1.0
FRESH = 60.0
"""Seconds for which a look that found nothing need not be written down."""

BATCH = 100
MOST_HINTED = 20_000


class Arrivals:
    """`wake`: an event was committed. At most `at_once` accounts are looked at at the same time."""

    def __init__(
        self,
        states: MailStates,
        mail: MailChanges,
        wake: Callable[[], None],
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        at_once: int = 16,
        most_hinted: int = MOST_HINTED,
    ) -> None:
        self._states = states
        self._mail = mail
        self._wake = wake
        self._now = now
        self._monotonic = monotonic
        self._queue = LookQueue(most_hinted)
        self._hinted = asyncio.Event()
        self._turns = asyncio.Semaphore(at_once)
        self._looks: set[asyncio.Task[None]] = set()

    def hint(self, account_ids: Iterable[str], state: str | None = None) -> None:
        """These accounts may have news; `state`: the one that Email is said to have now. Costs nothing but a look."""
        now = self._monotonic()
        for account_id in account_ids:
            taken = self._queue.hint(account_id, now, state)
            ARRIVAL_HINTS.labels(result="taken" if taken else "dropped").inc()
        self._hinted.set()

    async def first_look(self, state: MailState) -> None:
        """What is in an account is not new to who comes on line: only what comes from now on. Raises
        `MailServerError`s and `Unavailable`."""
        async with self._turns:
            await self._look(state)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. A look that is cut off has told nothing, and is made again by whoever is hinted or sweeps."""
        async with asyncio.TaskGroup() as group:
            dispatching = group.create_task(self._dispatch(group))
            await stop.wait()
            for task in (dispatching, *self._looks):
                task.cancel()

    async def _dispatch(self, group: asyncio.TaskGroup) -> None:
        while True:
            self._hinted.clear()
            due = self._queue.take(BATCH, self._monotonic())
            if not due:
                await self._wait()
                continue
            for state in await self._watched_of(due):
                await self._turns.acquire()
                task = group.create_task(self._turn(state))
                self._looks.add(task)
                task.add_done_callback(self._looks.discard)

    async def _wait(self) -> None:
        at = self._queue.next_at()
        try:
            async with asyncio.timeout(None if at is None else max(0.0, at - self._monotonic())):
                await self._hinted.wait()
        except TimeoutError:
            return

    async def _watched_of(self, due: Sequence[str]) -> Sequence[MailState]:
        try:
            found = await self._states.watched(due)
        except Unavailable as error:
            self._database_away(error)
            for account_id in due:
                self._done(account_id, rest=DATABASE_PAUSE, again=True)
            return ()
        for account_id in set(due) - {state.account.account_id for state in found}:
            self._done(account_id, rest=REST_OF_UNWATCHED)
        return found

    async def _turn(self, state: MailState) -> None:
        rest, again, seen = REST, False, None
        try:
            seen = await self._look(state)
            again = seen is None
        except MailServerError as error:
            # Not again by itself: what is away is not helped by questions. The next hint or the sweep looks.
            ARRIVAL_LOOKS.labels(result="failed").inc()
            log.info("Could not look for new mail", account_id=state.account.account_id, error=str(error))
        except Unavailable as error:
            self._database_away(error)
            rest, again = DATABASE_PAUSE, True
        finally:
            self._turns.release()
            self._done(state.account.account_id, rest=rest, again=again, state=seen)

    def _done(self, account_id: str, *, rest: float, again: bool = False, state: str | None = None) -> None:
        now = self._monotonic()
        if again:
            self._queue.hint(account_id, now)
        self._queue.done(account_id, now, rest=rest, state=state)
        self._hinted.set()

    def _database_away(self, error: Unavailable) -> None:
        DATABASE_ERRORS.labels(where="arrivals").inc()
        log.warning("Arrivals wait for PostgreSQL", error=str(error))

    async def _look(self, state: MailState) -> str | None:
        """Tell what came since `state`. The state then, None if somebody else was quicker."""
        result, email_state, events = await self._found(state)
        written = bool(events) or email_state != state.email_state or state.age > FRESH
        if written and not await self._states.advance(state, email_state, events):
            ARRIVAL_LOOKS.labels(result="overtaken").inc()
            return None
        ARRIVAL_LOOKS.labels(result=result).inc()
        if events:
            ARRIVALS.inc(sum(event.get("count", 0) for event in events))
            self._wake()
        return email_state

    async def _found(self, state: MailState) -> tuple[str, str, list[Mapping[str, Any]]]:
        """What the look is called, the state after it, and the events to tell."""
        account, since = state.account, state.email_state
        if since is None:
            return "first", await self._mail.present(account), []
        seen_at = self._now() - timedelta(seconds=state.age)
        ids: list[str] = []
        email_state = since
        try:
            async for page in self._mail.since(account, since):
                ids += arrived(page.created, page.roles, since=seen_at)
                email_state = page.state
        except HistoryLost:
            email_state = await self._mail.present(account)
            return "reload", email_state, [reload_data(email_state)]
        if not ids:
            return "nothing", email_state, []
        return "announced", email_state, [arrival_data(ids, email_state)]
