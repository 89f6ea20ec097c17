"""The sweep: read all identities of Kratos and store a request for whoever has none.

Kratos has no outbox: a hook is lost when Kratos dies, when we are away for longer than it tries, and identities
made by its admin API fire none. The hook is the fast path; the sweep is the guarantee.

Every process may sweep, one at a time, a page at a time. Where the sweep stands is in PostgreSQL, so that any
process goes on where another was killed. It creates and changes nothing else: no dead letter is revived.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from postroom.domain.address import printable
from postroom.domain.identity import AddressPolicy, Identity, mailbox_for
from postroom.domain.mailbox import Mailbox
from postroom.domain.request import Origin
from postroom.errors import KratosAway, Refused, Unavailable
from postroom.pause import pause
from postroom.ports import Announcements, Identities, Leadership, Requests, Swept
from postroom.telemetry import DATABASE_ERRORS, SWEEP_FAILURES, SWEEP_FINISHED, SWEEP_PAGES, SWEPT, log

PAGE_PAUSE = 0.5
"""Seconds between pages: a million identities take 17 minutes, and Kratos hardly notices."""

SICK_PAUSE = 30.0
"""Seconds to leave a Kratos alone that did not give a page."""

JITTER = 0.1
LONGEST_SLEEP = 5.0
LEADER = "sweep"


@dataclass(slots=True)
class _Page:
    mailboxes: list[Mailbox] = field(default_factory=list[Mailbox])
    refusals: list[tuple[UUID, str | None, str]] = field(default_factory=list[tuple[UUID, str | None, str]])
    inactive: int = 0


class Sweep:
    """`every` seconds a new pass begins; `uniform` draws the jitter; `wake` rouses the worker of this process;
    `beat` says that it goes round."""

    def __init__(
        self,
        identities: Identities,
        swept: Swept,
        requests: Requests,
        announcements: Announcements,
        leadership: Leadership,
        policy: AddressPolicy,
        *,
        every: float,
        uniform: Callable[[float, float], float],
        now: Callable[[], datetime],
        wake: Callable[[], None],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._identities = identities
        self._swept = swept
        self._requests = requests
        self._announcements = announcements
        self._leadership = leadership
        self._policy = policy
        self._every = every
        self._uniform = uniform
        self._now = now
        self._wake = wake
        self._beat = beat

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. The first pass begins at once: much may have happened while we were away."""
        asked_to_start = False
        while not stop.is_set():
            self._beat()
            seconds = LONGEST_SLEEP
            try:
                if not asked_to_start:
                    await self._swept.start_soon()
                    asked_to_start = True
                seconds = await self.turn()
            except Unavailable:
                DATABASE_ERRORS.labels(where="sweep").inc()
            await pause(min(seconds, LONGEST_SLEEP), stop)

    async def turn(self) -> float:
        """Sweep a page if one is due and nobody else does. Returns the seconds until somebody should look again."""
        async with self._leadership.lead(LEADER) as leads:
            if not leads:
                return PAGE_PAUSE
            progress = await self._swept.progress()
            if progress.due_in > 0:
                return progress.due_in
            try:
                return await self._page(progress.token)
            except KratosAway as error:
                SWEEP_FAILURES.inc()
                log.warning("Sweep waits for Kratos", error=str(error))
                await self._swept.put_off(SICK_PAUSE)
                return SICK_PAUSE

    async def _page(self, token: str | None) -> float:
        page = await self._identities.page(token)
        sorted_out = self._sort_out(page.identities)
        is_last = page.next_token is None
        due_in = self._every * self._uniform(1 - JITTER, 1 + JITTER) if is_last else PAGE_PAUSE
        # Before the progress: a kill in between repeats them, and each is recorded once.
        await self._swept.record_refusals(sorted_out.refusals)
        stored, held = await self._swept.store(sorted_out.mailboxes, token=page.next_token, due_in=due_in)
        for mailbox in held:
            await self._requests.refuse_held(mailbox, origin=Origin(), action="sweep")
        await self._announcements.announce(stored)
        if stored:
            log.info(f"Sweep found {len(stored)} identities without a mailbox")
            self._wake()
        self._count(page.identities, sorted_out, len(stored), len(held))
        if is_last:
            SWEEP_FINISHED.set(self._now().timestamp())
        return due_in

    def _sort_out(self, identities: Sequence[Identity]) -> _Page:
        page = _Page()
        for identity in identities:
            if not identity.active:
                page.inactive += 1
                continue
            try:
                page.mailboxes.append(mailbox_for(identity.id, identity.traits, self._policy))
            except Refused as error:
                email = identity.traits.get("email")
                page.refusals.append((identity.id, printable(email) if isinstance(email, str) else None, str(error)))
        return page

    def _count(self, identities: Sequence[Identity], page: _Page, stored: int, held: int) -> None:
        SWEEP_PAGES.inc()
        SWEPT.labels(found="inactive").inc(page.inactive)
        SWEPT.labels(found="refused").inc(len(page.refusals))
        SWEPT.labels(found="missing").inc(stored)
        SWEPT.labels(found="held").inc(held)
        known = len(identities) - page.inactive - len(page.refusals) - stored - held
        SWEPT.labels(found="known").inc(known)
