"""Starts a trial for a benchmark."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from postroom_sandbox.loopback import free_port


class Trial:
    """A running `postroom up`. `settings` are environment variables of the service."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self._folder = folder
        self._settings = settings
        self.environment: dict[str, str] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._http = httpx2.AsyncClient(trust_env=False)

    async def up(self) -> None:
        published = self._folder / ".postroom/trial.json"
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            # A welcome message would take the stand-in longer than creating the mailbox.
            *("-m", "postroom", "up", "--no-welcome", "--empty", "--port", str(free_port())),
            cwd=self._folder,
            env=dict(os.environ) | {"POSTROOM_LOG_LEVEL": "WARNING"} | self._settings,
            stdout=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(120):
            while not published.exists():
                if self._process.returncode is not None:
                    raise SystemExit("the trial did not start; the reason is printed above")
                await asyncio.sleep(0.1)
        self.environment = json.loads(published.read_text())["environment"]

    async def postroom(self, *arguments: str) -> None:
        """Run a command on it. Raises `SystemExit`, with its output, if it fails."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "postroom", *arguments),
            cwd=self._folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        if process.returncode:
            raise SystemExit(f"postroom {' '.join(arguments)} failed: {output.decode()}")

    @property
    def owner_url(self) -> str:
        """The database URL of its owner: benchmarks insert rows that the service could not."""
        data = self._folder / ".postroom"
        service = urlsplit(self.environment["POSTROOM_DATABASE_URL"])
        secret = (data / "secrets" / "postgres-owner").read_text().strip()
        return f"postgresql://postroom_owner:{secret}@{service.hostname}:{service.port}{service.path}"

    async def mail_server_requests(self) -> int | None:
        """How many HTTP requests the stand-in has received; None for a real server, which does not say."""
        answer = await self._http.get(f"{self.environment['POSTROOM_STALWART_URL']}/_sandbox/state")
        return answer.json()["requests"]["requests"] if answer.status_code == 200 else None

    async def fault(self, **fault: object) -> None:
        """Replace the faults of the stand-in for Stalwart by this one."""
        await self.no_faults()
        answer = await self._http.put(f"{self.environment['POSTROOM_STALWART_URL']}/_sandbox/faults", json=fault)
        answer.raise_for_status()

    async def no_faults(self) -> None:
        answer = await self._http.delete(f"{self.environment['POSTROOM_STALWART_URL']}/_sandbox/faults")
        answer.raise_for_status()

    async def down(self) -> None:
        await self._http.aclose()
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
            await self._process.wait()
