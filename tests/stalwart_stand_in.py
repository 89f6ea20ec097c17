"""The stand-in for Stalwart in its own process, for tests:

async with stalwart_stand_in(tmp_path, domains=["example.org", "example.net"]) as server:
    await server.set_fault(kind="unavailable", count=3)
    ...
    assert [account["addresses"] for account in await server.accounts()] == [["alice@example.org"]]
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from stalwart_client import StalwartClient

_START_SECONDS = 30


class StalwartStandIn:
    """`url` and `api_key` are for Postroom's settings; `admin` is login and password of the operator."""

    def __init__(
        self,
        folder: Path,
        domains: Sequence[str],
        api_key: str | None,
        latency_ms: int,
        welcome: bool,
        mail_master: str | None,
        port: int,
    ) -> None:
        self.url = ""
        self.api_key = api_key
        self.admin = ("admin", "pw")
        self._folder = folder
        self._domains = domains
        self._latency_ms = latency_ms
        self._welcome = welcome
        self._mail_master = mail_master
        self._port = port
        self._lmtp_port = 0
        self._process: asyncio.subprocess.Process | None = None
        self._control = httpx2.AsyncClient(timeout=10)

    async def start(self) -> None:
        """Start it, also again after `kill`, on the same port and with the same state."""
        command = [sys.executable, "-m", "postroom_sandbox.stalwart", "--until-eof"]
        command += ["--state", str(self._folder), "--port", str(self._port), "--lmtp-port", str(self._lmtp_port)]
        command += ["--latency-ms", str(self._latency_ms)]
        command += [part for domain in self._domains for part in ("--domain", domain)]
        command += ["--welcome"] if self._welcome else []
        environment = os.environ | {"STAND_IN_ADMIN": self.admin[1]}
        if self.api_key:
            environment["STAND_IN_KEY"] = self.api_key
        if self._mail_master:
            environment["STAND_IN_MASTER"] = self._mail_master
        self._process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout
        line = await asyncio.wait_for(self._process.stdout.readline(), _START_SECONDS)
        assert line, f"the stand-in ended with code {await self._process.wait()} before it listened"
        self.url = line.decode().strip()
        self._port = int(self.url.rpartition(":")[2])
        self._lmtp_port = int((await self._process.stdout.readline()).decode().rpartition(":")[2])

    @property
    def lmtp(self) -> tuple[str, int]:
        """Host and port for incoming mail."""
        return "127.0.0.1", self._lmtp_port

    async def kill(self) -> None:
        """kill -9."""
        assert self._process
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        """Close its standard input, as when its parent ends; return the exit code."""
        assert self._process
        assert self._process.stdin
        self._process.stdin.close()
        try:
            return await asyncio.wait_for(self._process.wait(), 10)
        except TimeoutError:
            await self.kill()
            raise AssertionError("the stand-in did not stop at the end of its standard input") from None

    async def close(self) -> None:
        await self._control.aclose()
        await self.kill()

    async def set_fault(self, **fault: Any) -> None:
        """`kind` is required; word, method, count, probability, seed, delay_ms, octets and retry_after are
        optional."""
        await self._ask("PUT", "faults", json=fault)

    async def clear_faults(self) -> None:
        await self._ask("DELETE", "faults")

    async def state(self) -> dict[str, Any]:
        return (await self._ask("GET", "state")).json()

    async def _ask(self, method: str, what: str, **more: Any) -> httpx2.Response:
        response = await self._control.request(method, f"{self.url}/_sandbox/{what}", **more)
        assert response.status_code == 200, response.text
        return response

    async def accounts(self) -> list[dict[str, Any]]:
        """The mailboxes of people, without our own accounts: `id`, `addresses` (the primary one first), `marks`."""
        accounts: list[dict[str, Any]] = (await self.state())["accounts"]
        return [a for a in accounts if not a["addresses"][0].startswith("postroom-")]

    async def request_counts(self) -> dict[str, int]:
        """Counts since the start: all `requests`, each method and path by its name, `fault: <kind>` for each fault."""
        return (await self.state())["requests"]


@asynccontextmanager
async def admin_of(server: StalwartStandIn) -> AsyncIterator[StalwartClient]:
    """Its operator, who makes accounts in example.org."""
    admin = StalwartClient(server.url, server.admin)
    async with admin.http:
        admin.domain = await admin.ensure_domain("example.org")
        yield admin


@asynccontextmanager
async def stalwart_stand_in(
    folder: Path,
    *,
    domains: Sequence[str] = ("example.org",),
    api_key: str | None = "API_key-of-the-tests-0123456789abcdef",
    latency_ms: int = 0,
    welcome: bool = False,
    mail_master: str | None = None,
    port: int = 0,
) -> AsyncIterator[StalwartStandIn]:
    """Run it on `port` (0: a free one) with its state in `folder`/stalwart, and stop it afterwards. `mail_master` is
    the password of the account that may impersonate."""
    server = StalwartStandIn(folder / "stalwart", domains, api_key, latency_ms, welcome, mail_master, port)
    try:
        await server.start()
        yield server
    finally:
        await server.close()
