"""The fault proxy of one link, in its own process: neither the load nor the run must slow the link down."""

from pathlib import Path
from typing import Any

from chaos.control import Child


class Link:
    """Listens on `port` once it is started, and connects to the port given to `lead_to`."""

    def __init__(self, log: Path) -> None:
        self._child = Child("chaos.proxy", log)
        self.port = 0

    @property
    def pid(self) -> int:
        return self._child.pid

    async def start(self) -> None:
        await self._child.start()
        self.port = await self._child.ask("port")

    async def lead_to(self, port: int) -> None:
        await self._child.ask("lead_to", port)

    async def do(self, fault: str, *arguments: Any) -> None:
        """Call the method `fault` of its FaultProxy; `pass_on` ends a lasting fault."""
        await self._child.ask(fault, *arguments)

    async def stop(self) -> None:
        await self._child.stop()
