"""Our transport keeps the promises of httpx2's own, on which the answers to "was it sent?" and "was it done?" rest."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from eventually import eventually
from http_server import Serve, answering, server
from postroom.http1.connections import Connections
from postroom.http1.transport import Http1Transport
from postroom.jmap.answer import Reply
from postroom.jmap.connection import Connection
from postroom.jmap.errors import JmapError, NotAnswered, NotSent

OK = b"HTTP/1.1 200 OK\r\nX: a\r\nContent-Length: 2\r\n\r\n{}"
SOON = 5.0

Connect = Callable[[str], Connection]


@pytest.fixture(params=["ours", "httpx2's"])
def connect(request: pytest.FixtureRequest) -> Connect:
    return lambda url: Connection(transport=Http1Transport(url) if request.param == "ours" else None)


async def ask(connection: Connection, url: str, *, within: float = SOON) -> Reply:
    return await connection.exchange("POST", f"{url}/jmap/?a=b", {"Authorization": "Bearer x"}, b"[1]", within=within)


async def test_a_request_arrives_whole_and_its_answer_comes_back(connect: Connect) -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        assert await reader.readexactly(3) == b"[1]"
        writer.write(OK)
        await reader.read()

    async with server(serve) as url:
        connection = connect(url)
        reply = await ask(connection, url)
        await connection.aclose()
    assert (reply.status, reply.headers["x"], reply.content) == (200, "a", b"{}")
    assert heads[0].startswith(b"POST /jmap/?a=b HTTP/1.1\r\n")
    lines = {line.lower() for line in heads[0].decode().split("\r\n")}
    assert {f"host: {url.removeprefix('http://')}", "authorization: bearer x", "content-length: 3"} <= lines


async def test_a_connection_serves_many_requests_and_is_closed_at_the_end(connect: Connect) -> None:
    opened, closed = 0, 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened, closed
        opened += 1
        while await reader.read(65536):
            writer.write(OK)
        closed += 1

    async with server(serve) as url:
        connection = connect(url)
        for _ in range(3):
            assert (await ask(connection, url)).status == 200
        assert (opened, closed) == (1, 0)
        await connection.aclose()
        await eventually(lambda: closed == 1, "the connection is closed")


async def test_where_nobody_listens_nothing_was_sent(connect: Connect) -> None:
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
        pytest.param(answering(b"", closing=True), id="it closes"),
        pytest.param(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", closing=True), id="it closes midway"),
        pytest.param(answering(b"SSH-2.0-x\r\n\r\n", closing=True), id="it is no HTTP"),
        pytest.param(_silent, id="it is silent"),
        pytest.param(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}"), id="it falls silent"),
    ],
)
async def test_without_a_whole_answer_it_may_have_been_done(connect: Connect, serve: Serve) -> None:
    async with server(serve) as url:
        connection = connect(url)
        with pytest.raises(NotAnswered):
            await ask(connection, url, within=0.2)
        assert connection.requests == 1, "never a second time"


@pytest.mark.parametrize("begun", [False, True])
async def test_who_gives_up_in_the_middle_ends_the_connection(connect: Connect, begun: bool) -> None:
    """Else the next one would be given the answer to this."""
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


async def test_a_header_that_would_be_two_is_not_sent() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise AssertionError("nothing may come")

    async with server(serve) as url, httpx2.AsyncClient(transport=Http1Transport(url)) as http:
        with pytest.raises(httpx2.LocalProtocolError):
            await http.get(url, headers={"X": "a\r\nY: b"})


async def test_a_dead_address_of_a_host_costs_a_moment_not_the_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        dead.listen(0)
        filling = [socket.socket() for _ in range(4)]
        for each in filling:  # once its queue is full, the kernel drops whoever comes
            each.setblocking(False)
            each.connect_ex(dead.getsockname())
        async with server(answering(OK)) as url:
            address = ("127.0.0.1", int(url.rpartition(":")[2]))

            async def addresses(*_: object, **__: object) -> list[Any]:
                kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
                return [(*kind, dead.getsockname()), (*kind, address)]

            monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", addresses)
            connection = await Connections(url).take(within=SOON)
            assert not connection.is_lost
            connection.abort()
        for each in filling:
            each.close()


async def test_the_error_names_the_kind_of_trouble_and_no_more(connect: Connect) -> None:
    async with server(answering(b"HTTP/1.1 secret\r\n\r\n", closing=True)) as url:
        with pytest.raises(JmapError) as raised:
            await ask(connect(url), url)
    assert "RemoteProtocolError" in str(raised.value)
    assert "secret" not in str(raised.value)
