"""A TCP proxy that stands in one link and can do to it what networks do.

`python -m chaos.proxy` runs one as a process of its own (`chaos/link.py` tells it what to do).
"""

import asyncio
import socket
import struct
from dataclasses import dataclass, field

from chaos.control import obey
from postroom_sandbox.loopback import LOOPBACK

_CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)


@dataclass(eq=False, slots=True)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    answered: int = 0
    """bytes of the server's, counted since `cut_after`"""
    tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    def reset(self) -> None:
        """With SO_LINGER at 0 the kernel sends RST to both ends, instead of an orderly end."""
        for writer in (self.client, self.server):
            if not writer.transport.is_closing():
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                writer.transport.abort()


class FaultProxy:
    """Listens on `port` of loopback and passes on to `target`, a port of loopback too.

    One lasting fault at a time: a new one takes the place of the old, `pass_on` lifts it. The target may change,
    as it does when a server comes back on another port.
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

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        self.pass_on()
        tasks = [task for connection in self._connections for task in connection.tasks]
        self.drop()
        await asyncio.gather(*tasks, return_exceptions=True)

    def pass_on(self) -> None:
        """Lift the fault; what a black hole held back arrives now, as TCP would send it again."""
        self._delay, self._pause, self._cut_after = 0.0, 0.0, None
        self._flowing.set()

    def delay(self, round_trip: float) -> None:
        """A question and its answer take `round_trip` seconds longer, half of it each way."""
        self.pass_on()
        self._delay = round_trip / 2

    def drip(self, pause: float) -> None:
        """What the server sends arrives a byte at a time, `pause` seconds apart: a time-out that counts from the last
        byte never ends it."""
        self.pass_on()
        self._pause = pause

    def black_hole(self) -> None:
        """Nothing arrives, in neither direction, and nobody is told."""
        self.pass_on()
        self._flowing.clear()

    def cut_after(self, answered: int) -> None:
        """Each connection, old or new, is reset once so many bytes of the server's have been passed on."""
        self.pass_on()
        for connection in self._connections:
            connection.answered = 0
        self._cut_after = answered

    def drop(self) -> None:
        """Reset every connection there is, once."""
        for connection in list(self._connections):
            connection.reset()

    def half_close(self) -> None:
        """Every connection there is ends towards the client, while what it sends still reaches the server: the
        effect happens, and its answer is lost."""
        for connection in list(self._connections):
            if connection.client.can_write_eof() and not connection.client.transport.is_closing():
                connection.client.write_eof()

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        await self._flowing.wait()
        try:
            answers, server = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            client.transport.abort()  # nobody listens there: the client learns it at once
            return
        for writer in (client, server):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(client, server)
        self._connections.add(connection)
        connection.tasks += [
            asyncio.create_task(self._pump(reader, server)),
            asyncio.create_task(self._pump(answers, client, connection)),
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
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, answers_of: _Connection | None = None
    ) -> None:
        """Pass on until the source ends; `answers_of` is given for what the server sends."""
        try:
            while chunk := await source.read(_CHUNK):
                await self._hold_back()
                if answers_of and self._is_cut(answers_of, chunk):
                    return
                try:
                    if answers_of:
                        chunk = await self._dripped(sink, chunk)
                    sink.write(chunk)
                    await sink.drain()
                except (OSError, RuntimeError):
                    if answers_of is None:
                        raise
                    # Half-closed: the answer has nowhere to go, and the server must not notice.
            await self._hold_back()
            sink.write_eof()
        except (OSError, RuntimeError):
            pass  # one end is gone, or closed for writing; the other pump ends by it
        sink.close()

    async def _hold_back(self) -> None:
        await self._flowing.wait()
        if self._delay:
            await asyncio.sleep(self._delay)

    async def _dripped(self, sink: asyncio.StreamWriter, chunk: bytes) -> bytes:
        """What is left of the chunk when the fault is over."""
        while chunk and self._pause:
            sink.write(chunk[:1])
            await sink.drain()
            chunk = chunk[1:]
            await asyncio.sleep(self._pause)
        return chunk

    def _is_cut(self, connection: _Connection, chunk: bytes) -> bool:
        if self._cut_after is None:
            return False
        left = self._cut_after - connection.answered
        connection.answered += len(chunk)
        if connection.answered < self._cut_after:
            return False
        connection.client.write(chunk[:left])
        connection.reset()
        return True


async def main() -> None:
    proxy = FaultProxy(0)
    await proxy.start()

    def lead_to(port: int) -> None:
        proxy.target = port

    faults = (proxy.pass_on, proxy.delay, proxy.drip, proxy.black_hole, proxy.cut_after, proxy.drop, proxy.half_close)
    try:
        await obey({"port": lambda: proxy.port, "lead_to": lead_to} | {fault.__name__: fault for fault in faults})
    finally:
        await proxy.stop()


if __name__ == "__main__":
    asyncio.run(main())
