"""A TCP proxy in one link, which injects the faults of networks.

`python -m chaos.proxy` runs one in its own process, controlled by `chaos/link.py`.
"""

import asyncio
import socket
import struct
from dataclasses import dataclass, field

from chaos.control import obey
from postroom_sandbox.loopback import LOOPBACK

_CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)
_OF_A_PROXY = b"<html><body><h1>An answer of the proxy</h1></body></html>"


@dataclass(eq=False, slots=True)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    received: int = 0
    """bytes from the server, counted since `cut_after`"""
    tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    def reset(self) -> None:
        """Send RST to both ends: SO_LINGER at 0 makes the kernel do so."""
        for writer in (self.client, self.server):
            if not writer.transport.is_closing():
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                writer.transport.abort()


class FaultProxy:
    """Listens on `port` of loopback and forwards to `target`, another port of loopback. After a stop it can be started
    again, on the same port.

    There is one lasting fault at a time: a new one replaces it, `pass_on` ends it. The target changes when a server
    starts again on another port.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._delay = 0.0
        self._pause = 0.0
        self._cut_after: int | None = None
        self._status: int | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        self.pass_on()
        tasks = [task for connection in self._connections for task in connection.tasks]
        self.drop()
        await asyncio.gather(*tasks, return_exceptions=True)

    def pass_on(self) -> None:
        """End the fault; data that a black hole held back arrives now, as TCP would send it again."""
        self._delay, self._pause, self._cut_after, self._status = 0.0, 0.0, None, None
        self._flowing.set()

    def delay(self, round_trip: float) -> None:
        """Delay a request and its response by `round_trip` seconds, half of it each way."""
        self.pass_on()
        self._delay = round_trip / 2

    def drip(self, pause: float) -> None:
        """Forward what the server sends byte by byte, `pause` seconds apart: a time-out that counts from the last byte
        never fires."""
        self.pass_on()
        self._pause = pause

    def black_hole(self) -> None:
        """Forward nothing in either direction, and leave all connections open."""
        self.pass_on()
        self._flowing.clear()

    def cut_after(self, received: int) -> None:
        """Reset each connection, old or new, after forwarding `received` bytes from the server."""
        self.pass_on()
        for connection in self._connections:
            connection.received = 0
        self._cut_after = received

    def respond(self, status: int) -> None:
        """Respond to each request with this HTTP status and HTML, as a proxy without its server, or with another
        configuration, does. Open connections are reset, as when it reloads."""
        self.pass_on()
        self._status = status
        self.drop()

    def drop(self) -> None:
        """Reset all open connections once."""
        for connection in list(self._connections):
            connection.reset()

    def half_close(self) -> None:
        """End all open connections towards the client only. What the client sends still reaches the server: the effect
        happens, and the response is lost."""
        for connection in list(self._connections):
            if connection.client.can_write_eof() and not connection.client.transport.is_closing():
                connection.client.write_eof()

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        await self._flowing.wait()
        if self._status is not None:
            await _respond(self._status, reader, client)
            return
        try:
            from_server, server = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            client.transport.abort()  # nothing listens there, and the client must see it at once
            return
        for writer in (client, server):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(client, server)
        self._connections.add(connection)
        connection.tasks += [
            asyncio.create_task(self._pump(reader, server)),
            asyncio.create_task(self._pump(from_server, client, connection)),
        ]
        try:
            await asyncio.wait(connection.tasks)
        finally:
            self._connections.discard(connection)
            for task in connection.tasks:
                task.cancel()
            for writer in (client, server):
                writer.transport.abort()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, from_server_of: _Connection | None = None
    ) -> None:
        """Forward until the source ends; `from_server_of` is the connection if the server is the source."""
        try:
            while chunk := await source.read(_CHUNK):
                await self._hold_back()
                if from_server_of and self._is_cut(from_server_of, chunk):
                    return
                try:
                    if from_server_of:
                        chunk = await self._dripped(sink, chunk)
                    sink.write(chunk)
                    await sink.drain()
                except (OSError, RuntimeError):
                    if from_server_of is None:
                        raise
                    # Half-closed: the response is dropped, and the server must not notice.
            await self._hold_back()
            sink.write_eof()
        except (OSError, RuntimeError):
            pass  # one end is gone or closed for writing; the other pump ends, too
        sink.close()

    async def _hold_back(self) -> None:
        await self._flowing.wait()
        if self._delay:
            await asyncio.sleep(self._delay)

    async def _dripped(self, sink: asyncio.StreamWriter, chunk: bytes) -> bytes:
        """Send byte by byte; return the rest of the chunk when the fault is over."""
        while chunk and self._pause:
            sink.write(chunk[:1])
            await sink.drain()
            chunk = chunk[1:]
            await asyncio.sleep(self._pause)
        return chunk

    def _is_cut(self, connection: _Connection, chunk: bytes) -> bool:
        if self._cut_after is None:
            return False
        left = self._cut_after - connection.received
        connection.received += len(chunk)
        if connection.received < self._cut_after:
            return False
        connection.client.write(chunk[:left])
        connection.reset()
        return True


async def _respond(status: int, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
    head = f"HTTP/1.1 {status} x\r\nContent-Type: text/html\r\nContent-Length: {len(_OF_A_PROXY)}\r\n"
    try:
        await reader.readuntil(b"\r\n\r\n")
        client.write(head.encode() + b"Connection: close\r\n\r\n" + _OF_A_PROXY)
        await client.drain()
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass  # the client is gone, or speaks no HTTP
    client.close()


async def main() -> None:
    proxy = FaultProxy(0)
    await proxy.start()

    def lead_to(port: int) -> None:
        proxy.target = port

    faults = (proxy.pass_on, proxy.delay, proxy.drip, proxy.black_hole, proxy.cut_after, proxy.respond, proxy.drop)
    try:
        await obey(
            {"port": lambda: proxy.port, "lead_to": lead_to}
            | {fault.__name__: fault for fault in (*faults, proxy.half_close)}
        )
    finally:
        await proxy.stop()


if __name__ == "__main__":
    asyncio.run(main())
