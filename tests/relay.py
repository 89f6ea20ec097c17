"""A proxy in front of a server, whose connections a test can cut, silence or slow down."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from chaos.proxy import FaultProxy


@asynccontextmanager
async def relay_to(port: int) -> AsyncIterator[FaultProxy]:
    """`stop` cuts all connections and accepts no more until the next `start`."""
    relay = FaultProxy(port)
    await relay.start()
    try:
        yield relay
    finally:
        await relay.stop()


@asynccontextmanager
async def relay_before(url: str) -> AsyncIterator[tuple[FaultProxy, str]]:
    """A relay to the server of this URL, and the URL that leads through it."""
    port = urlsplit(url).port
    assert port
    async with relay_to(port) as relay:
        yield relay, url.replace(f":{port}/", f":{relay.port}/")
