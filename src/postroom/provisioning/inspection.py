"""The inspection: are all mailboxes on record at the mail server still?

Nobody tells us of a mailbox that was destroyed, or of a mail server that was restored from an old backup. So one leader
looks at every mailbox, a page at a time, and more often at those that a look did not find. It changes nothing at the
mail server, and makes nothing anew: an operator does, by `postroom remake`.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from uuid import UUID

from postroom.domain.missing import Recorded
from postroom.errors import MailServerError, Throttled
from postroom.leader_loop import run_as_leader
from postroom.ports import Leadership
from postroom.provisioning.mailbox_lookup import MOST, MailboxLookup
from postroom.provisioning.ports import Inspected
from postroom.telemetry import log

EVERY = 3600.0
"""Seconds from the end of a pass through all of them to the begin of the next."""

AGAIN_EVERY = 15.0
"""The same for those that a look did not find: whoever is missing is told so 60 to 75 s after the first look."""

PAGE_PAUSE = 0.5
"""Seconds between pages: a million mailboxes take 17 minutes, and the mail server hardly notices."""

PAGE_WITHIN = 10.0
SICK_PAUSE = 30.0
"""Seconds to leave a mail server alone that did not answer."""

JITTER = 0.1
LONGEST_SLEEP = 5.0
LEAD_FOR = 60.0
"""Seconds after which another process may lead: two who took turns would each keep the pace, and look twice as often"""


class Inspection:
    """`uniform` draws the jitter; `beat` is called each time it goes round."""

    def __init__(
        self,
        lookup: MailboxLookup,
        inspected: Inspected,
        leadership: Leadership,
        *,
        uniform: Callable[[float, float], float],
        monotonic: Callable[[], float] = time.monotonic,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.lookup = lookup
        self._inspected = inspected
        self._leadership = leadership
        self._uniform = uniform
        self._monotonic = monotonic
        self._beat = beat
        self._not_before = 0.0
        self._again_at = 0.0
        self._again_after: UUID | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. PostgreSQL and the mail server being away are waited out."""
        await run_as_leader(
            "inspection",
            self._leadership,
            self.turn,
            stop,
            every=LONGEST_SLEEP,
            lead_for=LEAD_FOR,
            monotonic=self._monotonic,
            beat=self._beat,
        )

    async def turn(self) -> float:
        """Look at a page if one is due. Returns the seconds until somebody should look again."""
        if (wait := self._not_before - self._monotonic()) > 0:
            return wait
        try:
            return await self._page()
        except MailServerError as error:
            log.info("Inspection waits for the mail server", error=str(error))
            asked = error.retry_after if isinstance(error, Throttled) else None
            self._not_before = self._monotonic() + max(SICK_PAUSE, asked or 0.0)
            return SICK_PAUSE

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
        # However many they are, every second page is one of all mailboxes.
        self._again_at = now + (2 * PAGE_PAUSE if more else AGAIN_EVERY)

    async def _check(self, page: Sequence[Recorded]) -> None:
        if page:
            await self.lookup.look_up(page, deadline=PAGE_WITHIN)
