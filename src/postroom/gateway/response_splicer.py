"""Our own answers in the places of refused calls, woven into the mail server's as it passes.

The place is held by a `Core/echo` of a mark (see `rules`). Its echo is found in the bytes: an answer may be large, and
parsing one holds up everybody else in the process, in a thread, too. Nothing that others wrote can look like it, for
within a string every quote is escaped.
"""

import json
import re
from collections.abc import AsyncIterable, AsyncIterator, Mapping

from postroom.gateway.methods import ECHO
from postroom.json_object import JsonObject

Refusal = tuple[str, JsonObject]
"""The name and the arguments of a response: `error` (RFC 8620 §3.6.2), or that of the method."""

HELD = 256
"""Bytes that are held back until more have come: an echo of a mark may have begun in them. It is shorter than that,
however it is indented."""

_MARK = "urn:postroom:refused"
_ECHOED = re.compile(rb'"Core\\?/echo"\s*,\s*\{\s*"urn:postroom:refused"\s*:\s*(0|[1-9][0-9]{0,5})\s*\}')


def placeholder(place: int) -> tuple[str, dict[str, int]]:
    """The method and the arguments that hold the place of a refused call."""
    return ECHO, {_MARK: place}


class ResponseSplicer:
    """Bytes in, as they come; bytes out, with what `refused` holds in its places."""

    def __init__(self, refused: Mapping[int, Refusal]) -> None:
        self._answers = {place: json.dumps(refusal)[1:-1].encode() for place, refusal in refused.items()}
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        text = self._held + chunk
        parts: list[bytes] = []
        end = 0
        for echoed in _ECHOED.finditer(text):
            parts += [text[end : echoed.start()], self._answers.get(int(echoed[1]), echoed[0])]
            end = echoed.end()
        cut = max(end, len(text) - HELD)
        self._held = text[cut:]
        return b"".join([*parts, text[end:cut]])

    def rest(self) -> bytes:
        """After the last chunk."""
        return self._held

    async def over(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            if woven := self.feed(chunk):
                yield woven
        yield self.rest()
