"""Publishes events of the outbox: claims a batch, publishes it, records it, and repeats until none is left."""

import asyncio
import time
from collections.abc import Callable, Sequence

from postroom.arrivals.ports import LiveEvent, Outbox, Publisher
from postroom.errors import DatabaseUnavailable, PublisherUnavailable
from postroom.process.pause import pause
from postroom.process.telemetry import DATABASE_ERRORS, LIVE_EVENTS, PUBLISHER_ERRORS, log

PEOPLE_AT_ONCE = 100

FALLBACK_POLL = 1.0
"""Seconds. New mail wakes the publisher of its own process. The fallback poll finds the events of stored settings, of a
killed process, and those claimed when PostgreSQL became unavailable. An idle process pays one index scan a second."""

DATABASE_PAUSE = 0.5
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
"""Seconds between tries while the publisher is unavailable, doubling. Nothing else uses it, so this is its breaker."""

PRUNE_EVERY = 60.0


class OutboxPublisher:
    """Any number of processes may run one; the claim assigns each event to one. `beat` is called in every iteration."""

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
        self._outage_pause = FIRST_PAUSE
        self._prune_at = monotonic()

    def wake(self) -> None:
        """An event was committed: poll at once."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`. Events that are left then are published by another process, or after the next start."""
        while not stop.is_set():
            self._beat()
            self._woken.clear()
            await self._step(stop)

    async def _step(self, stop: asyncio.Event) -> None:
        try:
            await self._prune()
            if not await self._publish_batch():
                await pause(FALLBACK_POLL, self._woken, stop)
        except PublisherUnavailable as error:
            if self._outage_pause == FIRST_PAUSE:
                log.warning("Cannot publish events for now; they wait in the outbox", error=error.with_fix)
            # A wake does not shorten it: new mail must not flood an unavailable publisher.
            await pause(self._outage_pause, stop)
            self._outage_pause = min(2 * self._outage_pause, LONGEST_PAUSE)
        except DatabaseUnavailable as error:
            DATABASE_ERRORS.labels(where="outbox_publisher").inc()
            log.warning("Outbox publisher waits for PostgreSQL", error=str(error))
            await pause(DATABASE_PAUSE, stop)

    async def _publish_batch(self) -> bool:
        events = await self._outbox.claim(PEOPLE_AT_ONCE)
        if not events:
            return False
        ids = [event.id for event in events]
        try:
            refused = await self._publisher.publish(events)
        except PublisherUnavailable:
            PUBLISHER_ERRORS.inc()
            await self._outbox.release(ids)
            raise
        await self._outbox.published(ids)
        if self._outage_pause != FIRST_PAUSE:
            self._outage_pause = FIRST_PAUSE
            log.info("Events can be published again")
        self._count(len(events), refused)
        return True

    async def _prune(self) -> None:
        now = self._monotonic()
        if now >= self._prune_at:
            # Also at the start: a process that is restarted every minute has to prune, too.
            self._prune_at = now + PRUNE_EVERY
            await self._outbox.prune()

    def _count(self, events: int, refused: Sequence[LiveEvent]) -> None:
        LIVE_EVENTS.labels(result="announced").inc(events - len(refused))
        LIVE_EVENTS.labels(result="refused").inc(len(refused))
        if refused:
            ids = [event.id for event in refused[:20]]
            log.error("Dropped events that can never be published", count=len(refused), event_ids=ids)
