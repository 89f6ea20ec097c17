"""A server that runs a test's function on each connection, on raw bytes."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(serve: Serve, *, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """The URL of a server that runs it on each connection."""
    async with listening(serve, context=context) as port:
        yield f"{'https' if context else 'http'}://localhost:{port}"


@asynccontextmanager
async def listening(serve: Serve, *, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port on loopback of a server that runs it on each connection."""
    tasks = set[asyncio.Task[None]]()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(reader, writer)

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A task of ours: asyncio reports one of its own, when it is cancelled, as an error in a callback."""
        task = asyncio.create_task(serve_one(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(lambda _: writer.close())  # also when it was cancelled before it began

    opened = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    try:
        yield opened.sockets[0].getsockname()[1]
    finally:
        opened.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def answering(*answers: bytes, closing: bool = False) -> Serve:
    """One item for each request of a connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
        if not closing:
            await reader.read()

    return serve
