"""The inspection: checks that all mailboxes on record are still at the mail server.

Stalwart does not notify us when a mailbox is destroyed, or when it is restored from an old backup. So one leader checks
every mailbox, a page at a time, and more often those that a check did not find. What of a mailbox is not as it is on
record makes it due (`provisioning/mailboxes_at_rest.py`). The inspection itself changes nothing at the mail server and
recreates nothing: an operator does, by `postroom remake`.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from uuid import UUID

from postroom.domain.missing import Recorded
from postroom.errors import MailServerError, Throttled
from postroom.ports import Leadership
from postroom.process.heartbeats import Beat, unheard
from postroom.process.leader_loop import run_as_leader
from postroom.process.telemetry import log
from postroom.provisioning.mailbox_lookup import MOST, MailboxLookup
from postroom.provisioning.mailboxes_at_rest import MailboxesAtRest
from postroom.provisioning.ports import Inspected

EVERY = 3600.0
"""Seconds from the end of a full pass to the start of the next."""

AGAIN_EVERY = 15.0
"""The same for mailboxes that a check did not find: a mailbox is reported missing 60 to 75 s after the first check."""

PAGE_PAUSE = 0.5
"""Seconds between pages: a million mailboxes take 17 minutes, and the load on the mail server is small."""

PAGE_WITHIN = 10.0
FAILURE_PAUSE = 30.0
"""Seconds before the next request to a mail server that did not answer."""

JITTER = 0.1
LONGEST_SLEEP = 5.0
LEAD_FOR = 60.0
"""Seconds after which another process may lead: two that alternated would check twice as often."""


class Inspection:
    """`uniform` draws the jitter; `beat` is called in each iteration."""

    def __init__(
        self,
        lookup: MailboxLookup,
        inspected: Inspected,
        at_rest: MailboxesAtRest,
        leadership: Leadership,
        *,
        uniform: Callable[[float, float], float],
        monotonic: Callable[[], float] = time.monotonic,
        beat: Beat = unheard,
    ) -> None:
        self.lookup = lookup
        self._inspected = inspected
        self._at_rest = at_rest
        self._leadership = leadership
        self._uniform = uniform
        self._monotonic = monotonic
        self._beat = beat
        self._not_before = 0.0
        self._again_at = 0.0
        self._again_after: UUID | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`; wait while PostgreSQL or the mail server is unavailable."""
        await run_as_leader(
            "inspection",
            self._leadership,
            self.step,
            stop,
            every=LONGEST_SLEEP,
            lead_for=LEAD_FOR,
            monotonic=self._monotonic,
            beat=self._beat,
        )

    async def step(self) -> float:
        """Check a page if one is due. Returns the seconds until the next step."""
        if (wait := self._not_before - self._monotonic()) > 0:
            return wait
        try:
            return await self._page()
        except MailServerError as error:
            log.info("Inspection waits for the mail server", error=str(error))
            asked = error.retry_after if isinstance(error, Throttled) else None
            self._not_before = self._monotonic() + max(FAILURE_PAUSE, asked or 0.0)
            return FAILURE_PAUSE

    async def _page(self) -> float:
        now = self._monotonic()
        if now >= self._again_at:
            await self._check_again(now)
            return PAGE_PAUSE
        progress = await self._inspected.progress()
        if progress.due_in > 0:
            return min(progress.due_in, self._again_at - now)
        page = await self._inspected.page(progress.after_id, MOST)
        await self._check(page)
        if len(page) == MOST:
            await self._inspected.advance(page[-1].identity_id, due_in=0)
        else:
            await self._inspected.advance(None, due_in=EVERY * self._uniform(1 - JITTER, 1 + JITTER))
        return PAGE_PAUSE

    async def _check_again(self, now: float) -> None:
        page = await self._inspected.doubtful(self._again_after, MOST)
        await self._check(page)
        more = len(page) == MOST
        self._again_after = page[-1].identity_id if more else None
        # Even with many doubtful mailboxes, every second page belongs to the full pass.
        self._again_at = now + (2 * PAGE_PAUSE if more else AGAIN_EVERY)

    async def _check(self, page: Sequence[Recorded]) -> None:
        if page:
            records = await self._at_rest.read(page)
            seen = await self.lookup.look_up(page, deadline=PAGE_WITHIN)
            await self._at_rest.compare(records, page, seen)
