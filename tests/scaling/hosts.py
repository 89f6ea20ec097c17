"""A host: processes of Postroom on its own loopback address, and their links to the other hosts."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import httpx2

from chaos.proxy import FaultProxy
from http_status import is_ok
from parts import KEY
from postroom_sandbox.loopback import free_port
from postroom_sandbox.processes import PythonChild


class Host:
    """`environment` are the settings of every process here; `links` are the proxies in it, if any."""

    def __init__(
        self, address: str, folder: Path, environment: Mapping[str, str], links: Sequence[FaultProxy] = ()
    ) -> None:
        self.address = address
        self._links = links
        self._folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("POSTROOM_")}
        self._environment = kept | dict(environment)
        self._processes: list[PythonChild] = []
        self._http = httpx2.AsyncClient(timeout=30, trust_env=False)
        self._port = free_port()
        self._url = f"http://{address}:{self._port}"

    async def serve(self, **settings: object) -> None:
        """Start a service without a worker."""
        more = {"host": self.address, "port": self._port, "worker": "false"} | settings
        await self._start("serve", more, '"Uvicorn running')

    async def work(self, **settings: object) -> None:
        """Start a worker."""
        await self._start("work", settings, "Email provisioning retry worker started")

    async def _start(self, command: str, settings: Mapping[str, object], ready: str) -> None:
        log = self._folder / f"{command}-{self.address}-{len(self._processes)}.log"
        given = {f"POSTROOM_{name.upper()}": str(value) for name, value in settings.items()}

        async def is_ready() -> bool:
            if command == "serve":
                return await is_ok(f"{self._url}/health/live")
            return log.exists() and ready in log.read_text()

        arguments = ["-m", "postroom", command, "--until-eof"]
        name = f"{command} at {self.address}"
        child = PythonChild(name, arguments, is_ready, env=self._environment | given, log=log)
        self._processes.append(child)
        await child.start()

    async def hook(self, identity_id: UUID, email: str) -> int | None:
        """The status of the response; None without a response."""
        try:
            answer = await self._http.post(
                f"{self._url}/internal/mail/provision",
                json={"identity": {"id": str(identity_id), "traits": {"email": email}}},
                headers={"X-Postroom-Key": KEY},
            )
        except httpx2.HTTPError:
            return None
        return answer.status_code

    def cut_off(self) -> None:
        """Let nothing through in either direction, and leave all connections open."""
        for link in self._links:
            link.black_hole()

    def reconnect(self) -> None:
        """Let everything through again; data that was sent meanwhile arrives now."""
        for link in self._links:
            link.pass_on()

    def logs(self) -> str:
        return "".join(file.read_text() for file in sorted(self._folder.glob(f"*-{self.address}-*.log")))

    async def close(self) -> None:
        self.reconnect()
        for process in reversed(self._processes):
            await process.stop()
        await self._http.aclose()


@asynccontextmanager
async def host(
    address: str, folder: Path, environment: Mapping[str, str], links: Sequence[FaultProxy] = ()
) -> AsyncIterator[Host]:
    started = Host(address, folder, environment, links)
    try:
        yield started
    finally:
        await started.close()
