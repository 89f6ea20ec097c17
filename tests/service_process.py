"""`postroom serve` and `postroom work` as processes, for tests of how they start, wait and stop."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx2

from http_status import is_ok

KEY = "the-key-of-the-webhook"


class ServiceProcess:
    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self._process = process
        self.url = url
        self.http = httpx2.AsyncClient(base_url=url, timeout=40, trust_env=False)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def live(self) -> bool:
        return await is_ok(f"{self.url}/health/live")

    async def ready(self) -> bool:
        return await is_ok(f"{self.url}/health/ready")

    async def hook(self, email: str) -> httpx2.Response:
        return await self.http.post(
            "/internal/mail/provision",
            json={"identity": {"id": str(uuid4()), "traits": {"email": email}}},
            headers={"X-Postroom-Key": KEY},
        )

    async def says(self, words: str, *, within: float = 20) -> str:
        """The log up to the first line that contains `words`; `end` does not return those lines again."""
        assert self._process.stdout
        log = ""
        async with asyncio.timeout(within):
            while words not in log:
                line = await self._process.stdout.readline()
                assert line, f"it ended before it said {words!r}:\n{log}"
                log += line.decode()
        return log

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def end(self, number: signal.Signals | None = None, *, within: float = 40) -> tuple[int, str]:
        """Exit code and log, after the signal if one is given."""
        if number is not None:
            if self._process.returncode is not None:
                output, _ = await self._process.communicate()
                raise AssertionError(f"it had ended by itself:\n{output.decode()}")
            self.send(number)
        output, _ = await asyncio.wait_for(self._process.communicate(), within)
        await self.http.aclose()
        return self._process.returncode or 0, output.decode()

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self.end()


@asynccontextmanager
async def running(command: str, settings: Mapping[str, str], *, program: str = "") -> AsyncGenerator[ServiceProcess]:
    """`program` is Python code that replaces `postroom COMMAND`, to break something in it first."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("POSTROOM_")}
    arguments = ("-c", program) if program else ("-m", "postroom", command)
    port = settings.get("POSTROOM_WORK_PORT" if command == "work" else "POSTROOM_PORT", "3001")
    process = ServiceProcess(
        await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            env=environment | dict(settings),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        ),
        f"http://127.0.0.1:{port}",
    )
    try:
        yield process
    finally:
        await process.kill()
