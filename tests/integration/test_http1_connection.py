"""Our connections to a mail server that answers well, badly and hostilely; on asyncio and on uvloop."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from unittest.mock import patch

import pytest
import uvloop

from certificate import certificate
from eventually import eventually
from http_server import answering, server
from postroom.http1.connection import MAX_HEAD, Broken, Connection, Late, head_of
from postroom.http1.connections import KEPT, KEPT_SECONDS, Connections, Unreachable

GET = head_of("GET", "/jmap/x?y=z", {"Host": "mail"})
OK = b"HTTP/1.1 200 OK\r\n"
SOON = 5.0


def connections_to(url: str, *, now: Callable[[], float] = lambda: 0.0, trusted: Path | None = None) -> Connections:
    return Connections(url, context=ssl.create_default_context(cafile=trusted), monotonic=now)


async def body_of(connection: Connection) -> bytes:
    parts = list[bytes]()
    while part := await connection.receive(within=SOON):
        parts.append(part)
    return b"".join(parts)


async def exchange(connection: Connection) -> tuple[int, dict[str, str], bytes]:
    connection.begin()
    await connection.send(GET, b"", within=SOON)
    await connection.receive_head(within=SOON)
    return connection.status, connection.headers, await body_of(connection)


# What an answer is


@pytest.mark.parametrize(
    ("sent", "closing", "headers", "body", "reusable"),
    [
        (
            OK + b"Content-Length: 3\r\nX: a\r\nx: b\r\n\r\nabc",
            False,
            {"content-length": "3", "x": "a, b"},
            b"abc",
            True,
        ),
        (OK + b"Content-Length: 0\r\n\r\n", False, {"content-length": "0"}, b"", True),
        (
            OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\nX: trailer\r\n\r\n",
            False,
            {"transfer-encoding": "chunked"},
            b"abc",
            True,
        ),
        (OK + b"\r\nabc", True, {}, b"abc", False),  # RFC 9112 §6.3: to the end of the connection
        (b"HTTP/1.1 204 No\r\nX: y\r\n\r\n", False, {"x": "y"}, b"", True),
        (OK + b"Connection: close\r\nContent-Length: 1\r\n\r\na", True, None, b"a", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", True, None, b"a", False),
        (
            b"HTTP/1.1 100 Go on\r\nX: y\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\na",
            False,
            {"content-length": "1"},
            b"a",
            True,
        ),
        (b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" * 3 + OK + b"Content-Length: 1\r\n\r\na", False, None, b"a", True),
    ],
)
async def test_an_answer_is_read_to_its_end(
    sent: bytes, closing: bool, headers: dict[str, str] | None, body: bytes, reusable: bool
) -> None:
    async def bytewise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for place in range(len(sent)):
            writer.write(sent[place : place + 1])
            await writer.drain()
        if not closing:
            await reader.read()

    for serve in (answering(sent, closing=closing), bytewise):
        async with server(serve) as url:
            connection = await connections_to(url).take(within=SOON)
            _, got, found = await exchange(connection)
            assert found == body
            assert headers is None or got == headers
            assert connection.is_idle is reusable
            connection.abort()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"SMTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-",
        OK + b"Content-Length: x\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"Content-Length: 3\r\n\r\nab",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
        OK + b"Transfer-Encoding: gzip\r\n\r\nabc",
        OK + b"X\r\n\r\n",
        OK + b"X : y\r\n\r\n",
    ],
)
async def test_what_is_no_answer_breaks_the_connection(sent: bytes) -> None:
    async with server(answering(sent, closing=True)) as url:
        connections = connections_to(url)
        connection = await connections.take(within=SOON)
        with pytest.raises(Broken):
            await exchange(connection)
        connections.give_back(connection)
        assert len(connections) == 0


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 101 Other\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 101 Other\r\n\r\n",
        OK + b"X: " + b"y" * (MAX_HEAD + 1),
        OK + b"X: y\r\n" * (MAX_HEAD // 6 + 1),
    ],
)
async def test_an_answer_that_never_begins_is_not_waited_for(sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with server(answering(sent)) as url:
        connection = await connections_to(url).take(within=SOON)
        with pytest.raises(Broken):
            await exchange(connection)
        connection.abort()
        assert not caplog.records, "it broke in the loop's hands, which tells of it as a defect"


async def test_a_kept_connection_that_may_not_be_used_again_is_ended() -> None:
    async with server(answering(OK + b"Content-Length: 1\r\n\r\na")) as url:
        connections = connections_to(url)
        first = await connections.take(within=SOON)
        await exchange(first)
        connections.give_back(first)
        with patch.object(Connection, "is_silent", new=False):
            second = await connections.take(within=SOON)
        assert second is not first
        assert first.is_lost
        second.abort()


async def test_a_socket_that_broke_on_uvloop_is_a_server_not_reached() -> None:
    async def broke(*_: object, sock: socket.socket, **__: object) -> None:
        sock.close()
        raise RuntimeError("unable to perform operation; the handler is closed")

    async with server(answering()) as url:
        with patch.object(asyncio.get_running_loop(), "create_connection", broke), pytest.raises(Unreachable):
            await connections_to(url).take(within=SOON)


@pytest.mark.parametrize("more", [b"x", OK + b"Content-Length: 5\r\n\r\nother"])
@pytest.mark.parametrize("later", [False, True])
async def test_an_answer_that_nobody_asked_for_is_given_to_nobody(more: bytes, later: bool) -> None:
    """The next person to ask on that connection would get it."""
    go_on = asyncio.Event()
    one = OK + b"Content-Length: 3\r\n\r\none"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(one if later else one + more)
        if later:
            await go_on.wait()
            writer.write(more)
        await reader.read()

    async with server(serve) as url:
        connections = connections_to(url)
        first = await connections.take(within=SOON)
        assert (await exchange(first))[2] == b"one"
        connections.give_back(first)
        if later:
            go_on.set()
            await eventually(lambda: first.is_lost, "the connection is closed")
        second = await connections.take(within=SOON)
        assert second is not first
        second.abort()


async def test_a_silent_server_is_waited_for_so_long() -> None:
    async with server(answering(OK + b"Content-Length: 2\r\n\r\na")) as url:
        connection = await connections_to(url).take(within=SOON)
        connection.begin()
        with pytest.raises(Late):
            await connection.receive_head(within=0.05)
        await connection.send(GET, b"", within=SOON)
        await connection.receive_head(within=SOON)
        assert await connection.receive(within=SOON) == b"a"
        with pytest.raises(Late):
            await connection.receive(within=0.05)
        assert not connection.is_idle
        connection.abort()


# Bodies


async def test_a_server_that_is_faster_than_its_reader_has_to_wait() -> None:
    written = 0
    size = 40_000_000

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Length: %d\r\n\r\n" % size)
        while written < size:
            writer.write(b"x" * 100_000)
            written += 100_000
            await writer.drain()
        await reader.read()

    async with server(serve) as url:
        connection = await connections_to(url).take(within=SOON)
        connection.begin()
        await connection.send(GET, b"", within=SOON)
        await connection.receive_head(within=SOON)
        before = -1
        while before != written:
            before = written
            await asyncio.sleep(0.1)
        assert written < size / 2  # the rest does not fit the sockets
        assert len(await body_of(connection)) == size
        assert connection.is_idle
        connection.abort()


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_in_parts_arrives_as_one(chunked: bool) -> None:
    received = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        while not received.endswith(b"0\r\n\r\n" if chunked else b"de"):
            received.extend(await reader.read(100))
        writer.write(OK + b"Content-Length: 0\r\n\r\n")
        await reader.read()

    async def parts() -> AsyncIterator[bytes]:
        for part in (b"abc", b"de"):
            yield part

    async with server(serve) as url:
        connection = await connections_to(url).take(within=SOON)
        connection.begin()
        await connection.send_parts(GET, parts(), chunked=chunked, within=SOON)
        await connection.receive_head(within=SOON)
        assert await body_of(connection) == b""
        assert bytes(received) == (b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" if chunked else b"abcde")
        assert connection.is_idle
        connection.abort()


async def test_a_server_that_has_read_enough_is_sent_no_more() -> None:
    """It refuses an upload by its head; the answer is worth more than the rest of the body."""
    answered = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too large\r\nContent-Length: 2\r\n\r\nno")
        await reader.read()

    async def endless() -> AsyncIterator[bytes]:
        yield b"x" * 100
        await answered.wait()
        while True:
            yield b"x" * 100

    async with server(serve) as url:
        connection = await connections_to(url).take(within=SOON)
        connection.begin()
        sending = asyncio.create_task(connection.send_parts(GET, endless(), chunked=True, within=SOON))
        await connection.receive_head(within=SOON)
        answered.set()
        await asyncio.wait_for(sending, SOON)
        assert (connection.status, await body_of(connection)) == (413, b"no")
        assert not connection.is_idle  # the rest of the body would be read as the next request
        connection.abort()


async def test_a_server_that_reads_nothing_is_given_up() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del writer
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(SOON * 2)

    async with server(serve) as url:
        connection = await connections_to(url).take(within=SOON)
        connection.begin()
        with pytest.raises(Late):
            await connection.send(GET, b"x" * 20_000_000, within=0.2)
        connection.abort()


# What a request may be


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/x y", {}),
        ("/x\r\nX: y", {}),
        ("/ü", {}),
        ("x", {}),
        ("", {}),
        ("http://other/", {}),
        ("/", {"X": "a\r\nY: b"}),
        ("/", {"X": "a\nb"}),
        ("/", {"X": "a\x00"}),
        ("/", {"X": "€"}),
        ("/", {"X Y": "a"}),
        ("/", {"X:": "a"}),
        ("/", {"": "a"}),
    ],
)
def test_a_request_is_one_request(target: str, headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="the "):
        head_of("GET", target, headers)


# Connections


async def test_a_connection_is_used_again_while_it_is_fresh() -> None:
    now = 0.0
    asked = OK + b"Content-Length: 1\r\n\r\na"
    async with server(answering(*[asked] * 9)) as url:
        connections = connections_to(url, now=lambda: now)
        first = await connections.take(within=SOON)
        second = await connections.take(within=SOON)
        assert second is not first
        for connection in (first, second):
            await exchange(connection)
            connections.give_back(connection)
            now += 1
        assert await connections.take(within=SOON) is second  # the fresher one
        await exchange(second)
        connections.give_back(second)
        now += KEPT_SECONDS - 1
        assert await connections.take(within=SOON) is second
        assert first.is_lost
        assert len(connections) == 0
        second.abort()


async def test_a_connection_that_the_server_closes_is_not_used_again() -> None:
    writers = list[asyncio.StreamWriter]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(OK + b"Content-Length: 1\r\n\r\na")

    async with server(serve) as url:
        connections = connections_to(url)
        old, new = [await connections.take(within=SOON) for _ in range(2)]
        for connection in (old, new):
            await exchange(connection)
            connections.give_back(connection)
        for connection, writer in ((new, writers[1]), (old, writers[0])):
            writer.close()
            await eventually(lambda lost=connection: lost.is_lost, "the connection is closed")
            found = await connections.take(within=SOON)
            assert (found is old) is (connection is new)
            assert (await exchange(found))[0] == 200
            if found is old:
                connections.give_back(found)
            else:
                found.abort()


async def test_no_more_connections_are_kept_than_so_many() -> None:
    async with server(answering(OK + b"Content-Length: 1\r\n\r\na")) as url:
        connections = connections_to(url)
        taken = [await connections.take(within=SOON) for _ in range(KEPT + 1)]
        for connection in taken:
            await exchange(connection)
            connections.give_back(connection)
        assert len(connections) == KEPT
        assert taken[-1].is_lost
        connections.close()
        assert all(connection.is_lost for connection in taken)


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        await connections_to("http://127.0.0.1:1").take(within=SOON)


async def test_a_certificate_is_verified(tmp_path: Path) -> None:
    made = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made)
    async with server(answering(OK + b"Content-Length: 1\r\n\r\na"), context=context) as url:
        connection = await connections_to(url, trusted=made).take(within=SOON)
        assert (await exchange(connection))[2] == b"a"
        connection.abort()
        with pytest.raises(Unreachable):
            await connections_to(url).take(within=SOON)
        with pytest.raises(Unreachable):
            await connections_to(url.replace("localhost", "127.0.0.1"), trusted=made).take(within=SOON)


def test_it_is_the_same_on_uvloop() -> None:
    """Which the service runs on. In a thread, for the tests have a loop of their own."""
    found = list[object]()

    async def on_uvloop() -> None:
        async with server(answering(*[OK + b"Content-Length: 1\r\n\r\na"] * 2)) as url:
            connections = connections_to(url)
            for _ in range(2):
                connection = await connections.take(within=SOON)
                found.append((connection, await exchange(connection)))
                connections.give_back(connection)
            connections.close()
        await test_a_server_that_is_faster_than_its_reader_has_to_wait()
        await test_a_server_that_reads_nothing_is_given_up()

    thread = threading.Thread(target=lambda: uvloop.run(on_uvloop()))
    thread.start()
    thread.join()
    assert len(found) == 2
    assert found[0] == found[1]
