"""`GET /jmap/eventsource/` (RFC 8620 §7.3) as Stalwart implements it: no ids, no replay, one event a second."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Scope

from postroom_sandbox.http_server import cut
from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.authentication import Authentication
from postroom_sandbox.stalwart.errors import http_problem
from postroom_sandbox.stalwart.faults import Faults
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.mail.state_changes import StateChanges

_THROTTLE = 1.0  # seconds
_MIN_PING = 30
_TYPES_WITH_EVENTS = {
    *("Email", "EmailDelivery", "EmailSubmission", "Mailbox", "Thread", "Identity", "VacationResponse", "Quota"),
    "SieveScript",
}
_TYPES_WITHOUT_EVENTS = {
    *("PushSubscription", "SearchSnippet", "Principal", "Calendar", "CalendarEvent"),
    *("CalendarEventNotification", "CalendarAlert", "ParticipantIdentity", "AddressBook", "ContactCard"),
    *("FileNode", "ShareNotification"),
}
_TYPES = _TYPES_WITH_EVENTS | _TYPES_WITHOUT_EVENTS


@dataclass(frozen=True)
class Wanted:
    """The requested types, whether the first event ends the stream, and the seconds between pings (0: no pings)."""

    types: frozenset[str]
    once: bool
    ping: int


def wanted(query: Mapping[str, str]) -> Wanted:
    """Raises ProblemError, 400."""
    given = query.get("types", "")
    types = frozenset(_TYPES if given == "*" else given.split(","))
    close_after, ping = query.get("closeafter", "no"), query.get("ping", "0")
    if not types <= _TYPES or close_after not in ("state", "no") or not (ping.isascii() and ping.isdecimal()):
        raise http_problem(400)
    return Wanted(types, close_after == "state", max(int(ping), _MIN_PING) if int(ping) else 0)


class EventSource:
    """A stream reports changes of the caller's own account only, and is not one of its concurrent requests."""

    def __init__(
        self, authentication: Authentication, state_changes: StateChanges, faults: Faults, counts: Counter[str]
    ) -> None:
        self._authentication = authentication
        self._state_changes = state_changes
        self._faults = faults
        self._counts = counts
        self.open = 0

    def routes(self) -> list[Route]:
        return [Route(path, self._stream, methods=["GET"]) for path in ("/jmap/eventsource/", "/jmap/eventsource")]

    async def _stream(self, request: Request) -> Response:
        self._counts["GET /jmap/eventsource/"] += 1
        access = self._authentication.access(request)
        events = self._events(access.account, wanted(request.query_params), request.scope)
        return StreamingResponse(events, headers={"Cache-Control": "no-store"}, media_type="text/event-stream")

    async def _events(self, account: int, wanted: Wanted, scope: Scope) -> AsyncGenerator[str]:
        self.open += 1
        try:
            with self._state_changes.subscribe(account) as queue:
                async with aclosing(throttled(queue, wanted, ids.encode(account))) as events:
                    async for event, data in events:
                        if event == "state" and self._faults.strikes("cut-events"):
                            cut(scope)
                            return
                        yield f"event: {event}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"
        finally:
            self.open -= 1


async def throttled(
    queue: asyncio.Queue[Mapping[str, str]], wanted: Wanted, account: str
) -> AsyncGenerator[tuple[str, JSON]]:
    """The first change is sent at once. Changes within a second after that are sent in one event at its end."""
    now = asyncio.get_running_loop().time
    changed: dict[str, str] = {}
    state_at, ping_at = now(), now() + wanted.ping
    while True:
        times = ([state_at] if changed else []) + ([ping_at] if wanted.ping else [])
        try:
            async with asyncio.timeout_at(min(times, default=None)):
                states = await queue.get()
            # Of a delivery, a stream that requested one of its types gets all of them.
            all_types = "EmailDelivery" in states and not wanted.types.isdisjoint(states)
            changed |= {name: state for name, state in states.items() if all_types or name in wanted.types}
        except TimeoutError:
            pass  # an event or a ping is due
        if changed and now() >= state_at:
            yield "state", {"@type": "StateChange", "changed": {account: changed}}
            if wanted.once:
                return
            changed, state_at = {}, now() + _THROTTLE
        if wanted.ping and now() >= ping_at:
            yield "ping", {"interval": wanted.ping * 1000}
            ping_at = now() + wanted.ping
