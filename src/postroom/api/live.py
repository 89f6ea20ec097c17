"""`GET /api/live`: server-sent events (WHATWG HTML §9.2) for one screen.

    event: provisioning   the mailbox is not ready (any more); again whenever that changes. data: that of /api/me
    event: hello          it is ready, `mail` follows. data: the same
    event: mail           new mail. data: {"id", "type", "data"}
    event: reload         what was missed cannot be known any more: load everything again
    event: elsewhere      after `hello`, where Centrifugo tells the rest: ask /api/realtime

A lone `id:` moves what the browser sends as Last-Event-ID without an event: a screen to which nothing happened for
hours comes back without a reload.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from fastapi.routing import APIRoute

from postroom.api.sse_response import SseResponse, event_of, ping_of
from postroom.api.visitor import PROBLEMS_OF_VISITORS, visitor_of
from postroom.domain.person import Person, Scope
from postroom.errors import DatabaseUnavailable, PostroomError
from postroom.mail.listening import while_allowed
from postroom.mail.people import joined_headers, require_scope
from postroom.mail.ports import People
from postroom.realtime.live_streams import LiveStream, LiveStreams
from postroom.telemetry import DATABASE_ERRORS, log

MailboxOf = Callable[[UUID], Awaitable[Mapping[str, Any]]]
"""The mailbox of /api/me as JSON, `state` in it. Raises `DatabaseUnavailable`."""

READY = "ready"
MAILBOX = "mailbox"
"""The type of the event that a mailbox is not ready any more"""
RECONNECT_MS = (1000, 5000)
"""After a restart of Postroom the screens come back spread over this time."""


@dataclass(frozen=True, slots=True)
class StreamIntervals:
    """Seconds. `ping` lies below the 30 s after which proxies cut a silent connection; `look`: the session is asked for
    again, at its end at the latest, and the person reported on line; `ask`: the mailbox that is not ready, at first
    (then ever slower, to 5 s)."""

    ping: float = 25.0
    look: float = 60.0
    ask: float = 1.0
    ask_at_most: float = 5.0


class Live:
    """`mark_online` is called when a person's stream has a mailbox to tell of, and at every look; `mark_offline` after
    the last stream in this process. `elsewhere`: Centrifugo announces, and nobody is said to be off line."""

    def __init__(
        self,
        streams: LiveStreams,
        people: People,
        mailbox: MailboxOf,
        *,
        mark_online: Callable[[UUID], Awaitable[None]],
        mark_offline: Callable[[UUID], Awaitable[None]],
        elsewhere: bool = False,
        pace: StreamIntervals | None = None,
    ) -> None:
        self._streams = streams
        self._people = people
        self._visiting = visitor_of(people)
        self._mailbox = mailbox
        self._mark_online = mark_online
        self._mark_offline = mark_offline
        self._elsewhere = elsewhere
        self._pace = pace or StreamIntervals()

    async def stream(self, request: Request) -> Response:
        """Events for this screen, until it or its session ends."""
        visitor = await self._visiting(request)
        require_scope(visitor.person, Scope.READ)
        identity_id = visitor.person.identity_id
        headers = joined_headers(request.headers.raw)
        looks = while_allowed(self._people, visitor.person, headers, every=self._pace.look)

        def pieces(stream: LiveStream) -> AsyncGenerator[bytes]:
            screen = _Screen(
                stream,
                self._streams,
                mailbox=self._mailbox,
                looks=looks,
                mark_online=self._mark_online,
                elsewhere=self._elsewhere,
                pace=self._pace,
            )
            return screen.pieces(request.headers.get("last-event-id"))

        return SseResponse(lambda: self._streams.open(identity_id), pieces, closed=lambda: self._closed(identity_id))

    async def _closed(self, identity_id: UUID) -> None:
        # Where Centrifugo announces, he is on line there: nobody tells when a screen leaves it.
        if not self._elsewhere and not self._streams.has_stream(identity_id):
            try:
                await self._mark_offline(identity_id)
            except PostroomError as error:
                log.warning("Could not note that somebody is off line", error=str(error))


class _Screen:
    """What one stream says, and when. `looks`: at the session, as long as the person may listen."""

    def __init__(
        self,
        stream: LiveStream,
        streams: LiveStreams,
        *,
        mailbox: MailboxOf,
        looks: AsyncGenerator[Person],
        mark_online: Callable[[UUID], Awaitable[None]],
        elsewhere: bool,
        pace: StreamIntervals,
    ) -> None:
        self._stream = stream
        self._streams = streams
        self._mailbox = mailbox
        self._looks = looks
        self._mark_online = mark_online
        self._elsewhere = elsewhere
        self._pace = pace
        self._told: Mapping[str, Any] | None = None
        self._ready = False
        self._greeted = False
        self._ask_every = pace.ask

    async def pieces(self, last_event_id: str | None) -> AsyncGenerator[bytes]:
        yield f"retry: {random.randint(*RECONNECT_MS)}\n\n".encode()  # noqa: S311 (a spread, no secret)
        looking = asyncio.create_task(self._look())
        looking.add_done_callback(lambda _: self._stream.end())
        ping_at = time.monotonic() + self._pace.ping
        try:
            while not self._stream.ended:
                piece, again_in = await self._next_piece(last_event_id)
                now = time.monotonic()
                if not piece and now >= ping_at:
                    piece = ping_of(self._stream.position if self._ready else None)
                if piece:
                    ping_at = now + self._pace.ping
                    yield piece
                if self._ready and self._elsewhere:
                    return
                await self._stream.wait(min(ping_at - now, again_in))
        finally:
            if not looking.cancel():
                looking.result()  # a defect must not stay unnoticed

    async def _look(self) -> None:
        """Until the person may listen no more. Beside the telling: a slow Kratos holds back no event."""
        async for _ in self._looks:
            await self._report_online()

    async def _next_piece(self, last_event_id: str | None) -> tuple[bytes, float]:
        """What is to be told now, if anything, and the seconds after which to ask again."""
        try:
            if self._ready:
                return await self._news(), self._pace.look if self._ready else self._ask_next()
            # What came before the first `hello` is not asked for again with the next.
            return await self._progress(None if self._greeted else last_event_id), self._ask_next()
        except DatabaseUnavailable:
            # The stream stays: when PostgreSQL is back, it tells what happened meanwhile.
            DATABASE_ERRORS.labels(where="live").inc()
            return b"", self._ask_next()

    def _ask_next(self) -> float:
        """An outage with thousands of sign-ups must not become thousands of questions a second."""
        pause = self._ask_every
        self._ask_every = min(1.1 * pause, self._pace.ask_at_most)
        return pause

    async def _progress(self, last_event_id: str | None) -> bytes:
        found = await self._mailbox(self._stream.identity_id)
        if found.get("state") == READY:
            return await self._hello(found, last_event_id)
        if found == self._told:
            return b""
        self._told = found
        return event_of("provisioning", found)

    async def _hello(self, found: Mapping[str, Any], last_event_id: str | None) -> bytes:
        after = _event_id(last_event_id)
        await self._stream.begin(after)
        self._ready = self._greeted = True
        self._ask_every = self._pace.ask
        await self._report_online()
        if self._elsewhere:
            return event_of("hello", found) + event_of("elsewhere", {})
        if last_event_id and after is None:
            return event_of("hello", found) + event_of("reload", {}, self._stream.position)
        # Without an id while some events are still to be told: these come first.
        return event_of("hello", found, None if after else self._stream.position)

    async def _news(self) -> bytes:
        found = await self._stream.news(self._streams.settled)
        if found is None:
            return event_of("reload", {}, self._stream.position)
        pieces = [event_of(event.type, event.hint(), event.id) for event in found if event.type != MAILBOX]
        if len(pieces) < len(found):
            # Told as `provisioning` next, as to whoever comes while it is not ready; `hello` follows when it is.
            self._ready, self._told = False, None
        return b"".join(pieces)

    async def _report_online(self) -> None:
        if not self._ready:
            return
        try:
            await self._mark_online(self._stream.identity_id)
        except PostroomError as error:  # at the next look again; what is told already is not worth less
            log.warning("Could not note that somebody is on line", error=str(error))


def _event_id(text: str | None) -> int | None:
    """None for what was never an id of ours."""
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
