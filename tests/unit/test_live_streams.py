"""Live streams without a database: which events are sent while PostgreSQL becomes unavailable and returns."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

import pytest

from eventually import eventually
from fakes import uncalled
from postroom.arrivals.ports import LiveEvent
from postroom.errors import DatabaseUnavailable, PublisherUnavailable
from postroom.realtime import live_streams
from postroom.realtime.live_streams import LiveStream, LiveStreams, TooManyStreams

ALICE, BOB = UUID(int=1), UUID(int=2)


class FakeOutbox:
    """`events` of all people; the next `unavailable` calls fail; events up to the id `forgotten` have been pruned.
    `holds` lets the next call of `settled` wait until it is cancelled, which it does not show; then it is `held`."""

    def __init__(self) -> None:
        self.events: list[LiveEvent] = []
        self.unavailable = 0
        self.forgotten = -1
        self.settled_id = 0
        self.reads = 0
        self.asked = 0
        self.holds = self.held = False

    async def after(self, identity_id: UUID, event_id: int, limit: int) -> Sequence[LiveEvent] | None:
        self.reads += 1
        self._reach()
        if event_id <= self.forgotten:
            return None
        return [each for each in self.events if each.identity_id == identity_id and each.id > event_id][:limit]

    async def newest(self, identity_id: UUID) -> int | None:
        return max((each.id for each in self.events if each.identity_id == identity_id), default=None)

    async def settled(self) -> int:
        self.asked += 1
        self._reach()
        found = self.settled_id
        if self.holds:
            self.holds, self.held = False, True
            # A query that ends while it is cancelled may lose the cancellation: asyncio.wait_for does, in Python 3.11.
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        return found

    def _reach(self) -> None:
        if self.unavailable:
            self.unavailable -= 1
            raise DatabaseUnavailable("PostgreSQL cannot be reached")

    claim = published = release = prune = uncalled


class FakeNotifications:
    """`cut` ends the listening connection. While `unavailable`, none can be opened."""

    def __init__(self) -> None:
        self.unavailable = False
        self.sent: list[str] = []
        self.listening = 0
        self._heard: asyncio.Queue[str | None] = asyncio.Queue()

    async def send(self, payloads: Sequence[str]) -> None:
        if self.unavailable:
            raise DatabaseUnavailable("PostgreSQL cannot be reached")
        self.sent += payloads
        for payload in payloads:
            self._heard.put_nowait(payload)

    def cut(self) -> None:
        self._heard.put_nowait(None)

    @asynccontextmanager
    async def listen(self) -> AsyncGenerator[AsyncIterator[str]]:
        if self.unavailable:
            raise DatabaseUnavailable("PostgreSQL cannot be listened to")
        self._heard = asyncio.Queue()
        self.listening += 1
        yield self._payloads()

    async def _payloads(self) -> AsyncIterator[str]:
        while (payload := await self._heard.get()) is not None:
            yield payload
        raise DatabaseUnavailable("PostgreSQL cannot be listened to")


class Parts:
    def __init__(self, **limits: int) -> None:
        self.outbox = FakeOutbox()
        self.notifications = FakeNotifications()
        self.ended: list[UUID] = []
        self.moved: list[UUID] = []
        ended, moved = self.ended.append, self.moved.append
        self.streams = LiveStreams(self.outbox, self.notifications, ended=ended, moved=moved, **limits)

    def lose_connection(self) -> None:
        self.notifications.unavailable = True
        self.notifications.cut()

    def commit(self, event_id: int, identity_id: UUID = ALICE) -> LiveEvent:
        event = LiveEvent(event_id, identity_id, "mail")
        self.outbox.events.append(event)
        return event

    @asynccontextmanager
    async def stream(self, after: int | None = None) -> AsyncIterator[LiveStream]:
        """A stream of Alice that has begun."""
        with self.streams.open(ALICE) as stream:
            await stream.begin(after)
            yield stream

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(self.streams.run(stop))
        try:
            await eventually(
                lambda: self.notifications.listening or self.notifications.unavailable, "the listener is connected"
            )
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, 1)


async def test_events_are_sent_once_and_in_order_however_often_they_are_notified() -> None:
    parts = Parts()
    async with parts.running(), parts.stream() as stream:
        events = [parts.commit(1), parts.commit(2)]
        for each in (events, events[:1], events):
            await parts.streams.publish(each)
        await asyncio.wait_for(stream.wait(60), 1)
        assert await stream.news(0) == events
        await stream.wait(0.05)
        assert await stream.news(0) == ()
        assert parts.outbox.reads == 1


async def test_event_during_a_read_is_returned_by_the_next_read() -> None:
    parts = Parts()
    async with parts.stream(0) as stream:
        original = parts.outbox.after

        async def after(identity_id: UUID, event_id: int, limit: int) -> Sequence[LiveEvent] | None:
            found = await original(identity_id, event_id, limit)
            parts.commit(1)
            stream.notify(1)
            parts.outbox.after = original
            return found

        parts.outbox.after = after
        assert await stream.news(0) == []
        await asyncio.wait_for(stream.wait(60), 1)
        assert [each.id for each in await stream.news(0) or ()] == [1]


async def test_events_that_could_not_be_read_are_sent_by_the_next_call() -> None:
    parts = Parts()
    async with parts.stream() as stream:
        parts.commit(1)
        stream.notify(1)
        parts.outbox.unavailable = 1
        with pytest.raises(DatabaseUnavailable):
            await stream.news(0)
        assert [each.id for each in await stream.news(0) or ()] == [1]


async def test_pruned_events_are_reported_as_such_and_then_the_stream_goes_on() -> None:
    parts = Parts()
    with parts.streams.open(ALICE) as stream:
        parts.outbox.forgotten, parts.outbox.settled_id = 10, 20
        await stream.begin(5)
        assert await stream.news(0) is None
        assert stream.position == 20
        parts.commit(21)
        stream.notify(21)
        assert [each.id for each in await stream.news(0) or ()] == [21]


async def test_every_stream_wakes_when_the_listener_is_connected_again() -> None:
    parts = Parts()
    async with parts.running(), parts.stream() as stream:
        parts.lose_connection()
        with pytest.raises(PublisherUnavailable):
            await parts.streams.publish([parts.commit(1)])
        parts.notifications.unavailable = False
        await asyncio.wait_for(stream.wait(60), 5)
        assert [each.id for each in await stream.news(0) or ()] == [1]


async def test_settled_event_id_is_adopted_only_after_the_connection_proved_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_streams, "SETTLE_EVERY", 0.1)
    parts = Parts()
    outbox, notifications = parts.outbox, parts.notifications
    async with parts.running():
        outbox.settled_id = 50
        await eventually(lambda: parts.streams.settled == 50, "adopted after a while")
        outbox.settled_id = 90
        asked = outbox.asked
        await eventually(lambda: outbox.asked > asked, "the notification of 90 has arrived")
        parts.lose_connection()
        await asyncio.sleep(0.3)  # by now it would be adopted
        assert parts.streams.settled == 0
        outbox.settled_id = 95
        notifications.unavailable = False
        await eventually(lambda: parts.streams.settled == 95, "the first response to the next connection")


async def test_settled_position_goes_back_with_a_restored_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_streams, "SETTLE_EVERY", 0.01)
    parts = Parts()
    outbox = parts.outbox
    async with parts.running():
        outbox.settled_id = 50
        await eventually(lambda: parts.streams.settled == 50, "adopted after a while")
        async with parts.stream() as stream:
            assert await stream.news(parts.streams.settled) == ()
            outbox.settled_id, outbox.forgotten = 10, 50
            await asyncio.wait_for(stream.wait(60), 5)  # It polls although there was no notification.
            assert parts.streams.settled == 10
            assert await stream.news(parts.streams.settled) is None
            assert stream.position == 10


async def test_settled_event_id_that_was_asked_before_a_connection_was_lost_is_never_adopted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may be from before a restore of the database."""
    monkeypatch.setattr(live_streams, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(live_streams, "SETTLE_EVERY", 0.1)
    parts = Parts()
    outbox, seen = parts.outbox, set[int]()
    outbox.settled_id = 50
    async with parts.running():
        await eventually(lambda: parts.streams.settled == 50, "the first response")
        outbox.holds = True
        await eventually(lambda: outbox.held, "a query is under way")
        outbox.settled_id = 10
        parts.notifications.cut()
        await eventually(lambda: parts.streams.settled == 10, "the first response to the next connection")
        asked = outbox.asked
        await eventually(lambda: seen.add(parts.streams.settled) or outbox.asked > asked + 3, "a few more responses")
    assert seen == {10}


async def test_a_stream_that_is_behind_does_not_skip_events_it_has_not_sent() -> None:
    parts = Parts()
    async with parts.stream() as stream:
        parts.commit(5)
        stream.wake()
        assert [each.id for each in await stream.news(50) or ()] == [5]
        assert stream.position == 5
        assert await stream.news(50) == ()
        assert stream.position == 50


async def test_events_are_sent_page_by_page_without_a_further_notification(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_streams, "PAGE", 2)
    parts = Parts()
    for number in range(1, 4):
        parts.commit(number)
    async with parts.stream(0) as stream:
        for expected in ([1, 2], [3]):
            await asyncio.wait_for(stream.wait(60), 1)
            assert [each.id for each in await stream.news(0) or ()] == expected


async def test_notification_has_only_the_newest_event_of_each_person_and_fits_the_limit() -> None:
    parts = Parts()
    people = [uuid4() for _ in range(300)]
    events = [LiveEvent(10**18 + number, person, "mail") for number in range(3) for person in people]
    await parts.streams.publish(events)
    words = [word for payload in parts.notifications.sent for word in payload.split()]
    assert words == [f"{person.hex}:{10**18 + 2}" for person in people]
    assert max(len(payload.encode()) for payload in parts.notifications.sent) < 8000


async def test_disconnect_ends_only_the_persons_streams() -> None:
    parts = Parts()
    async with parts.running():
        with parts.streams.open(ALICE) as one, parts.streams.open(BOB) as other:
            await parts.streams.disconnect(ALICE)
            await asyncio.wait_for(one.wait(60), 1)
            assert (one.ended, other.ended) == (True, False)


async def test_every_process_hears_of_a_disconnected_person_also_one_without_streams() -> None:
    parts = Parts()
    async with parts.running():
        await parts.streams.disconnect(ALICE)
        await eventually(lambda: parts.ended == [ALICE], "the cached sessions are forgotten")


async def test_every_process_hears_whose_addresses_changed_and_their_streams_go_on() -> None:
    parts = Parts()
    async with parts.running():
        with parts.streams.open(ALICE) as stream:
            await parts.streams.report_moved(ALICE)
            await eventually(lambda: parts.moved == [ALICE], "their refused logins are forgotten")
            assert not stream.ended


async def test_live_stream_places_are_released() -> None:
    parts = Parts(most=2, most_of_a_person=1)
    for _ in range(3):
        with parts.streams.open(ALICE), parts.streams.open(BOB):
            assert parts.streams.has_stream(ALICE)
            with pytest.raises(TooManyStreams, match="a few tabs"), parts.streams.open(ALICE):
                pass
            with pytest.raises(TooManyStreams, match="this process"), parts.streams.open(UUID(int=3)):
                pass
    assert not parts.streams.has_stream(ALICE)


async def test_unexpected_listener_error_is_raised_and_ends_all_live_streams() -> None:
    class Broken(FakeNotifications):
        @asynccontextmanager
        async def listen(self) -> AsyncGenerator[AsyncIterator[str]]:
            raise RuntimeError("a defect")
            yield self._payloads()

    streams = LiveStreams(FakeOutbox(), Broken())
    with streams.open(ALICE) as stream:
        with pytest.raises(RuntimeError):
            await streams.run(asyncio.Event())
        assert stream.ended


async def test_streams_opened_after_a_restart_stay_open() -> None:
    """The supervisor restarts the part. The browsers have reconnected in the meantime, and must reconnect once more."""
    parts = Parts()
    parts.streams.end()
    with parts.streams.open(ALICE) as meanwhile:
        assert meanwhile.ended
    async with parts.running():
        with parts.streams.open(ALICE) as stream:
            assert not stream.ended
    with parts.streams.open(ALICE) as stream:
        assert stream.ended
