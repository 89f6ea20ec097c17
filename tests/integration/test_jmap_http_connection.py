"""A connection reports reliably whether a request was sent, and whether it may have been executed."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest
import uvloop

from eventually import eventually
from http_server import Serve, answering, server
from postroom.jmap.errors import JmapError, NotAnswered, NotSent
from postroom.jmap.http_connection import MOST_READ, JmapConnection
from postroom.jmap.response import JmapResponse

OK = b"HTTP/1.1 200 OK\r\nX: a\r\nContent-Length: 2\r\n\r\n{}"
SOON = 5.0

Connect = Callable[[str], JmapConnection]


@asynccontextmanager
async def connecting() -> AsyncIterator[Connect]:
    opened: list[JmapConnection] = []

    def connect(url: str) -> JmapConnection:
        opened.append(JmapConnection(url))
        return opened[-1]

    yield connect
    for connection in opened:
        await connection.aclose()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    async with connecting() as connect:
        yield connect


async def ask(connection: JmapConnection, url: str, *, within: float = SOON) -> JmapResponse:
    return await connection.exchange("POST", f"{url}/jmap/?a=b", {"Authorization": "Bearer x"}, b"[1]", within=within)


async def test_request_is_sent_complete_and_its_answer_returned(connect: Connect) -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        assert await reader.readexactly(3) == b"[1]"
        writer.write(OK)
        await reader.read()

    async with server(serve) as url:
        reply = await ask(connect(url), url)
    assert (reply.status, reply.headers["x"], reply.content) == (200, "a", b"{}")
    assert heads[0].startswith(b"POST /jmap/?a=b HTTP/1.1\r\n")
    lines = {line.lower() for line in heads[0].decode().split("\r\n")}
    assert {f"host: {url.removeprefix('http://')}", "authorization: bearer x", "content-length: 3"} <= lines


async def test_unencoded_url_is_percent_encoded(connect: Connect) -> None:
    async with server(answering(OK)) as url:
        assert (await connect(url).exchange("GET", f"{url}/é%2F\ud800?é", {}, within=SOON)).status == 200


@pytest.mark.parametrize(("rest", "target"), [("", b"/"), ("?a=b", b"/?a=b"), ("/ü#c", b"/%C3%BC")])
async def test_unusual_url_of_the_server_is_normalised_and_requested(
    connect: Connect, rest: str, target: bytes
) -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b" ")[1])
        writer.write(OK)

    async with server(serve) as url:
        await connect(url).exchange("GET", url + rest, {}, within=SOON)
    assert asked == [target]


async def test_refused_connection_means_nothing_was_sent(connect: Connect) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(NotSent):
            await ask(connect(url), url)


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


@pytest.mark.parametrize(
    "serve",
    [
        pytest.param(answering(b"", closing=True), id="the server closes"),
        pytest.param(
            answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", closing=True), id="the server closes midway"
        ),
        pytest.param(answering(b"SSH-2.0-x\r\n\r\n", closing=True), id="it is not HTTP"),
        pytest.param(_silent, id="the server does not respond"),
        pytest.param(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}"), id="the response stops"),
    ],
)
async def test_request_without_a_complete_answer_is_not_answered_and_never_repeated(
    connect: Connect, serve: Serve
) -> None:
    async with server(serve) as url:
        connection = connect(url)
        with pytest.raises(NotAnswered):
            await ask(connection, url, within=0.2)
        assert connection.requests == 1, "never sent twice"


async def test_response_without_an_end_is_abandoned_before_it_fills_the_memory(connect: Connect) -> None:
    """A proxy or server gone mad can send gigabytes within the deadline of an attempt."""
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while sent < 4 * MOST_READ:
            writer.write(b"x" * 65_536)
            sent += 65_536
            await writer.drain()

    async with server(serve) as url:
        with pytest.raises(NotAnswered, match="too large"):
            await ask(connect(url), url)
    assert sent < 2 * MOST_READ


@pytest.mark.parametrize("begun", [False, True])
async def test_cancelled_request_closes_its_connection(connect: Connect, begun: bool) -> None:
    """Otherwise the next request would get the response to this one."""
    asked, left = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if begun:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{")
            await writer.drain()
        asked.set()
        await reader.read()
        left.set()

    async with server(serve) as url:
        asking = asyncio.create_task(ask(connect(url), url))
        await asked.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        async with asyncio.timeout(SOON):
            await left.wait()


async def test_jmap_error_says_what_came_without_its_content(connect: Connect) -> None:
    async with server(answering(b"HTTP/1.1 secret\r\n\r\n", closing=True)) as url:
        with pytest.raises(JmapError) as raised:
            await ask(connect(url), url)
    assert "not HTTP" in str(raised.value)
    assert "secret" not in str(raised.value)


async def test_non_ascii_response_header_is_read_as_latin_1(connect: Connect) -> None:
    async with server(answering(b"HTTP/1.1 200 OK\r\nX: caf\xe9\r\nContent-Length: 2\r\n\r\n{}")) as url:
        assert (await ask(connect(url), url)).headers["x"] == "café"


@pytest.mark.parametrize("stray", [b"", OK], ids=["the server closes", "it sends unrequested data"])
async def test_kept_connection_is_checked_before_it_is_reused(connect: Connect, stray: bytes) -> None:
    """Even if the event loop was busy and has not noticed yet that it is closed."""
    first_is_over, come = threading.Event(), threading.Event()

    def serve(listener: socket.socket) -> None:
        with listener.accept()[0] as first:
            first.recv(65536)
            first.sendall(OK)
            first_is_over.wait(SOON)
            first.sendall(stray)
            first.shutdown(socket.SHUT_WR)
            come.set()
            with listener.accept()[0] as second:
                second.recv(65536)
                second.sendall(OK.replace(b"{}", b"[]"))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SOON)
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        connection = connect(url)
        assert (await ask(connection, url)).content == b"{}"
        first_is_over.set()
        come.wait(SOON)  # blocks the loop on purpose
        assert (await ask(connection, url)).content == b"[]"
        thread.join(SOON)


async def test_request_running_at_close_leaves_no_open_connection() -> None:
    go, left = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await go.wait()
        writer.write(OK)
        await reader.read()
        left.set()

    async with server(serve) as url:
        connection = JmapConnection(url)
        asking = asyncio.create_task(ask(connection, url))
        await asyncio.sleep(0)
        await connection.aclose()
        go.set()
        assert (await asking).status == 200
        await asyncio.wait_for(left.wait(), SOON)


async def test_request_after_close_is_not_sent() -> None:
    async with server(answering(OK)) as url:
        connection = JmapConnection(url)
        await connection.aclose()
        with pytest.raises(NotSent):
            await ask(connection, url)


@pytest.mark.parametrize("host", ["a..example", "x" * 64 + ".example"])
async def test_request_to_an_invalid_host_name_counts_as_not_sent(connect: Connect, host: str) -> None:
    with pytest.raises(NotSent):
        await ask(connect(f"http://{host}"), f"http://{host}")


async def test_header_with_a_line_break_is_never_sent(connect: Connect) -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.read())

    async with server(serve) as url:
        with pytest.raises(NotAnswered):
            await connect(url).exchange("GET", f"{url}/", {"X": "a\r\nY: b"}, within=SOON)
        await eventually(lambda: heads == [b""], "the connection is closed")


def test_behaviour_is_the_same_on_uvloop() -> None:
    """The service runs on uvloop. In a thread, because the tests have their own event loop."""

    async def on_uvloop() -> None:
        async with connecting() as connect:
            await test_request_is_sent_complete_and_its_answer_returned(connect)
            await test_refused_connection_means_nothing_was_sent(connect)
            await test_cancelled_request_closes_its_connection(connect, begun=True)
            for stray in (b"", OK):
                await test_kept_connection_is_checked_before_it_is_reused(connect, stray)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(uvloop.run, on_uvloop()).result()
