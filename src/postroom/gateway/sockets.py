"""Sockets to the mail server, as httpcore2 wants them, on asyncio itself.

httpcore2's own go through anyio, which doubles what a request costs (`python -m benchmarks.gateway`), and send a
request's head and its body apart, so that the kernel wakes the mail server twice.
"""

# ruff: noqa: ASYNC109 - the signatures are httpcore2's

import asyncio
import ssl
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar, cast

import httpcore2

Option = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
T = TypeVar("T")

# Bytes that wait for their reader before the peer is made to wait.
_HIGH, _LOW = 256 * 1024, 64 * 1024
# A head is smaller.
_HELD = 16 * 1024


class Sockets(httpcore2.AsyncNetworkBackend):
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Option] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        made = asyncio.get_running_loop().create_connection(
            Socket, host, port, local_addr=(local_address, 0) if local_address else None
        )
        transport, socket = await _within(timeout, made, httpcore2.ConnectTimeout, httpcore2.ConnectError)
        for option in socket_options or ():
            transport.get_extra_info("socket").setsockopt(*option)
        return socket

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Socket(httpcore2.AsyncNetworkStream, asyncio.Protocol):
    """One task at a time reads or writes."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._held = b""
        self._ended = False
        self._lost = False
        self._error: Exception | None = None
        self._reading_paused = False
        self._full = False
        self._changed: asyncio.Future[None] | None = None

    # What httpcore2 asks for

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Empty at the end."""
        await self._flush(timeout)
        while not self._received and not self._ended:
            await _within(timeout, self._change(), httpcore2.ReadTimeout, httpcore2.ReadError)
        if not self._received and self._error:
            raise httpcore2.ReadError(str(self._error))
        found = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        if self._reading_paused and len(self._received) <= _LOW:
            self._reading_paused = False
            self._open.resume_reading()
        return found

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if len(buffer) < _HELD and not self._held:
            # The next write, or the next read, takes it along.
            self._held = buffer
            return
        self._held += buffer
        await self._flush(timeout)

    async def aclose(self) -> None:
        if self._transport:
            self._transport.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        made = asyncio.get_running_loop().start_tls(self._open, self, ssl_context, server_hostname=server_hostname)
        try:
            self._transport = await _within(timeout, made, httpcore2.ConnectTimeout, httpcore2.ConnectError)
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
            await self.aclose()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        # Of a connection that nobody uses: the peer has closed it, or says what nobody asked for.
        return bool(self._received) or self._ended if info == "is_readable" else None

    async def _flush(self, timeout: float | None) -> None:
        if self._held:
            held, self._held = self._held, b""
            if self._lost:
                raise httpcore2.WriteError("the connection is closed")
            self._open.write(held)
        while self._full and not self._lost:
            await _within(timeout, self._change(), httpcore2.WriteTimeout, httpcore2.WriteError)

    async def _change(self) -> None:
        self._changed = asyncio.get_running_loop().create_future()
        try:
            await self._changed
        finally:
            self._changed = None

    @property
    def _open(self) -> asyncio.Transport:
        if self._transport is None:
            raise httpcore2.WriteError("the connection is closed")
        return self._transport

    # What asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its type

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) > _HIGH and not self._reading_paused:
            self._reading_paused = True
            self._open.pause_reading()
        self._tell()

    def eof_received(self) -> None:
        self._ended = True
        self._tell()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = self._lost = True
        self._error = exc
        self._tell()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._tell()

    def _tell(self) -> None:
        if self._changed and not self._changed.done():
            self._changed.set_result(None)


async def _within(
    seconds: float | None,
    work: Coroutine[Any, Any, T],
    late: type[httpcore2.TimeoutException],
    broken: type[httpcore2.NetworkError],
) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError as error:
        raise late(str(error)) from error
    except (OSError, ssl.SSLError) as error:
        raise broken(str(error)) from error
