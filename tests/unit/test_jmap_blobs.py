"""Uploads and downloads: as streams, once, and within the limits of the server."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from postroom.jmap.client import JmapClient
from postroom.jmap.errors import HttpError, JmapError, Limited, NotAnswered, TooLarge, Unauthorized, Unreadable
from scripted_jmap import SESSION, Play, ScriptedJmap, limited, problem


async def test_an_unreadable_answer_to_an_upload_is_told() -> None:
    server = ScriptedJmap()
    server.will(httpx2.Response(201, json={"blobId": 5}))
    with pytest.raises(Unreadable):
        await server.client().upload("a", b"x", type="text/plain", deadline=5)


async def chunks(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield b"x" * size


@pytest.mark.parametrize(
    ("content", "size"), [(b"x" * 11, None), (chunks(8, 8), None), (chunks(11), 11)], ids=["bytes", "stream", "sized"]
)
async def test_an_upload_larger_than_the_server_takes_is_not_sent_to_its_end(content: Any, size: int | None) -> None:
    server = ScriptedJmap(capabilities={"urn:ietf:params:jmap:core": {"maxSizeUpload": 10}})
    with pytest.raises(TooLarge) as raised:
        await server.client().upload("a", content, type="text/plain", size=size, deadline=5)
    assert raised.value.limit == "maxSizeUpload"
    assert "/jmap/upload/a/" not in server.asked


@pytest.mark.parametrize(
    ("play", "error"),
    [(limited("maxConcurrentUpload"), Limited), (problem(413), HttpError), (problem(401), Unauthorized)],
)
async def test_an_upload_is_sent_once(play: Play, error: type[JmapError]) -> None:
    server = ScriptedJmap()
    server.will(play)
    with pytest.raises(error):
        await server.client().upload("a", chunks(5), type="text/plain", deadline=5)
    assert server.asked == ["/.well-known/jmap", "/jmap/upload/a/"]


@pytest.mark.parametrize("status", [401, 404, 500, 302])
async def test_a_download_that_is_none_is_an_error(status: int) -> None:
    server = ScriptedJmap()
    server.will(problem(status))
    with pytest.raises(HttpError) as raised:
        async with server.client().download("a", "b", deadline=5):
            pass
    assert raised.value.status == status


class Server:
    """One connection on a real socket, by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def head(self) -> str:
        return (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()

    async def send(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()


async def test_an_upload_leaves_while_it_is_still_being_read() -> None:
    arrived = asyncio.Event()
    heads: list[str] = []

    async def two_chunks() -> AsyncIterator[bytes]:
        yield b"first"
        await arrived.wait()  # never comes where the content is gathered before it is sent
        yield b"second"

    async def serve(server: Server) -> None:
        heads.append(await server.head())
        assert await server.reader.readexactly(10) == b"5\r\nfirst\r\n"
        arrived.set()
        assert await server.reader.readexactly(16) == b"6\r\nsecond\r\n0\r\n\r\n"
        body = b'{"accountId":"a","blobId":"b","type":"image/png","size":11}'
        await server.send(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    async with on_a_socket(serve) as client:
        blob = await client.upload("a", two_chunks(), type="image/png", deadline=10)
    assert (blob.id, blob.type, blob.size) == ("b", "image/png", 11)
    assert "content-type: image/png" in heads[0]
    assert "transfer-encoding: chunked" in heads[0]


async def test_an_upload_of_known_size_names_it() -> None:
    heads: list[str] = []

    async def serve(server: Server) -> None:
        heads.append(await server.head())
        assert await server.reader.readexactly(5) == b"xxxxx"
        body = b'{"accountId":"a","blobId":"b","type":"image/png","size":5}'
        await server.send(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    async with on_a_socket(serve) as client:
        await client.upload("a", chunks(2, 3), type="image/png", size=5, deadline=10)
    assert "content-length: 5\r\n" in heads[0]
    assert "transfer-encoding" not in heads[0]


async def test_a_download_is_read_while_it_still_arrives() -> None:
    read = asyncio.Event()
    heads: list[str] = []

    async def serve(server: Server) -> None:
        heads.append(await server.head())
        await server.send(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 11\r\nETag: x\r\n\r\nfirst")
        await read.wait()
        await server.send(b"second")

    async with on_a_socket(serve) as client:
        found: list[bytes] = []
        async with client.download("a", "b/c", name="ü.txt", headers={"Range": "bytes=0-10"}, deadline=10) as stream:
            assert (stream.status, stream.headers["etag"]) == (206, "x")
            async for chunk in stream.chunks():
                found.append(chunk)
                read.set()
    assert b"".join(found) == b"firstsecond"
    assert len(found) == 2
    assert "/download/a/b%2fc/%c3%bc.txt?accept=application%2foctet-stream" in heads[0]
    assert "range: bytes=0-10" in heads[0]


async def test_a_download_that_breaks_off_is_told() -> None:
    async def serve(server: Server) -> None:
        await server.head()
        await server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nfirst")

    async with on_a_socket(serve) as client, client.download("a", "b", deadline=10) as stream:
        with pytest.raises(NotAnswered):
            [chunk async for chunk in stream.chunks()]


@asynccontextmanager
async def on_a_socket(serve: Callable[[Server], Awaitable[None]]) -> AsyncGenerator[JmapClient]:
    """A client whose session is answered, and whose next request `serve` answers and ends the connection."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = json.dumps(SESSION).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await serve(Server(reader, writer))
        writer.close()

    listener = await asyncio.start_server(connected, "127.0.0.1", 0)
    client = JmapClient(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", "Bearer secret")
    async with listener:
        yield client
        await client.aclose()
