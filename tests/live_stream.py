"""A reader of /api/live for tests, like the EventSource of a browser."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from eventually import eventually
from postroom.jmap.sse_parser import Event, SseParser

READ_SECONDS = 60
"""Longer than the interval between two pings."""


class LiveStreamReader:
    """An open stream and the events it has received."""

    def __init__(self, response: httpx2.Response, last_id: str = "") -> None:
        self.response = response
        self.events: list[Event] = []
        self.raw = b""
        self.ended = False
        self._stream = SseParser(last_id)
        self._read = 0

    @property
    def last_id(self) -> str:
        """The Last-Event-ID of a browser that reconnects."""
        return self._stream.last_id

    async def listen(self) -> None:
        async for chunk in self.response.aiter_raw():
            self.raw += chunk
            self.events += self._stream.feed(chunk)
        self.ended = True

    async def next(self, within: float = 10) -> tuple[str, Any]:
        """Type and data of the next event."""
        await eventually(lambda: len(self.events) > self._read, "another event", within)
        event = self.events[self._read]
        self._read += 1
        return event.type, json.loads(event.data)

    async def until(self, kind: str, within: float = 20) -> Any:
        """The data of the next event of this type; earlier events are skipped."""
        while True:
            found, data = await self.next(within)
            if found == kind:
                return data

    def received(self) -> list[int]:
        """The ids of the `mail` events received so far."""
        return [json.loads(event.data)["id"] for event in self.events if event.type == "mail"]


@asynccontextmanager
async def listening(
    http: httpx2.AsyncClient, last_id: str | None = None, **headers: str
) -> AsyncGenerator[LiveStreamReader]:
    """An open stream of the person authenticated by `http` or `headers` (with `_` for `-`)."""
    given = headers if last_id is None else headers | {"last_event_id": last_id}
    sent = {name.replace("_", "-").encode(): value.encode() for name, value in given.items()}
    timeout = httpx2.Timeout(5, read=READ_SECONDS)
    async with http.stream("GET", "/api/live", headers=sent, timeout=timeout) as response:
        assert response.status_code == 200, await response.aread()
        stream = LiveStreamReader(response, last_id or "")
        task = asyncio.create_task(stream.listen())
        try:
            yield stream
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
