"""People on line: their accounts are watched, and the mail server is listened to for each of them.

EventSource tells of an account to its owner only (seen on Stalwart 0.16.19), so it takes a connection a person. It is
one more way for hints, and on a server without web hooks the only one; nobody's mail hangs on it.
"""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from postroom.domain.jittered_backoff import backoff
from postroom.errors import DatabaseUnavailable, MailboxMissing, MailServerError, PostroomError, Throttled, Transient
from postroom.mail.arrivals import Arrivals
from postroom.mail.ports import MailAccount, MailAccounts, MailListener, MailState, MailStates
from postroom.pause import cut_off, pause
from postroom.telemetry import EVENT_SOURCES, MAIL_DEFECTS, log

FIRST_POLL_TIMEOUT = 3.0
"""Seconds for which somebody who comes on line waits for it."""

LOOP_INTERVAL = 5.0
LISTEN_RETRY_SECONDS = 300.0
"""Seconds after the mail server refused to be listened to, or ended it for good; a cut alone is mended below."""

DATABASE_PAUSE = 10.0


@dataclass(slots=True)
class _Person:
    """`greeted`: a screen may believe by now that it hears of everything. `watched`: mail that comes is told, and what
    came before was asked for. `failures`: in a row, of listening."""

    until: float
    account: MailAccount | None = None
    greeted: bool = False
    watched: bool = False
    listening: asyncio.Task[float] | None = None
    listen_at: float = 0.0
    failures: int = 0


class AccountWatcher:
    """`listener`: None where only web hooks and the sweep tell. Somebody is on line for `online_for` seconds after it
    was said last: longer than two connection tokens live, since nobody tells when a screen leaves Centrifugo.
    `linger`: seconds for which a page may be loading again. At most `most` are listened to;
    `beat` says that it goes round."""

    def __init__(
        self,
        accounts: MailAccounts,
        states: MailStates,
        arrivals: Arrivals,
        listener: MailListener | None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
        most: int = 2000,
        online_for: float = 900.0,
        linger: float = 60.0,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._accounts = accounts
        self._states = states
        self._arrivals = arrivals
        self._listener = listener
        self._monotonic = monotonic
        self._uniform = uniform
        self._most = most
        self._online_for = online_for
        self._linger = linger
        self._beat = beat
        self._people: dict[UUID, _Person] = {}
        self._listening: set[asyncio.Task[float]] = set()
        self._changed = asyncio.Event()

    async def mark_online(self, identity_id: UUID) -> None:
        """Somebody looks at a screen; say so each minute or so. When it returns, new mail is told from then on, if the
        mail server answered in time. Does nothing for somebody without a mailbox. Raises `DatabaseUnavailable`, and
        `MailboxMissing` for whom nobody watches any more."""
        person = self._note(identity_id)
        try:
            account = await self._accounts.of(identity_id)
            if account is None:
                return
            self._use(person, account)
            state = await self._states.watch(account)
            if state.email_state is None and not person.greeted:
                await self._first_look(state, person)
            elif state.email_state is None or not person.watched:
                self._arrivals.hint([account.account_id])
            person.watched = True
            self._changed.set()
        except MailboxMissing:
            self._use(person, None)
            raise
        finally:
            person.greeted = True

    async def mark_offline(self, identity_id: UUID) -> None:
        """The last screen of somebody in this process has gone."""
        person = self._people.get(identity_id)
        if person is not None:
            person.until = min(person.until, self._monotonic() + self._linger)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. Only while it runs is anybody listened to."""
        try:
            while not stop.is_set():
                self._beat()
                self._changed.clear()
                self._tend()
                await pause(LOOP_INTERVAL, self._changed, stop)
        finally:
            await cut_off(self._listening)

    def _note(self, identity_id: UUID) -> _Person:
        """Before anything is asked for: who was greeted while PostgreSQL was away was greeted, too."""
        person = self._people.setdefault(identity_id, _Person(0.0))
        person.until = self._monotonic() + self._online_for
        return person

    def _use(self, person: _Person, account: MailAccount | None) -> None:
        if person.account == account:
            return
        if person.listening:
            person.listening.cancel()  # who has another address logs in otherwise
        person.account, person.watched, person.listening, person.listen_at = account, False, None, 0.0

    async def _first_look(self, state: MailState, person: _Person) -> None:
        account_id = state.account.account_id
        try:
            async with asyncio.timeout(FIRST_POLL_TIMEOUT):
                await self._arrivals.first_poll(state, lambda: person.greeted)
        except (MailServerError, TimeoutError) as error:
            # The screen is not kept waiting, and is told to load again once the look was made.
            log.info("Could not look for the first time", account_id=account_id, error=str(error) or "time-out")
            self._arrivals.hint([account_id])

    def _tend(self) -> None:
        now = self._monotonic()
        for identity_id, person in list(self._people.items()):
            if person.until <= now:
                del self._people[identity_id]
                if person.listening:
                    person.listening.cancel()
            elif person.account and self._may_listen(person, now):
                self._begin_listening(person, person.account)

    def _may_listen(self, person: _Person, now: float) -> bool:
        return (
            self._listener is not None
            and person.watched
            and person.listening is None
            and person.listen_at <= now
            and len(self._listening) < self._most
        )

    def _begin_listening(self, person: _Person, account: MailAccount) -> None:
        task = person.listening = asyncio.create_task(self._listen(person, account))
        self._listening.add(task)
        EVENT_SOURCES.set(len(self._listening))
        task.add_done_callback(lambda _: self._ended(person, task))

    def _ended(self, person: _Person, task: asyncio.Task[float]) -> None:
        self._listening.discard(task)
        EVENT_SOURCES.set(len(self._listening))
        error = None if task.cancelled() else task.exception()
        if error:
            # A defect of ours, or something that nobody foresaw: the others are listened to all the same.
            MAIL_DEFECTS.labels(where="listener").inc()
            log.error("Listening to the mail server broke", exc_info=error)
        if person.listening is task:
            pause = 0.0 if task.cancelled() else LISTEN_RETRY_SECONDS if error else task.result()
            person.listening, person.listen_at = None, self._monotonic() + pause

    async def _listen(self, person: _Person, account: MailAccount) -> float:
        """Until it ends. The seconds after which to begin again."""
        assert self._listener is not None
        try:
            async with aclosing(self._listener.listen(account)) as states:
                async for state in states:
                    person.failures = 0
                    self._arrivals.hint([account.account_id], state)
        except PostroomError as error:
            log.warning("Cannot listen to the mail server", account_id=account.account_id, error=str(error))
            return self._pause_after(error, person)
        return LISTEN_RETRY_SECONDS

    def _pause_after(self, error: PostroomError, person: _Person) -> float:
        match error:
            case DatabaseUnavailable():
                return DATABASE_PAUSE
            case Transient() | Throttled():
                person.failures += 1
                asked = error.retry_after if isinstance(error, Throttled) else None
                return backoff(person.failures - 1, self._uniform, asked=asked)
            case _:
                return LISTEN_RETRY_SECONDS
