"""`GET /api/live`: server-sent events (WHATWG HTML §9.2) for one client.

    event: provisioning   the mailbox is not ready (any more); again after each change. data: `mailbox` of /api/me
    event: hello          it is ready, `mail` and `settings` events follow. data: the same
    event: pace           {"pushed": false} if the mail server does not report new mail: the sweep finds it minutes
                          later. {"pushed": true} once that has ended
    event: mail           new mail. data: {"id", "type", "data"}
    event: settings       somebody stored the person's settings. data: the same; in it "data": {"etag"} of them
    event: reload         missed events are not stored any more: load everything again
    event: elsewhere      after `hello`, if Centrifugo publishes the rest: request /api/realtime

A lone `id:` advances the browser's Last-Event-ID without an event: a client without events for hours can reconnect
without a reload.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from postroom.api.sse_response import SseResponse, event_of, ping_of
from postroom.api.visitor import PROBLEMS_OF_VISITORS, visitor_of
from postroom.domain.person import Person, Scope
from postroom.errors import DatabaseUnavailable, PostroomError
from postroom.mailboxes.preparation import Preparation, PreparationState
from postroom.mailboxes.preparations import Preparations, Watched
from postroom.people.listening import while_allowed
from postroom.people.people import joined_headers, require_scope
from postroom.people.ports import People
from postroom.process.telemetry import DATABASE_ERRORS, log
from postroom.realtime.live_streams import LiveStream, LiveStreams

_PREPARATION = TypeAdapter(Preparation)

MAILBOX = "mailbox"
"""The type of the event for a mailbox that is not ready any more"""
RECONNECT_MS = (1000, 5000)
"""After a restart of Postroom the clients reconnect at random within this range."""


@dataclass(frozen=True, slots=True)
class StreamIntervals:
    """Seconds. `ping` is below the 30 s after which proxies close a silent connection. `recheck`: the session is
    checked again, at its end at the latest, and the person is reported online. `again`: the first pause after a failure
    of the database; later ones grow to `again_at_most`."""

    ping: float = 25.0
    recheck: float = 60.0
    again: float = 1.0
    again_at_most: float = 5.0


class Live:
    """`mark_online` is called when the mailbox of a person's stream is ready, and at every recheck; `mark_offline`
    after their last stream in this process. `hears`: whether the mail server reports a person's new mail. `elsewhere`:
    Centrifugo publishes, and `mark_offline` is not called."""

    def __init__(
        self,
        streams: LiveStreams,
        people: People,
        preparations: Preparations,
        *,
        mark_online: Callable[[UUID], Awaitable[None]],
        mark_offline: Callable[[UUID], Awaitable[None]],
        hears: Callable[[UUID], bool] = lambda _: True,
        elsewhere: bool = False,
        pace: StreamIntervals | None = None,
    ) -> None:
        self._streams = streams
        self._people = people
        self._visiting = visitor_of(people)
        self._preparations = preparations
        self._mark_online = mark_online
        self._mark_offline = mark_offline
        self._hears = hears
        self._elsewhere = elsewhere
        self._pace = pace or StreamIntervals()

    async def stream(self, request: Request) -> Response:
        """Send events to this client until it disconnects or its session ends."""
        visitor = await self._visiting(request)
        require_scope(visitor.person, Scope.READ)
        identity_id = visitor.person.identity_id
        headers = joined_headers(request.headers.raw)
        rechecks = while_allowed(self._people, visitor.person, headers, every=self._pace.recheck)

        def pieces(stream: LiveStream) -> AsyncGenerator[bytes]:
            writer = _EventWriter(
                stream,
                self._streams,
                preparations=self._preparations,
                rechecks=rechecks,
                mark_online=self._mark_online,
                hears=self._hears,
                elsewhere=self._elsewhere,
                pace=self._pace,
            )
            return writer.pieces(request.headers.get("last-event-id"))

        return SseResponse(lambda: self._streams.open(identity_id), pieces, closed=lambda: self._closed(identity_id))

    async def _closed(self, identity_id: UUID) -> None:
        # With Centrifugo the person stays online: it does not report when a client disconnects.
        if not self._elsewhere and not self._streams.has_stream(identity_id):
            try:
                await self._mark_offline(identity_id)
            except PostroomError as error:
                log.warning("Could not mark a person as offline", error=str(error))


class _EventWriter:
    """Produces the events of one stream. `rechecks` yields after each check of the session, and ends with the
    access."""

    def __init__(
        self,
        stream: LiveStream,
        streams: LiveStreams,
        *,
        preparations: Preparations,
        rechecks: AsyncGenerator[Person],
        mark_online: Callable[[UUID], Awaitable[None]],
        hears: Callable[[UUID], bool],
        elsewhere: bool,
        pace: StreamIntervals,
    ) -> None:
        self._stream = stream
        self._streams = streams
        self._preparations = preparations
        self._rechecks = rechecks
        self._mark_online = mark_online
        self._hears = hears
        self._elsewhere = elsewhere
        self._pace = pace
        self._pushed = True
        self._sent: Preparation | None = None
        self._ready = False
        self._greeted = False
        self._again_in = pace.again

    async def pieces(self, last_event_id: str | None) -> AsyncGenerator[bytes]:
        with self._preparations.watching(self._stream.identity_id, self._stream.end_wait) as watched:
            async with aclosing(self._pieces(watched, last_event_id)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _pieces(self, watched: Watched, last_event_id: str | None) -> AsyncGenerator[bytes]:
        yield f"retry: {random.randint(*RECONNECT_MS)}\n\n".encode()  # noqa: S311 (a spread, no secret)
        rechecking = asyncio.create_task(self._recheck())
        rechecking.add_done_callback(lambda _: self._stream.end())
        ping_at = time.monotonic() + self._pace.ping
        try:
            while not self._stream.ended:
                piece, again_in = await self._next_piece(watched, last_event_id)
                now = time.monotonic()
                if self._ready:
                    piece += self._pace_event()
                if not piece and now >= ping_at:
                    piece = ping_of(self._stream.position if self._ready else None)
                if piece:
                    ping_at = now + self._pace.ping
                    yield piece
                if self._ready and self._elsewhere:
                    return
                await self._stream.wait(min(ping_at - now, again_in))
        finally:
            if not rechecking.cancel():
                rechecking.result()  # a bug must not go unnoticed

    async def _recheck(self) -> None:
        """Run until the person's access ends, in its own task: a slow Kratos must not delay events."""
        async for _ in self._rechecks:
            await self._report_online()

    async def _next_piece(self, watched: Watched, last_event_id: str | None) -> tuple[bytes, float]:
        """What to send now, if anything, and the seconds after which to continue at the latest."""
        try:
            if self._ready:
                piece = await self._news(watched)
            else:
                # The client's Last-Event-ID counts for the first `hello` only.
                piece = await self._preparation(watched, None if self._greeted else last_event_id)
        except DatabaseUnavailable:
            # The stream stays open: after the outage it sends the events that happened meanwhile.
            DATABASE_ERRORS.labels(where="live").inc()
            return b"", self._pause_after_failure()
        self._again_in = self._pace.again
        return piece, self._pace.ping

    def _pause_after_failure(self) -> float:
        """It grows: in an outage thousands of streams must not cause thousands of queries a second."""
        pause = self._again_in
        self._again_in = min(1.1 * pause, self._pace.again_at_most)
        return pause

    async def _preparation(self, watched: Watched, last_event_id: str | None) -> bytes:
        found = watched.current
        if found is None or not found.differs_from(self._sent):
            return b""
        if found.state is PreparationState.READY:
            return await self._hello(_PREPARATION.dump_python(found, mode="json"), last_event_id)
        self._sent = found
        return event_of("provisioning", _PREPARATION.dump_python(found, mode="json"))

    async def _hello(self, found: Mapping[str, Any], last_event_id: str | None) -> bytes:
        after = _event_id(last_event_id)
        await self._stream.begin(after)
        self._ready = self._greeted = True
        await self._report_online()
        self._pushed = True
        if self._elsewhere:
            return event_of("hello", found) + self._pace_event() + event_of("elsewhere", {})
        if last_event_id and after is None:
            return event_of("hello", found) + event_of("reload", {}, self._stream.position)
        # Without an id if missed events follow: the id must not skip them.
        return event_of("hello", found, None if after else self._stream.position)

    def _pace_event(self) -> bytes:
        pushed = self._hears(self._stream.identity_id)
        if pushed == self._pushed:
            return b""
        self._pushed = pushed
        return event_of("pace", {"pushed": pushed})

    async def _news(self, watched: Watched) -> bytes:
        found = await self._stream.news(self._streams.settled)
        if found is None:
            return event_of("reload", {}, self._stream.position)
        pieces = [event_of(event.type, event.hint(), event.id) for event in found if event.type != MAILBOX]
        if len(pieces) < len(found):
            # `provisioning` follows, as for a new client of a mailbox that is not ready, and `hello` once it is.
            self._ready, self._sent = False, None
            self._preparations.reread(watched)
        return b"".join(pieces)

    async def _report_online(self) -> None:
        if not self._ready:
            return
        try:
            await self._mark_online(self._stream.identity_id)
        except PostroomError as error:  # repeated at the next recheck; the stream goes on
            log.warning("Could not mark a person as online", error=str(error))


def _event_id(text: str | None) -> int | None:
    """The event id; None if the text is not one of ours."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def live_route(live: Live) -> APIRoute:
    return APIRoute(
        "/api/live",
        live.stream,
        methods=["GET"],
        response_class=Response,
        responses={
            **PROBLEMS_OF_VISITORS,
            200: {
                "description": "Server-sent events",
                "content": {"text/event-stream": {}},
            },
        },
    )
