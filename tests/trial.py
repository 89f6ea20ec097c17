"""A complete trial as a newcomer starts it: `postroom up` in its own folder."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import psutil

from postroom_sandbox.data_folder import DataFolder
from postroom_sandbox.embedded_postgres import EmbeddedPostgres
from postroom_sandbox.loopback import free_port


class Trial:
    """`postroom up` running in `folder`, on `port`."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = free_port()
        self.settings = settings
        self.environment: dict[str, str] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._http = httpx2.AsyncClient(timeout=40, trust_env=False)

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    async def up(self, *arguments: str, empty: bool = True) -> None:
        """Most tests want no mailbox but those that they make."""
        published = self.folder / ".postroom/trial.json"
        published.unlink(missing_ok=True)  # a killed trial could not do it
        arguments = ("--empty", *arguments) if empty else arguments
        self._process = await self.start("up", "--port", str(self.port), *arguments)
        async with asyncio.timeout(120):
            while not published.exists():
                assert self._process.returncode is None, await self.output_of(self._process)
                await asyncio.sleep(0.1)
        self.environment = DataFolder(published.parent).read_trial()["environment"]

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("POSTROOM_")} | dict(self.settings)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "postroom", *arguments),
            cwd=self.folder,
            env=environment | {"COLUMNS": "200", "NO_COLOR": "1"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def postroom(self, *arguments: str) -> tuple[int, str]:
        """Run one command; return its exit code and output."""
        process = await self.start(*arguments)
        output = await self.output_of(process)
        return process.returncode or 0, output

    async def json(self, *arguments: str) -> Any:
        code, output = await self.postroom(*arguments, "--json")
        assert code == 0, output
        return json.loads(output)

    @staticmethod
    async def output_of(process: asyncio.subprocess.Process) -> str:
        output, _ = await asyncio.wait_for(process.communicate(), 60)
        return output.decode()

    async def hook(self, identity_id: UUID, email: str) -> httpx2.Response:
        return await self._http.post(
            f"{self.environment['POSTROOM_URL']}/internal/mail/provision",
            json={"identity": {"id": str(identity_id), "traits": {"email": email}}},
            headers={"X-Postroom-Key": self.environment["POSTROOM_WEBHOOK_KEY"]},
        )

    async def stalwart(self) -> dict[str, Any]:
        answer = await self._http.get(f"{self.environment['POSTROOM_STALWART_URL']}/_sandbox/state")
        return answer.json()

    async def addresses(self) -> list[str]:
        """The addresses of all mailboxes on the mail server, except Postroom's own."""
        found = [address for account in (await self.stalwart())["accounts"] for address in account["addresses"]]
        return sorted(address for address in found if not address.startswith("postroom-"))

    def family(self) -> list[psutil.Process]:
        """The processes of the trial and of everything it started."""
        return [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]

    def kill_everything(self) -> None:
        """kill -9, like a power cut: no process can shut down."""
        for process in self.family():
            process.send_signal(signal.SIGKILL)

    async def interrupt(self) -> str:
        """Press Ctrl-C; return what `up` printed."""
        assert self._process
        self._process.send_signal(signal.SIGINT)
        return await self.output_of(self._process)

    async def close(self) -> None:
        await self._http.aclose()
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
            try:
                await asyncio.wait_for(self._process.communicate(), 40)
            except TimeoutError:
                self.kill_everything()
        await EmbeddedPostgres(DataFolder(self.folder / ".postroom")).remove()  # as root, it is in /var/tmp


@asynccontextmanager
async def trial(folder: Path, **settings: str) -> AsyncGenerator[Trial]:
    """A trial that is not started: call `up`. `settings` are environment variables."""
    started = Trial(folder, settings)
    try:
        yield started
    finally:
        await started.close()


@asynccontextmanager
async def running_trial(folder: Path, **settings: str) -> AsyncGenerator[Trial]:
    async with trial(folder, **settings) as started:
        await started.up()
        yield started
