"""Server-sent events on the wire (WHATWG HTML §9.2)."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, aclosing
from typing import Any

from fastapi import Response
from starlette.types import Receive, Scope, Send

from postroom.http.problems import problem
from postroom.realtime.live_streams import LiveStream, TooManyStreams

SEND_WITHIN = 30.0
"""Seconds to send a chunk: a client that reads nothing must not hold a stream for ever."""


def event_of(kind: str, data: Mapping[str, Any], event_id: int | None = None) -> bytes:
    # JSON in one line: a line break in a string is written as \n.
    lines = [f"event: {kind}", f"data: {json.dumps(data, separators=(',', ':'), default=str)}"]
    if event_id is not None:
        lines.insert(0, f"id: {event_id}")
    return ("\n".join(lines) + "\n\n").encode()


def ping_of(position: int | None) -> bytes:
    return b": ping\n\n" if position is None else f": ping\nid: {position}\n\n".encode()


class SseResponse(Response):
    """An event stream. Unlike Starlette's StreamingResponse it needs one small task, and disconnects a stuck reader.

    `opened` opens the stream when the response begins, or raises `TooManyStreams`. `closed` is always called at the
    end.
    """

    def __init__(
        self,
        opened: Callable[[], AbstractContextManager[LiveStream]],
        pieces: Callable[[LiveStream], AsyncGenerator[bytes]],
        *,
        closed: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(
            # Without X-Accel-Buffering nginx would buffer events.
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
            media_type="text/event-stream",
        )
        del self.headers["content-length"]
        self._opened = opened
        self._pieces = pieces
        self._closed = closed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._opened() as stream:
                disconnecting = asyncio.create_task(_end_on_disconnect(stream, receive))
                try:
                    await self._send(self._pieces(stream), send)
                finally:
                    disconnecting.cancel()
        except TooManyStreams as error:
            await problem("too_many_streams", str(error)).response()(scope, receive, send)
        finally:
            await self._closed()

    async def _send(self, pieces: AsyncGenerator[bytes], send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(pieces):
            async for piece in pieces:
                try:
                    async with asyncio.timeout(SEND_WITHIN):
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
                except (TimeoutError, OSError):
                    return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _end_on_disconnect(stream: LiveStream, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end()
