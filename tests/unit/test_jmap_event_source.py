"""Listening over several connections: each new connection is reported."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import httpx2
import pytest

from postroom.jmap.client import JmapClient
from postroom.jmap.errors import HttpError, Unauthorized
from postroom.jmap.event_source import Connected, StateChange, listen
from postroom.jmap.http_connection import JmapConnection
from scripted_jmap import URL, Play, ScriptedJmap, known, limited, problem

STATE = b'event: state\ndata: {"@type":"StateChange","changed":{"a":{"Email":"%d"}}}\n\n'
PING = b'event: ping\ndata: {"interval": 60000}\n\n'


def change(state: int) -> StateChange:
    return StateChange({"a": {"Email": str(state)}})


def stream(*content: bytes) -> httpx2.Response:
    return httpx2.Response(200, content=b"".join(content), headers={"Content-Type": "text/event-stream;charset=utf-8"})


END = httpx2.Response(204)
REFUSED = httpx2.ConnectError("refused")


async def received(server: ScriptedJmap) -> list[Connected | StateChange]:
    """All events until the server ends the stream."""
    return [each async for each in listen(server.client(), ["Email", "Mailbox"])]


def silent(_: httpx2.Request) -> httpx2.Response:
    async def content() -> AsyncIterator[bytes]:
        yield STATE % 1
        raise httpx2.ReadTimeout("silence")

    return httpx2.Response(200, content=content(), headers={"Content-Type": "text/event-stream"})


@pytest.mark.parametrize(
    ("plays", "events"),
    [
        ([stream(PING, STATE % 1, b": comment\n\n", STATE % 2)], [Connected(), change(1), change(2)]),
        ([stream(STATE % 1), REFUSED, stream(STATE % 5)], [Connected(), change(1), Connected(), change(5)]),
        ([silent, stream(STATE % 2)], [Connected(), change(1), Connected(), change(2)]),
    ],
    ids=["changes", "two connections", "a silent connection"],
)
async def test_changes_are_reported_after_each_new_connection_since_some_may_have_been_missed(
    plays: list[Play], events: list[Connected | StateChange]
) -> None:
    assert await received(ScriptedJmap(*plays, END)) == events


TROUBLE: list[Play] = [
    *map(problem, (500, 502, 503, 504)),
    limited(),
    httpx2.ReadTimeout("slow"),
    httpx2.RemoteProtocolError("cut"),
    httpx2.Response(200, content=b"<html>maintenance</html>", headers={"Content-Type": "text/html"}),
    httpx2.Response(200, content=STATE % 1),
]


@pytest.mark.parametrize("play", TROUBLE, ids=range(9))
async def test_event_source_retries_through_server_trouble(play: Play) -> None:
    assert await received(ScriptedJmap(play, stream(STATE % 2), END)) == [Connected(), change(2)]


async def test_event_source_requests_types_and_pings_and_times_out_after_two_and_a_half_intervals() -> None:
    server = ScriptedJmap(END)
    await received(server)
    request = server.requests[-1]
    assert str(request.url) == f"{URL}/jmap/eventsource/?types=Email%2CMailbox&closeafter=no&ping=60"
    assert request.headers["Accept"] == "text/event-stream"
    assert (request.headers["Authorization"], request.extensions["timeout"]["read"]) == ("Bearer secret", 150)


async def test_last_event_id_is_sent_back_if_the_server_gave_one() -> None:
    server = ScriptedJmap(
        stream(b"id: 46\n", STATE % 1), stream(b"id: 47\n", STATE % 2, b"id: 48\n", b"data: broken"), END
    )
    await received(server)
    sent = [each.headers.get("Last-Event-ID") for each in server.requests if "eventsource" in each.url.path]
    assert sent == [None, "46", "47"]


@pytest.mark.parametrize("last_id", ["ü", "a\x01b", ""])
async def test_event_id_that_is_not_a_valid_header_value_is_not_sent_back(last_id: str) -> None:
    server = ScriptedJmap(stream(f"id: {last_id}\n".encode(), STATE % 1), END)
    await received(server)
    assert "Last-Event-ID" not in server.requests[-1].headers


@pytest.mark.parametrize("status", [400, 401, 403, 404, 307])
async def test_event_source_raises_errors_that_a_retry_cannot_fix(status: int) -> None:
    server = ScriptedJmap(problem(status))
    with pytest.raises(HttpError) as raised:
        await received(server)
    assert (raised.value.status, isinstance(raised.value, Unauthorized)) == (status, status == 401)
    assert server.paused == []


async def test_moved_event_source_url_is_found_by_listening_again() -> None:
    server = ScriptedJmap(problem(404), stream(STATE % 1), END)
    client = server.client()
    with pytest.raises(HttpError):
        await anext(listen(client, ["Email"]))
    server.session |= {"eventSourceUrl": "/moved/"}
    assert [each async for each in listen(client, ["Email"])] == [Connected(), change(1)]
    assert server.asked[-1] == "/moved/"


UNREADABLE_DATA = (
    b"",
    b"{",
    b"[]",
    b"{}",
    b'{"changed":null}',
    b'{"changed":["a"]}',
    b'{"changed":{"a":["Email"]}}',
    b'{"changed":{"a":null}}',
    b'{"changed":{"a":{"Email":{"state":"1"}}}}',
)


@pytest.mark.parametrize("data", UNREADABLE_DATA)
async def test_unreadable_state_event_reopens_the_event_source(data: bytes) -> None:
    """After reopening, the listener asks for all changes."""
    server = ScriptedJmap(stream(b"event: state\ndata: ", data, b"\n\n", STATE % 1), stream(STATE % 2), END)
    assert await received(server) == [Connected(), Connected(), change(2)]


PAUSES: dict[str, tuple[list[Play], list[float]]] = {
    "an outage, and another one": (
        [*[REFUSED] * 8, stream(STATE % 1), REFUSED],
        [1, 2, 4, 8, 16, 32, 60, 60, 1, 2],
    ),
    "streams without events": ([stream()] * 4, [1, 2, 4, 8]),
    "unreadable changes": (
        [stream(b'event: state\ndata: {"changed":{"a":["Email"]}}\n\n')] * 4,
        [1, 2, 4, 8],
    ),
    "503 as asked": ([problem(503, retry_after="20")], [21]),
    "429 as asked": ([problem(429, retry_after="20")], [21]),
    "retry as asked": ([stream(b"retry: 20000\n\n")], [21]),
    "retry, limited": ([stream(b"retry: 999999999999\n\n")], [301]),
    "503, limited": ([problem(503, retry_after="1e300")], [3601]),
    "429, limited": ([problem(429, retry_after="999999999999")], [3601]),
}


@pytest.mark.parametrize(("plays", "pauses"), PAUSES.values(), ids=PAUSES)
async def test_event_source_backs_off_until_there_are_events_and_waits_as_long_as_the_server_says(
    plays: list[Play], pauses: list[float]
) -> None:
    server = ScriptedJmap(*plays, END)
    await received(server)
    assert server.paused == pauses


async def test_leaving_event_listener_closes_its_connection() -> None:
    closed = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"eventsource" not in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(session), session))
            head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + STATE % 1)
        assert await reader.read() == b""
        closed.set()
        writer.close()

    session = httpx2.Response(200, json=ScriptedJmap().session).content
    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with listener, asyncio.timeout(10), aclosing(JmapConnection(url)) as connection:
        async with aclosing(listen(JmapClient(url, known, connection), ["Email"])) as events:
            assert await anext(events) == Connected()
            assert await anext(events) == change(1)
        await closed.wait()
