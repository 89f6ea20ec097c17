"""The HTTP server with clients that send incomplete or endless requests: they must not block other clients."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from unittest.mock import MagicMock

import pytest
import uvloop
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from eventually import eventually
from postroom.http import protocol as http_protocol
from postroom.http.server import HttpServer, listen

MOST = 4
LARGE = 20_000_000
GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n"
METRICS = b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: %s\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n"
SLOW = b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[..., Awaitable[Streams]]


class Work:
    """`done` lets /slow respond; `left` is set when a client of /stays has disconnected."""

    def __init__(self) -> None:
        self.begun = 0
        self.done = asyncio.Event()
        self.left = asyncio.Event()


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def app(work: Work) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def here() -> str:
        return "here"

    @app.get("/health/live")
    async def live() -> str:
        return "live"

    @app.get("/slow")
    async def slow() -> str:
        work.begun += 1
        await work.done.wait()
        return "slow"

    @app.get("/stays")
    async def stays(request: Request) -> None:
        work.begun += 1
        while (await request.receive())["type"] != "http.disconnect":
            pass
        work.left.set()

    @app.get("/large")
    async def large() -> Response:
        return Response(bytes(LARGE))

    @app.get("/metrics")
    async def pieces() -> StreamingResponse:
        return StreamingResponse(iter([bytes(LARGE // 20)] * 20), headers={"Content-Length": str(LARGE)})

    @app.post("/")
    async def size(request: Request) -> int:
        return len(await request.body())

    @app.post("/fields")
    async def fields(request: Request) -> dict[str, object]:
        return {"body": (await request.body()).decode(), **request.headers}

    return app


@asynccontextmanager
async def serving(app: FastAPI, connections: int) -> AsyncIterator[Connect]:
    stop = asyncio.Event()
    listener: socket.socket = listen("127.0.0.1", 0, setting="POSTROOM_PORT")
    listener.listen()
    server = asyncio.create_task(HttpServer(app, listener, drain=1, connections=connections).run(stop))
    opened = list[asyncio.StreamWriter]()

    async def connect(first: bytes = b"") -> Streams:
        """Connect. The server receives `first` together with the connection."""
        client = socket.create_connection(listener.getsockname())
        client.sendall(first)
        reader, writer = await asyncio.open_connection(sock=client)
        opened.append(writer)
        return reader, writer

    try:
        yield connect
    finally:
        for writer in opened:
            writer.close()
        stop.set()
        await server


@pytest.fixture
async def connect(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    """Connects to a server that waits 0.3 s for the head of a request."""
    monkeypatch.setattr(http_protocol, "HEAD_WITHIN", 0.3)
    async with serving(app, 100) as connect:
        yield connect


@pytest.fixture
async def patient(app: FastAPI) -> AsyncIterator[Connect]:
    """Connects to a server whose timeouts are too long to matter."""
    async with serving(app, 100) as connect:
        yield connect


@pytest.fixture
async def crowded(app: FastAPI) -> AsyncIterator[Connect]:
    """Connects to such a server with at most four connections."""
    async with serving(app, MOST) as connect:
        yield connect


async def answer(reader: asyncio.StreamReader) -> bytes:
    """The body of a response. Raises `IncompleteReadError` if the connection ends first."""
    return (await head_and_body(reader))[1]


async def head_and_body(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return head.lower(), await reader.readexactly(length)


async def refused(reader: asyncio.StreamReader, status: int) -> None:
    head, body = await head_and_body(reader)
    assert head.startswith(b"http/1.1 %d " % status)
    assert b"connection: close\r\n" in head
    assert b"content-type: application/problem+json\r\n" in head
    assert json.loads(body)["status"] == status
    await ended(reader)


async def ended(reader: asyncio.StreamReader) -> None:
    """Wait until the server closes the connection. It must send nothing more."""
    with suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), 5) == b""


def get_of(size: int) -> bytes:
    """A request whose head has `size` bytes."""
    return GET[:-2] + b"X: " + b"a" * (size - len(GET) - 5) + b"\r\n\r\n"


async def test_connection_without_a_request_is_closed(connect: Connect) -> None:
    """Otherwise as many idle connections as the process may open files would block everybody, for as long as they
    like."""
    reader, _ = await connect()
    await ended(reader)


@pytest.mark.parametrize("begun", [b"GET / HT", b"GET / HTTP/1.1\r\nHost: h\r\nX-Y"])
async def test_unfinished_request_head_gets_408_and_a_closed_connection(connect: Connect, begun: bytes) -> None:
    reader, writer = await connect()
    writer.write(begun)
    await refused(reader, 408)


async def test_slowly_sent_request_head_times_out_like_a_stalled_one(connect: Connect) -> None:
    reader, writer = await connect()
    async with endless(writer, b"GET / HTTP/1.1\r\nX: ", b"a", every=0.02):
        await refused(reader, 408)


async def test_second_request_on_a_connection_has_the_same_timeout_as_the_first(connect: Connect) -> None:
    reader, writer = await connect()
    for _ in range(2):
        await asyncio.sleep(0.2)
        writer.write(GET)
        assert await answer(reader) == b'"here"'
    writer.write(GET[:5])
    await refused(reader, 408)


async def test_slow_response_is_not_timed_out_by_the_previous_request(connect: Connect, work: Work) -> None:
    """The timeout of the previous request has ended."""
    reader, writer = await connect(GET)
    assert await answer(reader) == b'"here"'
    writer.write(SLOW)
    await asyncio.sleep(0.5)
    work.done.set()
    assert await answer(reader) == b'"slow"'


async def test_blank_lines_do_not_keep_a_connection_open(connect: Connect) -> None:
    """They may precede a request (RFC 9112 §2.2), but do not start its head."""
    reader, writer = await connect()
    writer.write(GET)
    await answer(reader)
    async with endless(writer, b"", b"\r\n", every=0.02):
        pass


async def test_connection_is_closed_if_the_request_body_goes_on_after_the_answer(connect: Connect) -> None:
    reader, writer = await connect()
    writer.write(b"POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 500000000\r\n\r\n")
    await answer(reader)
    async with endless(writer, b"", b"a", every=0.02):
        await ended(reader)


@asynccontextmanager
async def endless(writer: asyncio.StreamWriter, begin: bytes, more: bytes, *, every: float = 0) -> AsyncIterator[None]:
    """Send `begin`, then `more` again and again until the server closes the connection. Raises `TimeoutError` if it
    does not."""

    async def send() -> None:
        writer.write(begin)
        with suppress(ConnectionError):
            while True:
                writer.write(more)
                await writer.drain()
                await asyncio.sleep(every)

    sending = asyncio.create_task(send())
    yield
    await asyncio.wait_for(sending, 5)


async def test_request_body_may_be_large_and_slow(connect: Connect) -> None:
    reader, writer = await connect()
    writer.write(POST + b"a" * 250_000)
    await asyncio.sleep(0.5)
    writer.write(b"a" * 250_000)
    assert await answer(reader) == b"500000"


async def test_client_may_read_a_response_slowly(connect: Connect) -> None:
    reader, writer = await connect()
    writer.write(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
    await reader.readexactly(1)
    await asyncio.sleep(0.5)
    assert len(await answer(reader)) == LARGE


async def test_request_head_may_have_at_most_64_kib(patient: Connect) -> None:
    reader, writer = await patient()
    writer.write(get_of(64 * 1024))
    assert await answer(reader) == b'"here"'
    writer.write(get_of(64 * 1024 + 64))
    await refused(reader, 431)


async def test_pipelined_requests_do_not_add_up_to_an_oversized_head(patient: Connect) -> None:
    reader, writer = await patient()
    writer.write(get_of(10_000) * 20)
    assert [await answer(reader) for _ in range(20)] == [b'"here"'] * 20


async def test_connection_closes_if_more_than_32_pipelined_requests_wait(patient: Connect, work: Work) -> None:
    """Each takes more than a kilobyte of memory, and 10,000 of them fit into what a connection receives at once."""
    reader, writer = await patient()
    writer.write(SLOW + GET * 32)
    await eventually(lambda: work.begun == 1, "the first request is in progress")
    work.done.set()
    assert [await answer(reader) for _ in range(33)] == [b'"slow"'] + [b'"here"'] * 32
    work.done.clear()
    writer.write(SLOW + GET * 33)
    await ended(reader)


@pytest.mark.parametrize("begin", [GET[:-2] + b"X: ", b"GET /", b"G"], ids=["a value", "a target", "a method"])
async def test_connection_with_an_endless_request_head_is_closed(patient: Connect, begin: bytes) -> None:
    _, writer = await patient()
    async with endless(writer, begin, b"a" * 16 * 1024):
        pass


async def test_request_head_may_have_at_most_100_fields(patient: Connect) -> None:
    reader, writer = await patient()
    writer.write(GET[:-2] + b"X: y\r\n" * 99 + b"\r\n")
    assert await answer(reader) == b'"here"'
    writer.write(GET[:-2] + b"X: y\r\n" * 100 + b"\r\n")
    await refused(reader, 431)


CHUNKED = b"POST /fields HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n"


@pytest.mark.parametrize("more", [b"a" * 16 * 1024, b"a: b\r\n" * 2000], ids=["one", "many"])
async def test_endless_trailers_end_the_connection(patient: Connect, more: bytes) -> None:
    reader, writer = await patient()
    async with endless(writer, CHUNKED + b"0\r\nX: ", more):
        await ended(reader)


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket"])
@pytest.mark.parametrize("rest", [b"", b"hi"], ids=["at once", "in pieces"])
async def test_upgrade_header_is_ignored_and_the_body_is_kept(patient: Connect, protocol: bytes, rest: bytes) -> None:
    """RFC 9110 §7.8: a server may ignore it. `curl --http2` asks for h2c."""
    reader, writer = await patient()
    upgrade = UPGRADE % protocol
    request = b"POST /fields?a HTTP/1.1\r\nHost: h\r\n" + upgrade + b"Content-Length: 4\r\n\r\nhi"
    if rest:
        for byte in request:
            writer.write(bytes([byte]))
            await writer.drain()
        writer.write(rest)
    else:
        writer.write(request + b"hi")
    found = json.loads(await answer(reader))
    assert (found["body"], found["host"]) == ("hihi", "h")
    writer.write(GET[:-2] + upgrade + b"\r\n" + GET)
    assert [await answer(reader), await answer(reader)] == [b'"here"', b'"here"']


async def test_rejection_is_not_sent_as_the_answer_to_the_previous_request(patient: Connect, work: Work) -> None:
    reader, writer = await patient()
    writer.write(SLOW + b"\x16\x03\x01")
    await ended(reader)
    work.done.set()


async def test_connection_limit_closes_the_longest_idle_connection(crowded: Connect) -> None:
    waiting = [await connected(crowded) for _ in range(MOST)]
    reader, writer = waiting[0]
    writer.write(GET)
    assert await answer(reader) == b'"here"'  # so its timeout is shorter than that of the others
    for _ in range(MOST - 1):
        await connected(crowded)
    for other, _ in waiting[1:]:
        await ended(other)
    writer.write(GET)
    assert await answer(reader) == b'"here"'


async def connected(connect: Connect) -> Streams:
    """A connection that has made one request, so that the server knows it."""
    reader, writer = await connect(GET)
    assert await answer(reader) == b'"here"'
    return reader, writer


def test_new_connection_is_served_after_an_idle_one_was_closed_for_it(app: FastAPI) -> None:
    """On uvloop, as in a process, the head of the new connection arrives before the old one is closed."""

    async def on_uvloop() -> None:
        async with serving(app, MOST) as connect:
            for _ in range(10 * MOST):
                await connected(connect)

    with ThreadPoolExecutor() as thread:
        thread.submit(uvloop.run, on_uvloop()).result()


async def test_only_health_requests_are_served_while_all_connections_are_busy(crowded: Connect, work: Work) -> None:
    working = [await connected(crowded) for _ in range(MOST)]
    for _, writer in working:
        writer.write(SLOW)
    await eventually(lambda: work.begun == MOST, "all connections are busy")
    others = [await crowded() for _ in range(3)]
    for _, writer in others[:-1]:
        writer.write(GET[:5])
    others[-1][1].write(LIVE)
    assert await answer(others[-1][0]) == b'"live"'
    for reader, _ in others[:-1]:
        await ended(reader)
    others[-1][1].write(GET[:-2] + UPGRADE % b"h2c" + b"\r\n")
    await refused(others[-1][0], 503)
    late, _ = await crowded(LIVE)
    assert await answer(late) == b'"live"'
    work.done.set()
    assert [await answer(reader) for reader, _ in working] == [b'"slow"'] * MOST
    working[0][1].write(GET)
    assert await answer(working[0][0]) == b'"here"'
    await ended(late)


async def test_client_that_does_not_read_its_answer_blocks_no_other(crowded: Connect) -> None:
    """Health checks are answered although all connections are busy, but these, too, must not exceed the limit of
    connections: each is an open file."""
    idlers = [await connected(crowded) for _ in range(MOST)]
    for _, writer in idlers:
        writer.write(METRICS)
    idlers += [await crowded(METRICS) for _ in range(MOST)]
    async with asyncio.timeout(5):
        while await answer((await crowded(GET))[0]) != b'"here"':
            pass  # small responses still fit into the buffers
    assert [await was_cut(reader) for reader, _ in idlers].count(False) < MOST


async def was_cut(reader: asyncio.StreamReader) -> bool:
    try:
        await answer(reader)
    except (asyncio.IncompleteReadError, ConnectionError):
        return True
    return False


async def test_slowly_read_response_is_not_cut_to_make_room_for_another_connection(crowded: Connect) -> None:
    reader, _ = await crowded(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
    await reader.readexactly(1)
    for _ in range(2 * MOST):
        await connected(crowded)
    assert len(await answer(reader)) == LARGE


async def test_disconnect_is_noticed_even_with_a_pipelined_request(patient: Connect, work: Work) -> None:
    """Otherwise a stream of events would continue without a reader, and fail at its next event."""
    _, writer = await patient(b"GET /stays HTTP/1.1\r\nHost: h\r\n\r\n" + GET)
    await eventually(lambda: work.begun == 1, "the stream begins")
    writer.transport.abort()
    await asyncio.wait_for(work.left.wait(), 5)


async def test_closed_connection_does_not_count_toward_the_limit(crowded: Connect) -> None:
    reader, waiting = await connected(crowded)
    for _ in range(10 * MOST):
        _, writer = await connected(crowded)
        writer.close()
        await writer.wait_closed()
    waiting.write(GET)
    assert await answer(reader) == b'"here"'


def test_connection_closed_to_make_room_no_longer_counts() -> None:
    """It is closed in the next iteration of the loop. If it were counted until then, the next request would be
    refused."""
    connections = http_protocol.Connections(most=1)
    oldest, newest = MagicMock(), MagicMock()
    connections.connections |= {oldest, newest}
    connections.waiting[oldest] = None
    assert connections.make_room()
    assert connections.make_room()
