"""Listening to what changes in a person's accounts (RFC 8620 §7.3), for as long as it takes.

A stream breaks, and Stalwart's has no ids to go on from: so each connection begins with `Connected`, and whoever
listens asks for /changes then. Close the generator (`contextlib.aclosing`): it holds a connection.
"""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from postroom.domain.jittered_backoff import backoff
from postroom.jmap.client import JmapClient
from postroom.jmap.errors import HttpError, JmapError, Unreadable
from postroom.jmap.http_connection import read
from postroom.jmap.sse_parser import Event, SseParser
from postroom.mail_server_http import HttpResponse
from postroom.telemetry import log

PING = 60
SILENCE = 2.5 * PING
"""Seconds without a ping after which the connection counts as dead."""

SESSION_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Connected:
    """From now on changes are told; those until now are not."""


@dataclass(frozen=True, slots=True)
class StateChange:
    """`changed`: account id → data type → its new state (RFC 8620 §7.1)."""

    changed: Mapping[str, Mapping[str, str]]


_STATE_CHANGE = TypeAdapter(StateChange)


async def listen(client: JmapClient, types: Sequence[str]) -> AsyncGenerator[Connected | StateChange]:
    """State changes of `types`, over as many connections as it takes. Ends where the server says so (204). Raises the
    `JmapError`s that asking again does not help: `Unauthorized`, a 403, a 404, …"""
    last_id, retry, failures = "", None, 0
    while True:
        events, asked = SseParser(last_id, retry), None
        try:
            session = await client.session(deadline=SESSION_WITHIN)
            url = session.event_source_url(",".join(types), ping=PING)
            async with client.stream(url, _headers(last_id), within=SILENCE) as answer:
                if answer.status == 204:
                    return
                await _check(answer)
                yield Connected()
                async for chunk in answer:
                    for change in _changes(events.feed(chunk)):
                        yield change
                    failures = 0
        except JmapError as error:
            if not _passes(error):
                client.forget_session()
                raise
            asked = error.retry_after if isinstance(error, HttpError) else None
            log.info(f"Event source of the mail server is away: {error}")
        last_id, retry = events.last_id, events.retry
        await client.pause(backoff(failures, client.uniform, asked=asked or retry, first=1.0))
        failures += 1


def _headers(last_id: str) -> dict[str, str]:
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    # An id that is no header's value is not sent: what was missed is found by /changes all the same.
    return headers | {"Last-Event-ID": last_id} if last_id.isascii() and last_id.isprintable() and last_id else headers


async def _check(answer: HttpResponse) -> None:
    if answer.status != 200:
        raise (await read(answer)).error()
    if not answer.headers.get("content-type", "").startswith("text/event-stream"):
        raise Unreadable("mail server's event source answers something else than events")


def _passes(error: JmapError) -> bool:
    """Whether it may be well in a while. Listening changes nothing, so every failure of the server is waited out."""
    return error.temporary or isinstance(error, Unreadable) or (isinstance(error, HttpError) and error.status >= 500)


def _changes(events: Sequence[Event]) -> Iterator[StateChange]:
    """Raises `Unreadable`: the next connection asks for what that one meant to say."""
    for event in events:
        if event.type != "state":  # a ping, or an alarm of a calendar
            continue
        try:
            yield _STATE_CHANGE.validate_json(event.data)
        except ValidationError as error:
            raise Unreadable("mail server's state change cannot be read") from error
