"""/api/realtime, and the response of /api/live on a connection that is closed, stalled or refused."""

import asyncio
import socket
import sys
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import httpx2
import jwt
import pytest
import uvicorn
from fastapi import FastAPI

from eventually import eventually
from postroom.api import sse_response
from postroom.api.realtime import realtime_routes
from postroom.api.sse_response import SseResponse, event_of
from postroom.api.visitor import receive_visitors, visitor_of
from postroom.domain.person import ALL_SCOPES, Person, Scope
from postroom.errors import KratosUnavailable, NoSession, PostroomError
from postroom.http import server as http_server
from postroom.mailboxes.preparation import Preparation, PreparationState
from postroom.people.ports import Visitor
from postroom.realtime.connection_token import CentrifugoForBrowsers
from postroom.realtime.live_streams import LiveStream, TooManyStreams

HTTP = {"type": "http"}


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


async def streamed(browser: Connection, read: Any = forever) -> None:
    """The stream ends, and gives its place back."""
    place = Place()
    try:
        await asyncio.wait_for(
            SseResponse(place.open, read, closed=place.note_closed)(HTTP, browser.receive, browser.send), 2
        )
    finally:
        assert (place.taken, place.closed) == (0, 1)


@pytest.mark.parametrize("connection", [{"stuck_after": 3}, {"stuck_after": 3, "cut": True}], ids=["stuck", "cut"])
async def test_live_stream_of_a_stalled_reader_is_closed(
    monkeypatch: pytest.MonkeyPatch, connection: dict[str, Any]
) -> None:
    monkeypatch.setattr(sse_response, "SEND_WITHIN", 0.05)
    await streamed(Connection(**connection))


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
    browser = Connection()
    running = asyncio.create_task(streamed(browser))
    browser.gone.set()
    await running
    assert browser.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_unexpected_error_while_streaming_releases_the_stream() -> None:
    async def broken(_stream: LiveStream) -> AsyncGenerator[bytes]:
        yield b": piece\n\n"
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError):
        await streamed(Connection(), broken)


async def test_too_many_live_streams_get_503_with_the_reason() -> None:
    @contextmanager
    def full() -> Generator[LiveStream]:
        raise TooManyStreams("20 live streams are open already")
        yield stream_of_nobody()

    place, browser = Place(), Connection()
    await SseResponse(full, forever, closed=place.note_closed)(HTTP, browser.receive, browser.send)
    assert browser.sent[0]["status"] == 503
    assert b"20 live streams" in browser.sent[1]["body"]


def test_live_event_has_one_data_line_whatever_it_contains() -> None:
    assert event_of("mail", {"text": "a\nb\r\n\u2028ü"}, 7) == (
        b'id: 7\nevent: mail\ndata: {"text":"a\\nb\\r\\n\\u2028\\u00fc"}\n\n'
    )


# /api/realtime


ALICE = UUID(int=1)
KEY = "token-key-of-the-tests-0123456789-0123456789"
URL = "wss://mail.example.org/connection/websocket"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SSE = {"transport": "sse", "url": "/api/live"}


class Everybody:
    def __init__(self, scopes: frozenset[Scope] = ALL_SCOPES, error: PostroomError | None = None) -> None:
        self.scopes = scopes
        self.error = error

    async def identify(self, method: str, headers: Mapping[str, str], *, refresh: bool = False) -> Visitor:
        if self.error:
            raise self.error
        return Visitor(Person(ALICE, self.scopes, NOW + timedelta(seconds=90)))


async def ask(
    people: Everybody | None = None, *, centrifugo: bool = True, state: str = "ready", online: list[UUID] | None = None
) -> httpx2.Response:
    async def read(identity_id: UUID) -> tuple[None, Preparation]:
        return None, Preparation(PreparationState(state))

    async def note(identity_id: UUID) -> None:
        if online is not None:
            online.append(identity_id)

    app = FastAPI()
    browsers = CentrifugoForBrowsers(URL, KEY) if centrifugo else None
    visiting = visitor_of(people or Everybody())
    app.router.routes += realtime_routes(visiting, read, centrifugo=browsers, mark_online=note, now=lambda: NOW)
    receive_visitors(app)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://postroom.test") as client:
        return await client.get("/api/realtime")


async def test_browser_gets_centrifugo_url_its_own_channel_and_a_token_no_longer_than_the_session() -> None:
    online: list[UUID] = []
    answer = await ask(online=online)
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    claims = jwt.decode(found.pop("token"), KEY, ["HS256"], audience="centrifugo", options={"verify_exp": False})
    assert (claims["sub"], claims["exp"]) == (str(ALICE), int(NOW.timestamp()) + 90)
    assert found == {"transport": "centrifugo", "url": URL, "channel": f"mail:user#{ALICE}"}
    assert online == [ALICE]


async def test_realtime_without_centrifugo_uses_server_sent_events() -> None:
    assert (await ask(centrifugo=False)).json() == SSE


@pytest.mark.parametrize("state", ["none", "preparing", "failed"])
async def test_realtime_uses_server_sent_events_until_the_mailbox_is_ready(state: str) -> None:
    online: list[UUID] = []
    assert (await ask(state=state, online=online)).json() == SSE
    assert online == []


@pytest.mark.parametrize(
    ("people", "status", "code"),
    [
        (Everybody(error=NoSession("log in")), 401, "no_session"),
        (Everybody(error=KratosUnavailable("away")), 503, "kratos_away"),
        (Everybody(frozenset({Scope.SEND})), 403, "scope_missing"),
    ],
    ids=["no session", "Kratos is away", "a token that may not read"],
)
async def test_a_token_without_read_gets_no_transport_and_an_unavailable_kratos_ends_no_session(
    people: Everybody, status: int, code: str
) -> None:
    answer = await ask(people)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
