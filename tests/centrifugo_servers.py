"""Centrifugo for tests: the real 6.9.1, built from source with Go, with the configuration of deploy/centrifugo.

A running one is used instead where CENTRIFUGO_URL (for browsers), CENTRIFUGO_API_URL, CENTRIFUGO_API_KEY and
CENTRIFUGO_TOKEN_KEY name it; it must have that configuration, and the origin https://mail.example.org.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from postroom_sandbox.loopback import LOOPBACK, free_port
from postroom_sandbox.processes import Process
from tests.go_programs import CENTRIFUGO
from tests.http_status import is_ok

CONFIG = Path(__file__).parents[1] / "src/postroom/deploy/centrifugo" / "config.yaml"
ORIGIN = "https://mail.example.org"
API_KEY = "api-key-of-the-tests-0123456789"
TOKEN_KEY = "token-key-of-the-tests-0123456789-0123456789"


@dataclass(frozen=True)
class CentrifugoServer:
    """`process` is None for a server that runs elsewhere, which tests must not stop."""

    url: str
    api_url: str
    api_key: str = API_KEY
    token_key: str = TOKEN_KEY
    process: Process | None = None

    @property
    def websocket_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/connection/websocket"

    async def start(self) -> None:
        assert self.process
        await self.process.spawn()
        await self.process.until_ready(lambda: is_ok(f"{self.api_url}/health"), 30)

    async def kill(self) -> None:
        """kill -9; `start` starts it again with an empty memory."""
        assert self.process
        await self.process.stop((signal.SIGKILL, 5))


@asynccontextmanager
async def centrifugo(folder: Path, *, own: bool = False, config: Path = CONFIG) -> AsyncIterator[CentrifugoServer]:
    """A running Centrifugo; with `own` always a new process. Skips the test when it cannot be built."""
    if (url := os.environ.get("CENTRIFUGO_URL")) and not own:
        environ = os.environ
        yield CentrifugoServer(
            url.rstrip("/"),
            environ["CENTRIFUGO_API_URL"],
            environ["CENTRIFUGO_API_KEY"],
            environ["CENTRIFUGO_TOKEN_KEY"],
        )
        return
    program = await asyncio.to_thread(CENTRIFUGO.found_or_skipped)
    port, internal_port = free_port(), free_port()
    settings = {
        "CENTRIFUGO_HTTP_SERVER_PORT": str(port),
        "CENTRIFUGO_HTTP_SERVER_INTERNAL_PORT": str(internal_port),
        "CENTRIFUGO_HTTP_API_KEY": API_KEY,
        "CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY": TOKEN_KEY,
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CENTRIFUGO_")}
    process = Process(
        CENTRIFUGO.name, [program, "-c", config], env=environment | settings, log=folder / "centrifugo.log"
    )
    server = CentrifugoServer(f"http://{LOOPBACK}:{port}", f"http://{LOOPBACK}:{internal_port}", process=process)
    try:
        await server.start()
        yield server
    finally:
        await process.stop((signal.SIGTERM, 5), (signal.SIGKILL, 5))
