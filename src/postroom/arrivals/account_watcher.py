"""Watches the accounts of people who are online, and listens to the mail server's event source for each of them.

The event source reports an account to its owner only (seen on Stalwart 0.16.19), so it needs one connection for each
person. It is a second source of hints, and the only one on a server without webhooks. New mail is found without it,
too.
"""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from postroom.arrivals.arrivals import Arrivals
from postroom.arrivals.ports import MailListener, MailState, MailStates
from postroom.domain.jittered_backoff import backoff
from postroom.errors import DatabaseUnavailable, MailboxMissing, MailServerError, PostroomError, Throttled, Transient
from postroom.mailboxes.ports import MailAccount, MailAccounts
from postroom.process.pause import cut_off, pause
from postroom.process.telemetry import EVENT_SOURCES, MAIL_DEFECTS, log

FIRST_POLL_TIMEOUT = 3.0
"""Seconds for which a client that comes online waits for the first poll."""

ONLINE_FOR = 900.0
"""Seconds; longer than two connection tokens live, because Centrifugo does not report when a client disconnects."""

RELOADED_WITHIN = 60.0
"""Seconds in which a page that was left may be there again."""

LOOP_INTERVAL = 5.0
LISTEN_RETRY_SECONDS = 300.0
"""Seconds after the mail server refused a listener or ended it deliberately. `event_source` reconnects by itself after
a broken connection."""

DATABASE_PAUSE = 10.0


@dataclass(slots=True)
class _Person:
    """`greeted`: a client may rely on getting every event from now on. `watched`: the account is watched, and earlier
    mail was polled for. `failures`: consecutive failures to listen. `deaf`: the mail server
    reports nothing to a listener."""

    until: float
    account: MailAccount | None = None
    greeted: bool = False
    watched: bool = False
    listening: asyncio.Task[float] | None = None
    listen_at: float = 0.0
    failures: int = 0
    deaf: bool = False


class AccountWatcher:
    """`listener`: None if only webhooks and the sweep give hints. `hooked`: the mail server calls a webhook. A person
    is online for `ONLINE_FOR` after the last report. At most `most` listeners run. `beat` is called in every
    iteration."""

    def __init__(
        self,
        accounts: MailAccounts,
        states: MailStates,
        arrivals: Arrivals,
        listener: MailListener | None,
        *,
        hooked: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
        most: int = 2000,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._accounts = accounts
        self._states = states
        self._arrivals = arrivals
        self._listener = listener
        self._hooked = hooked
        self._deaf = False
        self._monotonic = monotonic
        self._uniform = uniform
        self._most = most
        self._beat = beat
        self._people: dict[UUID, _Person] = {}
        self._listening: set[asyncio.Task[float]] = set()
        self._changed = asyncio.Event()

    async def mark_online(self, identity_id: UUID) -> None:
        """Report, about once a minute, that a person has a client open. From its return on, new mail is published, if
        the mail server answered in time. Does nothing for a person without a mailbox. Raises `DatabaseUnavailable`, and
        `MailboxMissing`, after which the account is not watched any more."""
        person = self._mark(identity_id)
        try:
            account = await self._accounts.of(identity_id)
            if account is None:
                return
            self._set_account(person, account)
            state = await self._states.watch(account)
            if state.email_state is None and not person.greeted:
                await self._first_poll(state, person)
            elif state.email_state is None or not person.watched:
                self._arrivals.hint([account.account_id])
            person.watched = True
            self._changed.set()
        except MailboxMissing:
            self._set_account(person, None)
            raise
        finally:
            person.greeted = True

    def hears(self, identity_id: UUID) -> bool:
        """Whether the mail server reports new mail of this person, as far as is known; else the sweep finds it."""
        if self._hooked:
            return True
        person = self._people.get(identity_id)
        return self._listener is not None and not (person.deaf if person else self._deaf)

    async def mark_offline(self, identity_id: UUID) -> None:
        """The last client of a person at this process has disconnected."""
        person = self._people.get(identity_id)
        if person is not None:
            person.until = min(person.until, self._monotonic() + RELOADED_WITHIN)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`. Listeners exist only while it runs."""
        try:
            while not stop.is_set():
                self._beat()
                self._changed.clear()
                self._update_listeners()
                await pause(LOOP_INTERVAL, self._changed, stop)
        finally:
            await cut_off(self._listening)

    def _mark(self, identity_id: UUID) -> _Person:
        """Called before any query: a client that was greeted while PostgreSQL was unavailable was greeted, too."""
        person = self._people.setdefault(identity_id, _Person(0.0, deaf=self._deaf))
        person.until = self._monotonic() + ONLINE_FOR
        return person

    def _set_account(self, person: _Person, account: MailAccount | None) -> None:
        if person.account == account:
            return
        if person.listening:
            person.listening.cancel()  # another address means another login
        person.account, person.watched, person.listening, person.listen_at = account, False, None, 0.0

    async def _first_poll(self, state: MailState, person: _Person) -> None:
        account_id = state.account.account_id
        try:
            async with asyncio.timeout(FIRST_POLL_TIMEOUT):
                await self._arrivals.first_poll(state, lambda: person.greeted)
        except (MailServerError, TimeoutError) as error:
            # The client does not wait any longer. It gets a reload event once the poll has succeeded.
            log.info("Could not make the first poll", account_id=account_id, error=str(error) or "time-out")
            self._arrivals.hint([account_id])

    def _update_listeners(self) -> None:
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
            # A bug, or an unforeseen error: the other listeners go on.
            MAIL_DEFECTS.labels(where="listener").inc()
            log.error("A listener to the mail server failed", exc_info=error)
        if person.listening is task:
            pause = 0.0 if task.cancelled() else LISTEN_RETRY_SECONDS if error else task.result()
            person.listening, person.listen_at = None, self._monotonic() + pause

    async def _listen(self, person: _Person, account: MailAccount) -> float:
        """Listen until it ends. Returns the seconds after which to begin again."""
        assert self._listener is not None
        try:
            async with aclosing(self._listener.listen(account)) as states:
                async for state in states:
                    person.failures, person.deaf, self._deaf = 0, False, False
                    self._arrivals.hint([account.account_id], state)
        except PostroomError as error:
            log.warning("Cannot listen to the mail server", account_id=account.account_id, error=str(error))
            person.deaf = not isinstance(error, DatabaseUnavailable)
            self._deaf = person.deaf and not isinstance(error, Transient | Throttled)
            return self._pause_after(error, person)
        person.deaf = True
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
