"""The event source (RFC 8620 §7.3): checks the client's parameters, and lets only the client's own events pass."""

import json
import re
from collections.abc import Mapping
from urllib.parse import urlencode

from postroom.gateway.problems import unusable
from postroom.http.json_object import as_object, json_object
from postroom.http.problems import plain_problem
from postroom.jmap.errors import Unreadable
from postroom.jmap.sse_parser import Event, SseParser

LONGEST_PING = 3600
_TYPES = re.compile(r"\*|[A-Za-z]{1,40}(?:,[A-Za-z]{1,40}){0,31}")
_EVENT_ID = re.compile(r"[\x21-\x7e]{1,200}")


def query_of(parameters: Mapping[str, str]) -> tuple[str, int]:
    """The query to send, and the interval of pings in seconds (0: none). Raises `Problem`."""
    types = parameters.get("types", "")
    close_after, ping = parameters.get("closeafter", "no"), parameters.get("ping", "0")
    if not _TYPES.fullmatch(types):
        raise plain_problem(400, "`types` must be `*` or names of types, separated by commas")
    if close_after not in ("state", "no"):
        raise plain_problem(400, "`closeafter` must be `state` or `no`")
    if not (ping.isascii() and ping.isdigit() and len(ping) <= 9):
        raise plain_problem(400, "`ping` must be a number of seconds")
    seconds = min(int(ping), LONGEST_PING)
    return urlencode({"types": types, "closeafter": close_after, "ping": str(seconds)}, safe="*,"), seconds


def silence(ping: int) -> float:
    """How many seconds the server may be silent; 0: without limit. It may ping less often than requested (RFC 8620
    §7.3; Stalwart's shortest interval is 30 s)."""
    return 2.5 * max(ping, 60) if ping else 0


def last_event_id(stated: str | None) -> str | None:
    return stated if stated and _EVENT_ID.fullmatch(stated) else None


class AccountEventFilter:
    """Takes a stream in chunks and returns complete events: pings, comments, and the changes of one account."""

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id
        self._stream = SseParser()

    def feed(self, chunk: bytes) -> bytes:
        """The events that are complete now. Raises `Problem` if one has no end."""
        comments = self._stream.comments
        try:
            passed = [self._passed(event) for event in self._stream.feed(chunk)]
        except Unreadable:
            raise unusable() from None
        # A comment keeps a connection alive.
        return b"".join([b":\n\n" if self._stream.comments > comments else b"", *passed])

    def _passed(self, event: Event) -> bytes:
        data = event.data if event.type == "ping" else self._own_changes(event)
        if data is None:
            return b""
        lines = [f"id: {event.id}"] if event.id else []
        lines += [f"event: {event.type}", *(f"data: {line}" for line in data.split("\n"))]
        return ("\n".join(lines) + "\n\n").encode()

    def _own_changes(self, event: Event) -> str | None:
        """None for events of other types, and for those about other accounts only."""
        if event.type != "state":
            return None
        changed = as_object(json_object(event.data).get("changed"))
        if self._account_id not in changed:
            return None
        own = {self._account_id: changed[self._account_id]}
        return json.dumps({"@type": "StateChange", "changed": own}, separators=(",", ":"))
