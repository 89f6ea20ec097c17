"""The port `Publisher` without further parts: streams of this process, told by PostgreSQL's NOTIFY.

A notification only says: look. What a stream tells it reads from the outbox by its own position, so a notification
that is lost, doubled or early changes nothing but the time.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Protocol
from uuid import UUID

from postroom.errors import DatabaseUnavailable, PublisherUnavailable
from postroom.mail.ports import LiveEvent, Outbox
from postroom.pause import cut_off, pause
from postroom.telemetry import DATABASE_ERRORS, LIVE_STREAMS, log

PAGE = 100
SETTLE_EVERY = 20.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
WORDS = 140
"""Words of one notification: each has 53 characters at most, and PostgreSQL takes below 8,000 bytes."""
END = "end"


class Notifications(Protocol):
    """Short texts to all our processes, this one too. Lost when nobody listens. Raises `DatabaseUnavailable`."""

    async def send(self, payloads: Sequence[str]) -> None: ...

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """What is sent after it was entered."""
        ...


class TooManyStreams(Exception):
    """The person, or this process, has as many as it may."""


class LiveStream:
    """One screen. `position`: every event of the person up to it was told, or lies before the stream began."""

    __slots__ = ("_behind", "_outbox", "_woken", "ended", "identity_id", "position")

    def __init__(self, outbox: Outbox, identity_id: UUID) -> None:
        self._outbox = outbox
        self._woken = asyncio.Event()
        self._behind = False
        self.identity_id = identity_id
        self.position = 0
        self.ended = False

    async def begin(self, after: int | None) -> None:
        """Go on after that event, or begin with whatever comes next. Raises `DatabaseUnavailable`."""
        if after is None:
            newest = await self._outbox.newest(self.identity_id)
            # Not 0 for a person without events: that lies before what was forgotten.
            self.position = await self._outbox.settled() if newest is None else newest
        else:
            self.position = after
            self.look()

    def tell(self, event_id: int) -> None:
        if event_id > self.position:
            self.look()

    def look(self) -> None:
        """Something may have happened."""
        self._behind = True
        self._woken.set()

    def end(self) -> None:
        self.ended = True
        self._woken.set()

    async def wait(self, seconds: float) -> None:
        """Until there may be news, the end, or so many seconds are over."""
        if not self._woken.is_set():
            await pause(seconds, self._woken)
        self._woken.clear()

    async def news(self, settled: int) -> Sequence[LiveEvent] | None:
        """What is to be told now, in order; None if that cannot be known any more. Raises `DatabaseUnavailable`: the
        next call tells it."""
        if not self._behind:
            self.position = max(self.position, settled)
            return ()
        self._behind = False  # before the query: what is told during it is looked for again
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
            self.look()
        return found


class LiveStreams:
    def __init__(
        self, outbox: Outbox, notifications: Notifications, *, most: int = 5000, most_of_a_person: int = 20
    ) -> None:
        self._outbox = outbox
        self._notifications = notifications
        self._most = most
        self._most_of_a_person = most_of_a_person
        self._streams: dict[UUID, set[LiveStream]] = {}
        self._count = 0
        self._stopped = False
        self.settled = 0
        """Streams that are up to date have told all of their own events up to it; see `Outbox.settled`"""

    async def publish(self, events: Sequence[LiveEvent]) -> Sequence[LiveEvent]:
        # A stream reads all that it missed: the newest event of each person is enough.
        newest = {event.identity_id: event.id for event in sorted(events, key=lambda event: event.id)}
        await self._send([f"{identity_id.hex}:{event_id}" for identity_id, event_id in newest.items()])
        return ()

    async def disconnect(self, identity_id: UUID) -> None:
        """The streams end; the browser comes back by itself, and in only with a session."""
        await self._send([f"{identity_id.hex}:{END}"])

    @contextmanager
    def open(self, identity_id: UUID) -> Generator[LiveStream]:
        """A stream, as long as the block runs; call its `begin` next. Raises `TooManyStreams`."""
        own = self._streams.get(identity_id, set())
        if len(own) >= self._most_of_a_person:
            raise TooManyStreams(f"{len(own)} live streams are open already; close a few tabs or programs")
        if self._count >= self._most:
            raise TooManyStreams("this server has as many live streams as it may")
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
        """Until `stop`; then every stream ends, so that none holds up the drain."""
        self._stopped = stop.is_set()
        listening = asyncio.create_task(self._listen())
        try:
            await pause(None, listening, stop)
            if listening.done():
                listening.result()  # it ends by itself only through a defect, which must not stay unnoticed
        finally:
            self.end()
            await cut_off([listening])

    def end(self) -> None:
        """Every stream ends, and those that begin later."""
        self._stopped = True
        for stream in self._all():
            stream.end()

    def _look(self) -> None:
        for stream in self._all():
            stream.look()

    def _all(self) -> list[LiveStream]:
        return list(itertools.chain.from_iterable(self._streams.values()))

    async def _send(self, words: list[str]) -> None:
        payloads = [" ".join(words[start : start + WORDS]) for start in range(0, len(words), WORDS)]
        try:
            await self._notifications.send(payloads)
        except DatabaseUnavailable as error:
            raise PublisherUnavailable("PostgreSQL, which tells the live streams, is away") from error

    async def _listen(self) -> None:
        seconds = FIRST_PAUSE
        while True:
            try:
                async with self._notifications.listen() as payloads:
                    seconds = FIRST_PAUSE
                    self.settled = 0  # it may be another database by now, out of a backup
                    self._look()  # nobody told them while nobody listened
                    settling = asyncio.create_task(self._settle())
                    try:
                        async for payload in payloads:
                            self._hand_out(payload)
                    finally:
                        settling.cancel()
            except DatabaseUnavailable as error:
                DATABASE_ERRORS.labels(where="live").inc()
                log.warning("Live streams wait for PostgreSQL", error=str(error))
            await asyncio.sleep(seconds)
            seconds = min(2 * seconds, LONGEST_PAUSE)

    async def _settle(self) -> None:
        """Only while we listen. All but the first answer count later, when the connection has proved to be alive: what
        is settled was told here a minute before, and no stream may step over what it was not told."""
        self.settled = await self._ask_settled()
        while True:
            found = await self._ask_settled()
            await asyncio.sleep(SETTLE_EVERY)
            if found < self.settled:
                self._look()  # restored from a backup meanwhile: ids are given again that no stream may step over
            self.settled = found

    async def _ask_settled(self) -> int:
        try:
            return await self._outbox.settled()
        except DatabaseUnavailable:
            return self.settled

    def _hand_out(self, payload: str) -> None:
        for word in payload.split():
            person, _, what = word.partition(":")
            try:
                streams = self._streams.get(UUID(hex=person), ())
                for stream in list(streams):
                    if what == END:
                        stream.end()
                    else:
                        stream.tell(int(what))
            except ValueError:
                log.warning("Ignored a notification on postroom_live that is none of ours")
