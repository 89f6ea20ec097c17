"""A proxy in front of a server, whose connections a test can cut, silence or slow down."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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
