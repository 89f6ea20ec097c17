"""People on line: their accounts are watched, and the mail server is listened to for each of them.

EventSource tells of an account to its owner only (seen on Stalwart 0.16.19), so it takes a connection a person. It is
one more way for hints, and on a server without web hooks the only one; nobody's mail hangs on it.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from uuid import UUID

from postroom.errors import MailServerError, PostroomError, Unavailable
from postroom.mail.arrivals import Arrivals
from postroom.mail.mail_changes import MailListener
from postroom.mail.ports import MailAccount, MailAccounts, MailState, MailStates
from postroom.telemetry import EVENT_SOURCES, log

FIRST_LOOK_WITHIN = 3.0
"""Seconds for which somebody who comes on line waits for it."""

LOOK_ROUND = 5.0
LISTEN_AGAIN = 300.0
"""Seconds after the mail server refused to be listened to, or ended it for good; a cut alone is mended below."""

DATABASE_PAUSE = 10.0


@dataclass(slots=True)
class _Person:
    account: MailAccount
    until: float
    listening: asyncio.Task[None] | None = None
    listen_at: float = 0.0


class Watching:
    """`listener`: None where only web hooks and the sweep tell. Somebody is on line for `on_line_for` seconds after it
    was said last: longer than two connection tokens live, since nobody tells when a screen leaves Centrifugo.
    `linger`: seconds for which a page may be loading again. At most `most` are listened to."""

    def __init__(
        self,
        accounts: MailAccounts,
        states: MailStates,
        arrivals: Arrivals,
        listener: MailListener | None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        most: int = 2000,
        on_line_for: float = 900.0,
        linger: float = 60.0,
    ) -> None:
        self._accounts = accounts
        self._states = states
        self._arrivals = arrivals
        self._listener = listener
        self._monotonic = monotonic
        self._most = most
        self._on_line_for = on_line_for
        self._linger = linger
        self._people: dict[UUID, _Person] = {}
        self._listening = 0
        self._changed = asyncio.Event()

    async def on_line(self, identity_id: UUID) -> None:
        """Somebody looks at a screen; say so each minute or so. When it returns, new mail is told from then on, if the
        mail server answered in time. Does nothing for somebody without a mailbox. Raises `Unavailable`."""
        account = await self._accounts.of(identity_id)
        if account is None:
            return
        comes = self._note(account)
        state = await self._states.watch(account)
        if state.email_state is None:
            await self._first_look(state)
        elif comes:
            self._arrivals.hint([account.account_id])

    async def off_line(self, identity_id: UUID) -> None:
        """The last screen of somebody in this process has gone."""
        person = self._people.get(identity_id)
        if person is not None:
            person.until = min(person.until, self._monotonic() + self._linger)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. Only while it runs is anybody listened to."""
        async with asyncio.TaskGroup() as group:
            tending = group.create_task(self._tend(group))
            await stop.wait()
            tending.cancel()
            for person in self._people.values():
                if person.listening:
                    person.listening.cancel()

    def _note(self, account: MailAccount) -> bool:
        """True for who was not on line in this process, or had another address."""
        person = self._people.get(account.identity_id)
        until = self._monotonic() + self._on_line_for
        if person is not None and person.account == account:
            person.until = until
            return False
        if person is not None and person.listening:
            person.listening.cancel()  # who has another address logs in otherwise
        self._people[account.identity_id] = _Person(account, until)
        self._changed.set()
        return True

    async def _first_look(self, state: MailState) -> None:
        account_id = state.account.account_id
        try:
            async with asyncio.timeout(FIRST_LOOK_WITHIN):
                await self._arrivals.first_look(state)
        except (MailServerError, TimeoutError) as error:
            # The screen is not kept waiting; the next report, or a hint, makes the first look.
            log.info("Could not look for the first time", account_id=account_id, error=str(error) or "time-out")
            self._arrivals.hint([account_id])

    async def _tend(self, group: asyncio.TaskGroup) -> None:
        while True:
            self._changed.clear()
            now = self._monotonic()
            for identity_id, person in list(self._people.items()):
                if person.until <= now:
                    del self._people[identity_id]
                    if person.listening:
                        person.listening.cancel()
                elif self._may_listen(person, now):
                    person.listening = group.create_task(self._listen(person))
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_ROUND):
                    await self._changed.wait()

    def _may_listen(self, person: _Person, now: float) -> bool:
        return (
            self._listener is not None
            and person.listening is None
            and person.listen_at <= now
            and self._listening < self._most
        )

    async def _listen(self, person: _Person) -> None:
        assert self._listener is not None
        self._count(1)
        pause = LISTEN_AGAIN
        try:
            async with aclosing(self._listener.listen(person.account)) as states:
                async for state in states:
                    self._arrivals.hint([person.account.account_id], state)
        except PostroomError as error:
            pause = DATABASE_PAUSE if isinstance(error, Unavailable) else LISTEN_AGAIN
            log.warning("Cannot listen to the mail server", account_id=person.account.account_id, error=str(error))
        finally:
            self._count(-1)
            person.listening = None
            person.listen_at = self._monotonic() + pause

    def _count(self, more: int) -> None:
        self._listening += more
        EVENT_SOURCES.set(self._listening)
