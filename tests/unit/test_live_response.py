"""The response of /api/live on a connection that is closed, stalled or refused."""

import asyncio
import socket
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

import pytest
import uvicorn
from fastapi import FastAPI

from eventually import eventually
from postroom import http_server
from postroom.api import sse_response
from postroom.api.sse_response import SseResponse, event_of
from postroom.realtime.live_streams import LiveStream, TooManyStreams


class Connection:
    """Sending hangs after `stuck_after` pieces, or fails if `cut`; `gone`: the browser has disconnected."""

    def __init__(self, *, stuck_after: int = 1000, cut: bool = False) -> None:
        self.sent: list[dict[str, Any]] = []
        self.gone = asyncio.Event()
        self._stuck_after = stuck_after
        self._cut = cut

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if len(self.sent) > self._stuck_after:
            if self._cut:
                raise OSError("cut")
            await asyncio.Event().wait()
        self.sent.append(message)


def stream_of_nobody() -> LiveStream:
    """A stream that is never read."""
    return LiveStream(cast(Any, None), UUID(int=1))


class Place:
    def __init__(self) -> None:
        self.taken = 0
        self.closed = 0

    @contextmanager
    def open(self) -> Generator[LiveStream]:
        self.taken += 1
        try:
            yield stream_of_nobody()
        finally:
            self.taken -= 1

    async def note_closed(self) -> None:
        self.closed += 1


async def forever(stream: LiveStream) -> AsyncGenerator[bytes]:
    while not stream.ended:
        yield b": piece\n\n"
        await stream.wait(0.001)


@pytest.mark.parametrize("connection", [{"stuck_after": 3}, {"stuck_after": 3, "cut": True}], ids=["stuck", "cut"])
async def test_live_stream_of_a_stalled_reader_is_closed(
    monkeypatch: pytest.MonkeyPatch, connection: dict[str, Any]
) -> None:
    monkeypatch.setattr(sse_response, "SEND_WITHIN", 0.05)
    place, browser = Place(), Connection(**connection)
    answer = SseResponse(place.open, forever, closed=place.note_closed)
    await asyncio.wait_for(answer({"type": "http"}, browser.receive, browser.send), 2)
    assert (place.taken, place.closed) == (0, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="TCP_USER_TIMEOUT is an option of Linux")
async def test_connection_of_a_client_that_does_not_read_its_stream_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it were only closed, closing would wait for the client to read, and so would the shutdown."""
    monkeypatch.setattr(sse_response, "SEND_WITHIN", 0.2)
    monkeypatch.setattr(http_server, "STUCK_SECONDS", 1)
    place = Place()

    async def torrent(_stream: LiveStream) -> AsyncGenerator[bytes]:
        while True:
            yield b": " + b"x" * 100_000 + b"\n\n"

    app = FastAPI()
    app.add_api_route("/live", lambda: SseResponse(place.open, torrent, closed=place.note_closed))
    listener = http_server.listen("127.0.0.1", 0, setting="POSTROOM_PORT")
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=20))
    serving = asyncio.create_task(server._serve(sockets=[listener]))
    await eventually(lambda: server.started, "the service listens")
    with socket.create_connection(listener.getsockname()) as reader:
        reader.sendall(b"GET /live HTTP/1.1\r\nHost: here\r\n\r\n")
        await eventually(lambda: place.closed, "the stream ends")
        await eventually(lambda: not server.server_state.connections, "the connection is cut")
    server.should_exit = True
    await serving


async def test_event_stream_ends_when_the_browser_disconnects() -> None:
    place, browser = Place(), Connection()
    answer = SseResponse(place.open, forever, closed=place.note_closed)
    running = asyncio.create_task(answer({"type": "http"}, browser.receive, browser.send))
    browser.gone.set()
    await asyncio.wait_for(running, 2)
    assert (place.taken, place.closed) == (0, 1)
    assert browser.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_unexpected_error_while_streaming_releases_the_stream() -> None:
    async def broken(_stream: LiveStream) -> AsyncGenerator[bytes]:
        yield b": piece\n\n"
        raise RuntimeError("a defect")

    place, browser = Place(), Connection()
    answer = SseResponse(place.open, broken, closed=place.note_closed)
    with pytest.raises(RuntimeError):
        await answer({"type": "http"}, browser.receive, browser.send)
    assert (place.taken, place.closed) == (0, 1)


async def test_too_many_live_streams_get_503_with_the_reason() -> None:
    @contextmanager
    def full() -> Generator[LiveStream]:
        raise TooManyStreams("20 live streams are open already")
        yield stream_of_nobody()

    place, browser = Place(), Connection()
    await SseResponse(full, forever, closed=place.note_closed)({"type": "http"}, browser.receive, browser.send)
    assert browser.sent[0]["status"] == 503
    assert b"20 live streams" in browser.sent[1]["body"]


def test_live_event_has_one_data_line_whatever_it_contains() -> None:
    assert event_of("mail", {"text": "a\nb\r\n\u2028ü"}, 7) == (
        b'id: 7\nevent: mail\ndata: {"text":"a\\nb\\r\\n\\u2028\\u00fc"}\n\n'
    )
