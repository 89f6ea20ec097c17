"""Each fault of the proxy does what its name says, and does not affect later connections."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx2
import pytest

from chaos.proxy import FaultProxy
from eventually import eventually
from postroom_sandbox.loopback import LOOPBACK, free_port

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echo:
    """A server that echoes every line, and records it."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.ended = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                self.lines.append(line)
                writer.write(line)
                await writer.drain()
        except OSError:
            pass  # reset
        self.ended += 1
        writer.close()


@pytest.fixture
async def echo() -> Echo:
    return Echo()


@pytest.fixture
async def proxy(echo: Echo) -> AsyncIterator[FaultProxy]:
    server = await asyncio.start_server(echo.serve, LOOPBACK, 0)
    proxy = FaultProxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    yield proxy
    await proxy.stop()
    server.close()


@pytest.fixture
async def streams(proxy: FaultProxy) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    yield reader, writer
    writer.transport.abort()


async def ask(streams: Streams, line: bytes = b"hello\n") -> bytes:
    reader, writer = streams
    writer.write(line)
    return await asyncio.wait_for(reader.readline(), 5)


async def ask_anew(proxy: FaultProxy) -> bytes:
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    try:
        return await ask((reader, writer))
    finally:
        writer.close()


async def test_chaos_proxy_without_a_fault_passes_everything_on(streams: Streams) -> None:
    assert await ask(streams) == b"hello\n"


async def test_chaos_proxy_closes_the_server_side_when_the_client_closes(streams: Streams, echo: Echo) -> None:
    await ask(streams)
    streams[1].close()
    await eventually(lambda: echo.ended == 1, "the server saw the end")


async def test_delay_fault_lengthens_the_round_trip(proxy: FaultProxy, streams: Streams) -> None:
    proxy.delay(0.3)
    before = time.monotonic()
    assert await ask(streams) == b"hello\n"
    assert time.monotonic() - before >= 0.3


async def test_drip_fault_passes_one_byte_at_a_time_and_the_rest_when_it_ends(
    proxy: FaultProxy, streams: Streams
) -> None:
    proxy.drip(0.1)
    streams[1].write(b"hello\n")
    assert await asyncio.wait_for(streams[0].read(100), 5) == b"h"
    assert await asyncio.wait_for(streams[0].read(100), 5) == b"e"
    proxy.pass_on()
    assert await asyncio.wait_for(streams[0].readline(), 5) == b"llo\n"


async def test_black_hole_fault_forwards_nothing_until_lifted_then_what_it_held(
    proxy: FaultProxy, streams: Streams, echo: Echo
) -> None:
    await ask(streams)
    proxy.black_hole()
    streams[1].write(b"second\n")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(streams[0].readline(), 0.3)
    assert echo.lines == [b"hello\n"]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask_anew(proxy), 0.3)
    proxy.pass_on()
    assert await asyncio.wait_for(streams[0].readline(), 5) == b"second\n"


async def test_drop_fault_resets_open_connections_but_not_new_ones(proxy: FaultProxy, streams: Streams) -> None:
    await ask(streams)
    proxy.drop()
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(streams[0].read(), 5)
    assert await ask_anew(proxy) == b"hello\n"


async def test_half_close_fault_delivers_the_request_and_loses_the_response(
    proxy: FaultProxy, streams: Streams, echo: Echo
) -> None:
    await ask(streams)
    proxy.half_close()
    assert await asyncio.wait_for(streams[0].read(), 5) == b""
    streams[1].write(b"still\n")
    await eventually(lambda: b"still\n" in echo.lines, "the server read what was sent after the end")
    assert await ask_anew(proxy) == b"hello\n"


async def test_cut_after_fault_ends_the_connection_after_so_many_response_bytes(
    proxy: FaultProxy, streams: Streams, echo: Echo
) -> None:
    proxy.cut_after(3)
    streams[1].write(b"hello\n")
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(streams[0].readexactly(6), 5)
    assert echo.lines == [b"hello\n"]
    proxy.pass_on()
    assert await ask_anew(proxy) == b"hello\n"


async def test_respond_fault_answers_new_requests_as_a_proxy_does_and_resets_open_connections(
    proxy: FaultProxy, streams: Streams, echo: Echo
) -> None:
    await ask(streams)
    proxy.respond(520)
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(streams[0].read(), 5)
    async with httpx2.AsyncClient(trust_env=False) as client:
        response = await client.post(f"http://{LOOPBACK}:{proxy.port}/jmap/", json={})
    assert (response.status_code, response.headers["content-type"]) == (520, "text/html")
    assert echo.lines == [b"hello\n"]
    proxy.pass_on()
    assert await ask_anew(proxy) == b"hello\n"


async def test_chaos_proxy_without_a_server_closes_the_client_at_once(proxy: FaultProxy) -> None:
    proxy.target = free_port()
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    try:
        assert await asyncio.wait_for(reader.read(), 5) == b""
    except ConnectionResetError:
        pass
    finally:
        writer.close()
