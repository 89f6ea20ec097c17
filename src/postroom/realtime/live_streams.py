"""The port `Publisher` without an extra server: the streams of this process, notified by PostgreSQL's NOTIFY.

A notification only wakes a stream, which then reads the outbox from its own position. So a notification that is lost,
duplicated or early only affects the timing.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Protocol
from uuid import UUID

from postroom.arrivals.ports import LiveEvent, Outbox
from postroom.errors import DatabaseUnavailable, PublisherUnavailable
from postroom.process.pause import cut_off, pause
from postroom.process.telemetry import DATABASE_ERRORS, LIVE_STREAMS, log

PAGE = 100
SETTLE_EVERY = 20.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
MAX_ENTRIES = 140
"""Entries of one notification: each has 53 characters at most, and PostgreSQL's limit is just below 8,000 bytes."""
END = "end"
MOVED = "moved"


class Notifications(Protocol):
    """Short texts to all our processes, including this one. Without a listener they are lost. Raises
    `DatabaseUnavailable`."""

    async def send(self, payloads: Sequence[str]) -> None: ...

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """The notifications sent after the block was entered."""
        ...


class TooManyStreams(Exception):
    """The person, or this process, has reached its limit of streams."""


class LiveStream:
    """The stream of one client. `position`: all events of the person up to it were sent, or are older than the
    stream."""

    __slots__ = ("_behind", "_outbox", "_woken", "ended", "identity_id", "position")

    def __init__(self, outbox: Outbox, identity_id: UUID) -> None:
        self._outbox = outbox
        self._woken = asyncio.Event()
        self._behind = False
        self.identity_id = identity_id
        self.position = 0
        self.ended = False

    async def begin(self, after: int | None) -> None:
        """Continue after that event, or begin with the next one. Raises `DatabaseUnavailable`."""
        if after is None:
            newest = await self._outbox.newest(self.identity_id)
            # Not 0 for a person without events: that would be before the pruned events.
            self.position = await self._outbox.settled() if newest is None else newest
        else:
            self.position = after
            self.wake()

    def notify(self, event_id: int) -> None:
        if event_id > self.position:
            self.wake()

    def wake(self) -> None:
        """There may be a new event."""
        self._behind = True
        self._woken.set()

    def end_wait(self) -> None:
        """Something else than events has changed."""
        self._woken.set()

    def end(self) -> None:
        self.ended = True
        self._woken.set()

    async def wait(self, seconds: float) -> None:
        """Wait until there may be a new event, the stream ends, or so many seconds have passed."""
        if not self._woken.is_set():
            await pause(seconds, self._woken)
        self._woken.clear()

    async def news(self, settled: int) -> Sequence[LiveEvent] | None:
        """The events to send now, in order; None if they are not stored any more. After `DatabaseUnavailable` the next
        call returns them."""
        if not self._behind:
            self.position = max(self.position, settled)
            return ()
        self._behind = False  # before the query: an event published meanwhile needs another one
        try:
            found = await self._outbox.after(self.identity_id, self.position, PAGE)
            if found is None:
                await self.begin(None)
        except DatabaseUnavailable:
            self._behind = True
            raise
        if found:
            self.position = max(self.position, found[-1].id)
        if found and len(found) == PAGE:
            self.wake()
        return found


class LiveStreams:
    """`ended` is called, in every process, before a person's streams end; `moved`, when their addresses changed."""

    def __init__(
        self,
        outbox: Outbox,
        notifications: Notifications,
        *,
        ended: Callable[[UUID], None] = lambda _: None,
        moved: Callable[[UUID], None] = lambda _: None,
        most: int = 5000,
        most_of_a_person: int = 20,
    ) -> None:
        self._outbox = outbox
        self._notifications = notifications
        self._ended = ended
        self._moved = moved
        self._most = most
        self._most_of_a_person = most_of_a_person
        self._streams: dict[UUID, set[LiveStream]] = {}
        self._count = 0
        self._stopped = False
        self.settled = 0
        """Streams that are up to date have sent all of their own events up to this id; see `Outbox.settled`"""

    async def publish(self, events: Sequence[LiveEvent]) -> Sequence[LiveEvent]:
        # A stream reads everything it missed: the newest event of each person is enough.
        newest = {event.identity_id: event.id for event in sorted(events, key=lambda event: event.id)}
        await self._send([f"{identity_id.hex}:{event_id}" for identity_id, event_id in newest.items()])
        return ()

    async def disconnect(self, identity_id: UUID) -> None:
        """The streams end. The browser reconnects by itself, which needs a session."""
        await self._send([f"{identity_id.hex}:{END}"])

    async def report_moved(self, identity_id: UUID) -> None:
        """Every process calls `moved`. Raises `PublisherUnavailable`."""
        await self._send([f"{identity_id.hex}:{MOVED}"])

    @contextmanager
    def open(self, identity_id: UUID) -> Generator[LiveStream]:
        """A stream that is open while the block runs; call its `begin` next. Raises `TooManyStreams`."""
        own = self._streams.get(identity_id, set())
        if len(own) >= self._most_of_a_person:
            raise TooManyStreams(f"{len(own)} live streams are open already; close a few tabs or programs")
        if self._count >= self._most:
            raise TooManyStreams("this process has reached its limit of live streams")
        stream = LiveStream(self._outbox, identity_id)
        if self._stopped:
            stream.end()
        self._streams.setdefault(identity_id, set()).add(stream)
        self._count += 1
        LIVE_STREAMS.set(self._count)
        try:
            yield stream
        finally:
            self._count -= 1
            LIVE_STREAMS.set(self._count)
            self._streams[identity_id].discard(stream)
            if not self._streams[identity_id]:
                del self._streams[identity_id]

    def has_stream(self, identity_id: UUID) -> bool:
        """Whether a stream of the person is open in this process."""
        return identity_id in self._streams

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`; then every stream ends, so that none delays the drain."""
        self._stopped = stop.is_set()
        listening = asyncio.create_task(self._listen())
        try:
            await pause(None, listening, stop)
            if listening.done():
                listening.result()  # it ends by itself only because of a bug, which must not go unnoticed
        finally:
            self.end()
            await cut_off([listening])

    def end(self) -> None:
        """End every stream, also those that are opened later."""
        self._stopped = True
        for stream in self._all():
            stream.end()

    def _wake_all(self) -> None:
        for stream in self._all():
            stream.wake()

    def _all(self) -> list[LiveStream]:
        return list(itertools.chain.from_iterable(self._streams.values()))

    async def _send(self, entries: list[str]) -> None:
        payloads = [" ".join(entries[start : start + MAX_ENTRIES]) for start in range(0, len(entries), MAX_ENTRIES)]
        try:
            await self._notifications.send(payloads)
        except DatabaseUnavailable as error:
            raise PublisherUnavailable("PostgreSQL, which notifies the live streams, is unavailable") from error

    async def _listen(self) -> None:
        seconds = FIRST_PAUSE
        while True:
            try:
                async with self._notifications.listen() as payloads:
                    seconds = FIRST_PAUSE
                    self._wake_all()  # notifications were lost until now
                    lost = asyncio.Event()
                    settling = asyncio.create_task(self._settle(lost))
                    try:
                        async for payload in payloads:
                            self._dispatch(payload)
                    finally:
                        self.settled = 0  # the database may be restored from a backup before we listen again
                        lost.set()
                        settling.cancel()
            except DatabaseUnavailable as error:
                DATABASE_ERRORS.labels(where="live").inc()
                log.warning("Live streams wait for PostgreSQL", error=str(error))
            await asyncio.sleep(seconds)
            seconds = min(2 * seconds, LONGEST_PAUSE)

    async def _settle(self, lost: asyncio.Event) -> None:
        """Update `settled` while we listen, until the connection is lost. Each value but the first is used only later,
        when the connection has proved to be alive: a stream must not skip an event of which it was not notified."""
        found = await self._query_settled()
        # Not only the cancellation ends it: a query that ends meanwhile may lose that (asyncio.wait_for, Python 3.11),
        # and what it found may be from before a restore.
        while not lost.is_set():
            self.settled = found
            found = await self._query_settled()
            await asyncio.sleep(SETTLE_EVERY)
            if found < self.settled and not lost.is_set():
                self._wake_all()  # restored from a backup: ids are reused, which streams must not skip

    async def _query_settled(self) -> int:
        try:
            return await self._outbox.settled()
        except DatabaseUnavailable:
            return self.settled

    def _dispatch(self, payload: str) -> None:
        for entry in payload.split():
            person, _, what = entry.partition(":")
            try:
                identity_id = UUID(hex=person)
                if what == MOVED:
                    self._moved(identity_id)
                    continue
                if what == END:
                    self._ended(identity_id)
                for stream in list(self._streams.get(identity_id, ())):
                    if what == END:
                        stream.end()
                    else:
                        stream.notify(int(what))
            except ValueError:
                log.warning("Ignored an unknown notification on postroom_live")
