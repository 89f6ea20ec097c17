"""From the outbox to the screens: claim, announce, note it; again at once until nothing is left."""

import asyncio
import time
from collections.abc import Callable, Sequence

from postroom.errors import DatabaseUnavailable, PublisherUnavailable
from postroom.mail.ports import LiveEvent, Outbox, Publisher
from postroom.pause import pause
from postroom.telemetry import ANNOUNCER_ERRORS, DATABASE_ERRORS, LIVE_EVENTS, log

PEOPLE_AT_ONCE = 100

FALLBACK_POLL = 1.0
"""Seconds. Whoever commits an event wakes his own process; this look finds what a killed process left, and what was
claimed while PostgreSQL went away. It costs an idle process one index look a second."""

DATABASE_PAUSE = 0.5
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
"""Seconds between tries while the publisher is away, doubling: it is asked by nobody else, so this is the breaker."""

PRUNE_EVERY = 60.0


class OutboxPublisher:
    """Any number of processes may run one; the claim decides who announces what. `beat` says that it goes round."""

    def __init__(
        self,
        outbox: Outbox,
        publisher: Publisher,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._outbox = outbox
        self._publisher = publisher
        self._monotonic = monotonic
        self._beat = beat
        self._woken = asyncio.Event()
        self._pause_if_away = FIRST_PAUSE
        self._prune_at = monotonic()

    def wake(self) -> None:
        """An event was committed: look without waiting."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. What is left then is announced by whoever runs next."""
        while not stop.is_set():
            self._beat()
            self._woken.clear()
            await self._turn(stop)

    async def _turn(self, stop: asyncio.Event) -> None:
        try:
            await self._prune()
            if not await self._announce_some():
                await pause(FALLBACK_POLL, self._woken, stop)
        except PublisherUnavailable as error:
            if self._pause_if_away == FIRST_PAUSE:
                log.warning("Screens cannot be told for now; events wait", error=str(error))
            # Not cut short by a wake: new mail must not hammer what is away.
            await pause(self._pause_if_away, stop)
            self._pause_if_away = min(2 * self._pause_if_away, LONGEST_PAUSE)
        except DatabaseUnavailable as error:
            DATABASE_ERRORS.labels(where="outbox_publisher").inc()
            log.warning("OutboxPublisher waits for PostgreSQL", error=str(error))
            await pause(DATABASE_PAUSE, stop)

    async def _announce_some(self) -> bool:
        events = await self._outbox.claim(PEOPLE_AT_ONCE)
        if not events:
            return False
        ids = [event.id for event in events]
        try:
            refused = await self._publisher.publish(events)
        except PublisherUnavailable:
            ANNOUNCER_ERRORS.inc()
            await self._outbox.release(ids)
            raise
        await self._outbox.announced(ids)
        if self._pause_if_away != FIRST_PAUSE:
            self._pause_if_away = FIRST_PAUSE
            log.info("Screens can be told again")
        self._count(len(events), refused)
        return True

    async def _prune(self) -> None:
        now = self._monotonic()
        if now >= self._prune_at:
            # A first one at the start: a process that is restarted every minute forgets, too.
            self._prune_at = now + PRUNE_EVERY
            await self._outbox.prune()

    def _count(self, events: int, refused: Sequence[LiveEvent]) -> None:
        LIVE_EVENTS.labels(result="announced").inc(events - len(refused))
        LIVE_EVENTS.labels(result="refused").inc(len(refused))
        if refused:
            ids = [event.id for event in refused[:20]]
            log.error("Events that can never be announced were given up", count=len(refused), event_ids=ids)
