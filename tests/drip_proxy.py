"""A TCP proxy that may drip responses byte by byte, so that the time-out of a single read never fires."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

DRIP = 0.1


class DripProxy:
    def __init__(self, target: int) -> None:
        self._target = target
        self.port = 0
        self.drips = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, server = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            await asyncio.gather(self._pass_on(reader, server, may_drip=False), self._pass_on(answers, writer))
        finally:
            server.close()
            writer.close()

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, may_drip: bool = True
    ) -> None:
        with suppress(OSError):
            while chunk := await source.read(65536):
                for byte in chunk if may_drip and self.drips else ():
                    sink.write(bytes([byte]))
                    await sink.drain()
                    await asyncio.sleep(DRIP)
                if not (may_drip and self.drips):
                    sink.write(chunk)
                    await sink.drain()
        sink.close()


@asynccontextmanager
async def drip_proxy(target: int) -> AsyncIterator[DripProxy]:
    proxy, tasks = DripProxy(target), set[asyncio.Task[None]]()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        with suppress(OSError, asyncio.CancelledError):
            await proxy.serve(reader, writer)

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    proxy.port = listening.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
