"""Listens to changes in a person's accounts (RFC 8620 §7.3), and reconnects whenever the stream ends.

Streams break, and Stalwart's events have no ids to resume from. So each connection begins with `Connected`, after which
the caller has to ask for /changes. Close the generator (`contextlib.aclosing`): it holds a connection.
"""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from postroom.domain.jittered_backoff import backoff
from postroom.http.mail_server import HttpResponse
from postroom.jmap.client import JmapClient
from postroom.jmap.errors import HttpError, JmapError, Unreadable
from postroom.jmap.http_connection import read
from postroom.jmap.sse_parser import Event, SseParser
from postroom.process.telemetry import log

PING = 60
SILENCE = 2.5 * PING
"""Seconds without a ping after which the connection counts as dead."""

SESSION_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Connected:
    """Changes are reported from now on; earlier ones are not."""


@dataclass(frozen=True, slots=True)
class StateChange:
    """`changed`: account id → data type → its new state (RFC 8620 §7.1)."""

    changed: Mapping[str, Mapping[str, str]]


_STATE_CHANGE = TypeAdapter(StateChange)


async def listen(client: JmapClient, types: Sequence[str]) -> AsyncGenerator[Connected | StateChange]:
    """State changes of `types`, over as many connections as needed. Ends if the server ends it (204). Raises the
    `JmapError`s that a new connection does not fix: `Unauthorized`, a 403, a 404, …"""
    last_id, retry, failures = "", None, 0
    while True:
        events, retry_after = SseParser(last_id, retry), None
        try:
            session = await client.session(deadline=SESSION_TIMEOUT)
            url = session.event_source_url(",".join(types), ping=PING)
            async with client.stream(url, _headers(last_id), within=SILENCE) as response:
                if response.status == 204:
                    return
                await _check(response)
                yield Connected()
                async for chunk in response:
                    for change in _changes(events.feed(chunk)):
                        yield change
                    failures = 0
        except JmapError as error:
            if not _is_passing(error):
                client.forget_session()
                raise
            retry_after = error.retry_after if isinstance(error, HttpError) else None
            log.info(f"Event source of the mail server is unavailable: {error}")
        last_id, retry = events.last_id, events.retry
        await client.pause(backoff(failures, client.uniform, asked=retry_after or retry, first=1.0))
        failures += 1


def _headers(last_id: str) -> dict[str, str]:
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    # An id that cannot be a header's value is not sent: /changes finds what was missed anyway.
    return headers | {"Last-Event-ID": last_id} if last_id.isascii() and last_id.isprintable() and last_id else headers


async def _check(response: HttpResponse) -> None:
    if response.status != 200:
        raise (await read(response)).error()
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        raise Unreadable("mail server's event source does not send events")


def _is_passing(error: JmapError) -> bool:
    """Whether the error may pass. Listening changes nothing, so it is repeated after every failure of the server."""
    return error.temporary or isinstance(error, Unreadable) or (isinstance(error, HttpError) and error.status >= 500)


def _changes(events: Sequence[Event]) -> Iterator[StateChange]:
    """Raises `Unreadable`; after the next connection /changes finds what was lost."""
    for event in events:
        if event.type != "state":  # a ping, or an alarm of a calendar
            continue
        try:
            yield _STATE_CHANGE.validate_json(event.data)
        except ValidationError as error:
            raise Unreadable("mail server's state change cannot be read") from error
