"""Reads the preparation of mailboxes: once for a request, and again after each change for the streams that are open.

Nothing in PostgreSQL reports a change of a request or of the breaker, since provisioning must not pay for people who
watch. So each process polls: one statement each second for all its streams, which returns what has changed, and then a
statement for each `PAGE` of those. A process without such a stream polls nothing.
"""

import asyncio
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from postroom.errors import DatabaseUnavailable
from postroom.mailboxes.ports import MailboxRecords
from postroom.mailboxes.preparation import MailboxRecord, Preparation, PreparationState, preparation_of
from postroom.process.pause import pause
from postroom.process.telemetry import DATABASE_ERRORS, log

POLL_EVERY = 1.0
"""Seconds within which an open stream learns of a change."""

IDLE_PAUSE = 10.0
"""Seconds between two heartbeats while nobody waits for a mailbox."""

PAGE = 200
"""Mailboxes that one statement reads: a breaker that opens changes all of them."""


@dataclass(slots=True, eq=False)
class Watched:
    """The mailbox of a person, for all streams of this person in the process. `current` is None until it was read."""

    identity_id: UUID
    current: Preparation | None = None
    version: str | None = None
    generation: int = 0
    """of the reads: one that began before `reread` was called does not count"""
    wakes: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    @property
    def is_ready(self) -> bool:
        """An event of the outbox reports if it is so no more: it is not polled."""
        return self.current is not None and self.current.state is PreparationState.READY

    def show(self, found: Preparation) -> None:
        if found.differs_from(self.current):
            self.current = found
            for wake in self.wakes:
                wake()


class Preparations:
    """`sweep_seconds`: the interval of the sweep, None if there is none. `domains` are the served ones.
    `beat` is called in every iteration."""

    def __init__(
        self,
        records: MailboxRecords,
        *,
        sweep_seconds: float | None = None,
        domains: Sequence[str] = (),
        poll_every: float = POLL_EVERY,
        monotonic: Callable[[], float] = time.monotonic,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._records = records
        self._sweep_seconds = sweep_seconds
        self._domains = domains
        self._poll_every = poll_every
        self._monotonic = monotonic
        self._beat = beat
        self._watched: dict[UUID, Watched] = {}
        self._woken = asyncio.Event()
        self._poll_at = monotonic()
        self._is_away = False

    async def of(self, identity_id: UUID) -> tuple[str | None, Preparation]:
        """The requested address, None if there is no request, and the preparation. Raises `DatabaseUnavailable`."""
        (record,) = await self._records.of([identity_id])
        return record.request.email if record.request else None, self._prepared(record)

    @contextmanager
    def watching(self, identity_id: UUID, wake: Callable[[], None]) -> Generator[Watched]:
        """`wake` is called whenever `current` has changed, until the block ends."""
        watched = self._watched.setdefault(identity_id, Watched(identity_id))
        watched.wakes.append(wake)
        self.reread(watched)
        try:
            yield watched
        finally:
            watched.wakes.remove(wake)
            if not watched.wakes:
                self._watched.pop(identity_id, None)

    def reread(self, watched: Watched) -> None:
        """Read it at once: it may have changed, also if it was ready."""
        watched.current = watched.version = None
        watched.generation += 1
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`."""
        while not stop.is_set():
            self._beat()
            self._woken.clear()
            try:
                await self._poll()
            except DatabaseUnavailable as error:
                DATABASE_ERRORS.labels(where="live").inc()
                if not self._is_away:
                    self._is_away = True
                    log.warning("The preparations of mailboxes wait for PostgreSQL", error=str(error))
                await pause(self._poll_every, stop)  # whoever comes now must wait, too
            else:
                self._is_away = False
                await pause(self._seconds_until_poll(), self._woken, stop)

    async def _poll(self) -> None:
        """Read those that were not read yet; once in `poll_every`, all that are not ready and have changed."""
        is_due = self._monotonic() >= self._poll_at
        if is_due:
            self._poll_at = self._monotonic() + self._poll_every
        asked = [each for each in self._watched.values() if each.version is None or (is_due and not each.is_ready)]
        if not asked:
            return
        # The versions first: what changes in between is shown now and read again with the next poll, and never missed.
        generations = {each.identity_id: each.generation for each in asked}
        versions = await self._records.changed({each.identity_id: each.version for each in asked})
        changed = list(versions)
        for start in range(0, len(changed), PAGE):
            for record in await self._records.of(changed[start : start + PAGE]):
                watched = self._watched.get(record.identity_id)
                if watched and watched.generation == generations[record.identity_id]:
                    watched.version = versions[record.identity_id]
                    watched.show(self._prepared(record))

    def _seconds_until_poll(self) -> float:
        is_idle = all(each.is_ready for each in self._watched.values())
        return IDLE_PAUSE if is_idle else self._poll_at - self._monotonic()

    def _prepared(self, record: MailboxRecord) -> Preparation:
        return preparation_of(record, sweep_seconds=self._sweep_seconds, domains=self._domains)
