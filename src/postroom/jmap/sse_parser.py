"""A parser of server-sent events: a `text/event-stream` in chunks of any size (WHATWG HTML §9.2).

We have our own because the existing ones (httpx-sse, sseclient) buffer an event that never ends without limit.
"""

from dataclasses import dataclass

from postroom.jmap.errors import Unreadable

_BOM = b"\xef\xbb\xbf"

LONGEST = 1 << 20
"""Bytes of one event, and of one line: a server must not exhaust our memory."""

LONGEST_RETRY = 300.0
"""Seconds: a server cannot make us wait for centuries."""


@dataclass(frozen=True, slots=True)
class Event:
    """`id` is the last event id of the stream so far, "" if there was none."""

    type: str
    data: str
    id: str = ""


class SseParser:
    """`last_id` and `retry` (seconds) are for the next connection; pass both to its parser. `comments` counts the
    comment lines so far, which servers send to keep a connection alive."""

    def __init__(self, last_id: str = "", retry: float | None = None) -> None:
        self.last_id = last_id
        self.retry = retry
        self.comments = 0
        self._pending = bytearray()
        self._begun = False
        self._after_cr = False
        self._type = ""
        self._data: list[str] = []
        self._size = 0
        self._id = last_id

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that `chunk` completes. Raises `Unreadable` for an event that is too large."""
        events = [event for line in self._lines(chunk) if (event := self._line(line))]
        if len(self._pending) > LONGEST or self._size > LONGEST:
            raise Unreadable("mail server's event stream holds an event that is too large")
        return events

    def _lines(self, chunk: bytes) -> list[bytes]:
        """The complete lines. LF, CR and CRLF each end a line."""
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_cr = False
        if not chunk:
            return []
        self._after_cr = chunk.endswith(b"\r")
        searched = len(self._pending)
        self._pending += chunk
        if self._pending.find(b"\n", searched) < 0 and self._pending.find(b"\r", searched) < 0:
            return []
        # Not bytes.splitlines(): that splits at other characters, too.
        *lines, rest = bytes(self._pending).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._pending = bytearray(rest)
        return lines

    def _line(self, line: bytes) -> Event | None:
        if not self._begun:
            self._begun = True
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch()
        name, _, value = line.decode("utf-8", "replace").partition(":")
        self._field(name, value.removeprefix(" "))
        return None

    def _field(self, name: str, value: str) -> None:
        match name:
            case "event":
                self._type = value
            case "data":
                self._data.append(value)
                self._size += len(value) + 1
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit():
                self.retry = min(int(value[:12]) / 1000, LONGEST_RETRY)
            case "":
                self.comments += 1
            case _:  # a field of the future
                pass

    def _dispatch(self) -> Event | None:
        self.last_id = self._id
        kind, data = self._type or "message", "\n".join(self._data)
        found = bool(self._data)
        self._type, self._data, self._size = "", [], 0
        return Event(kind, data, self.last_id) if found else None
