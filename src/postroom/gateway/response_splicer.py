"""Splices our responses to refused calls into the mail server's response while it streams through.

A refused call was replaced by a `Core/echo` of a placeholder (see `rules`). The echo is found in the bytes: a response
may be large, and parsing it, even in a thread, would block all other requests. No content of a mail can look like the
echo, because every quote inside a string is escaped.
"""

import json
import re
from collections.abc import AsyncIterable, AsyncIterator, Mapping

from postroom.gateway.methods import ECHO
from postroom.http.json_object import JsonObject

Refusal = tuple[str, JsonObject]
"""The name and the arguments of a response: `error` (RFC 8620 §3.6.2), or that of the method."""


class RefusedCall(Exception):
    """Why a call of a divided request is not sent. `refusal` is the response to it."""

    def __init__(self, error: JsonObject) -> None:
        super().__init__(error["type"])
        self.refusal: Refusal = "error", error


TAIL = 256
"""Bytes that are retained until more have arrived: a placeholder may have begun in them. It is always shorter, however
it is indented."""

_MARK = "urn:postroom:refused"
_ECHOED = re.compile(rb'"Core\\?/echo"\s*,\s*\{\s*"urn:postroom:refused"\s*:\s*(0|[1-9][0-9]{0,5})\s*\}')


def placeholder(index: int) -> tuple[str, dict[str, int]]:
    """The method and the arguments that replace a refused call."""
    return ECHO, {_MARK: index}


class ResponseSplicer:
    """Takes a response in chunks, and returns it with the placeholders replaced by the responses in `refused`. A
    divided request still adds some, each before its placeholder is sent."""

    def __init__(self, refused: Mapping[int, Refusal]) -> None:
        self._refused = refused
        self._tail = b""

    def feed(self, chunk: bytes) -> bytes:
        text = self._tail + chunk
        parts: list[bytes] = []
        end = 0
        for echoed in _ECHOED.finditer(text):
            refusal = self._refused.get(int(echoed[1]))
            parts += [text[end : echoed.start()], json.dumps(refusal)[1:-1].encode() if refusal else echoed[0]]
            end = echoed.end()
        cut = max(end, len(text) - TAIL)
        self._tail = text[cut:]
        return b"".join([*parts, text[end:cut]])

    def rest(self) -> bytes:
        """What is left after the last chunk."""
        return self._tail

    async def splice(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            if spliced := self.feed(chunk):
                yield spliced
        yield self.rest()
