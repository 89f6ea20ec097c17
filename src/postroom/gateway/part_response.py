"""The mail server's response to a part of a request (see `divided_request`), read while it streams through.

The part was sent with separators among its calls, each a `Core/echo`. They are found in the bytes, as
`response_splicer` finds its placeholders, and for the same reason. A client may send such an echo, too: what stands
behind the last separator is taken only if it is what we called there.
"""

import json
import re
from collections.abc import AsyncIterator
from typing import Any, cast

from postroom.gateway.methods import ECHO
from postroom.gateway.problems import unusable
from postroom.gateway.request_body import Call
from postroom.gateway.response_splicer import TAIL
from postroom.http.json_object import JsonObject, json_object

_SEPARATOR = "urn:postroom:separator"
_ECHOED = re.compile(
    rb'\[\s*"Core\\?/echo"\s*,\s*\{\s*"urn:postroom:separator"\s*:\s*true\s*\}\s*,\s*"urn:postroom:separator"\s*\]'
)
_OPENING = re.compile(rb'\s*\{\s*"methodResponses"\s*:\s*\[')
_BETWEEN = b", \t\r\n"


def separator() -> Call:
    return ECHO, {_SEPARATOR: True}, _SEPARATOR  # an id that no reference of the client names


class PartResponse:
    """`chunks` are the body of the response. Raises `Problem` if it cannot be read."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._text = b""
        self._opened = False

    async def up_to_separator(self) -> AsyncIterator[bytes]:
        """The responses up to the next separator: JSON with commas between them, in pieces, none of them empty."""
        if not self._opened:
            await self._open()
        begun = False
        while not (found := _ECHOED.search(self._text)):
            if piece := self._text[:-TAIL] if begun else self._text[:-TAIL].lstrip(_BETWEEN):
                begun = True
                yield piece
            self._text = self._text[-TAIL:]
            if not await self._read():
                raise unusable()
        piece = self._text[: found.start()].rstrip(_BETWEEN)
        self._text = self._text[found.end() :]
        if piece := piece if begun else piece.lstrip(_BETWEEN):
            yield piece

    async def responses(self, at_most: int) -> list[Any]:
        """The same, parsed, if they have at most so many bytes."""
        pieces: list[bytes] = []
        size = 0
        async for piece in self.up_to_separator():
            size += len(piece)
            if size > at_most:
                raise unusable()
            pieces.append(piece)
        return parsed(pieces)

    async def rest(self, at_most: int) -> tuple[list[Any], JsonObject]:
        """The responses behind the last separator, and the other members of the response."""
        while await self._read():
            if len(self._text) > at_most:
                raise unusable()
        found = json_object(b'{"methodResponses":[' + self._text.lstrip(_BETWEEN))
        responses = found.pop("methodResponses", None)
        if not isinstance(responses, list):
            raise unusable()
        return cast("list[Any]", responses), found

    async def _open(self) -> None:
        while not (opening := _OPENING.match(self._text)):
            if len(self._text) > TAIL or not await self._read():
                raise unusable()
        self._text = self._text[opening.end() :]
        self._opened = True

    async def _read(self) -> bool:
        chunk = await anext(self._chunks, None)
        self._text += chunk or b""
        return chunk is not None


def parsed(pieces: list[bytes]) -> list[Any]:
    """The responses in these pieces of JSON. Raises `Problem`."""
    try:
        found: object = json.loads(b"[" + b"".join(pieces) + b"]")
    except (ValueError, RecursionError):
        raise unusable() from None
    return cast("list[Any]", found)


def dumped(responses: list[Any]) -> bytes:
    """The reverse of `parsed`, in one piece."""
    return json.dumps(responses, separators=(",", ":"))[1:-1].encode()
