"""The event source (RFC 8620 §7.3): what a client may ask of it, and which of its events are the client's."""

import json
import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlencode

from postroom.gateway.problems import malformed, unusable

MAX_EVENT = 256 * 1024
LONGEST_PING = 3600
_TYPES = re.compile(r"\*|[A-Za-z]{1,40}(?:,[A-Za-z]{1,40}){0,31}")
_EVENT_ID = re.compile(r"[\x21-\x7e]{1,200}")
_BETWEEN = re.compile(rb"\r\n\r\n|\n\n|\r\r")


def query_of(parameters: Mapping[str, str]) -> tuple[str, int]:
    """The query to send, and the interval of pings in seconds (0: none). Raises `Problem`."""
    types = parameters.get("types", "")
    close_after, ping = parameters.get("closeafter", "no"), parameters.get("ping", "0")
    if not _TYPES.fullmatch(types):
        raise malformed("`types` is `*` or names of types, separated by commas")
    if close_after not in ("state", "no"):
        raise malformed("`closeafter` is `state` or `no`")
    if not (ping.isascii() and ping.isdigit() and len(ping) <= 9):
        raise malformed("`ping` is a number of seconds")
    seconds = min(int(ping), LONGEST_PING)
    return urlencode({"types": types, "closeafter": close_after, "ping": str(seconds)}, safe="*,"), seconds


def silence(ping: int) -> float:
    """For how many seconds the server may be silent; 0: for ever. It may ping less often than asked (RFC 8620 §7.3;
    Stalwart's least interval is 30 s)."""
    return 2.5 * max(ping, 60) if ping else 0


def last_event_id(stated: str | None) -> str | None:
    return stated if stated and _EVENT_ID.fullmatch(stated) else None


class EventFilter:
    """Bytes in, as they come; whole events out: pings, comments, and the changes of one account."""

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id
        self._rest = b""

    def feed(self, chunk: bytes) -> bytes:
        """The events that are complete now. Raises `Problem` when one has no end."""
        *events, self._rest = _BETWEEN.split(self._rest + chunk)
        if len(self._rest) > MAX_EVENT:
            raise unusable()
        return b"".join(kept + b"\n\n" for each in events if (kept := self._kept(each)))

    def _kept(self, event: bytes) -> bytes:
        fields = [line.partition(b":") for line in event.splitlines()]
        names = {name: value.removeprefix(b" ") for name, _, value in fields}
        kind = names.get(b"event")
        if kind == b"state":
            data = b"\n".join(value.removeprefix(b" ") for name, _, value in fields if name == b"data")
            return self._own_changes(event, data, names.get(b"id"))
        # A comment keeps a connection alive; anything else is about things we do not offer.
        return event if kind == b"ping" or set(names) == {b""} else b""

    def _own_changes(self, event: bytes, data: bytes, event_id: bytes | None) -> bytes:
        try:
            found: object = json.loads(data)
        except (ValueError, RecursionError):
            return b""
        changed = cast(dict[str, Any], found).get("changed") if isinstance(found, dict) else None
        changes = cast(dict[str, Any], changed) if isinstance(changed, dict) else {}
        if self._account_id not in changes:
            return b""
        if len(changes) == 1:
            return event
        own = {"@type": "StateChange", "changed": {self._account_id: changes[self._account_id]}}
        lines = [b"id: " + event_id] if event_id is not None else []
        return b"\n".join([*lines, b"event: state", b"data: " + json.dumps(own, separators=(",", ":")).encode()])
