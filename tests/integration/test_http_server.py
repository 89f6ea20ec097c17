"""The HTTP server with clients that do not send what they began: they must keep nobody else out."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, Request

from postroom import http_protocol
from postroom.http_server import HttpServer, listen

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n"


@pytest.fixture
async def address(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[str, int]]:
    monkeypatch.setattr(http_protocol, "HEAD_WITHIN", 0.3)
    app, stop = FastAPI(), asyncio.Event()

    @app.get("/")
    async def here() -> str:
        return "here"

    @app.post("/")
    async def size(request: Request) -> int:
        return len(await request.body())

    listener: socket.socket = listen("127.0.0.1", 0, setting="POSTROOM_PORT")
    listener.listen()
    serving = asyncio.create_task(HttpServer(app, listener, drain=1).run(stop))
    yield listener.getsockname()
    stop.set()
    await serving


async def answer(reader: asyncio.StreamReader) -> bytes:
    """An answer without its head. Raises `IncompleteReadError` if the connection ends first."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return await reader.readexactly(length)


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: h\r\nX-Y"])
async def test_a_connection_on_which_no_whole_head_comes_is_ended(address: tuple[str, int], begun: bytes) -> None:
    """As many as the process may open files kept everybody out, for as long as they liked."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(begun)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await asyncio.wait_for(answer(reader), 5)
    writer.close()


async def test_a_second_request_has_as_long_as_the_first_and_no_longer(address: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*address)
    for _ in range(2):
        await asyncio.sleep(0.2)
        writer.write(GET)
        assert await asyncio.wait_for(answer(reader), 5) == b'"here"'
    writer.write(GET[:5])
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await asyncio.wait_for(answer(reader), 5)
    writer.close()


async def test_a_head_without_an_end_is_not_kept(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_WITHIN", 60)
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET / HTTP/1.1\r\nX-Endless: ")
    sending = asyncio.create_task(send_for_ever(writer))
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await asyncio.wait_for(answer(reader), 5)
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(sending, 5)
    writer.close()


async def send_for_ever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"a" * 16 * 1024)
        await writer.drain()


async def test_a_body_may_be_large_and_take_its_time(address: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(POST + b"a" * 250_000)
    await asyncio.sleep(0.5)
    writer.write(b"a" * 250_000)
    assert await asyncio.wait_for(answer(reader), 5) == b"500000"
    writer.close()
