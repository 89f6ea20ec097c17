"""Centrifugo for tests: the real 6.9.1, built from source where Go is, with the configuration of deploy/centrifugo.

It is built once, into `$XDG_CACHE_HOME/postroom-tests` (`~/.cache` by default); that takes some minutes on two cores,
so mark a test that may be the first with `may_build_centrifugo`. A running one is used instead where
CENTRIFUGO_URL (for browsers), CENTRIFUGO_API_URL, CENTRIFUGO_API_KEY and CENTRIFUGO_TOKEN_KEY name it; it must have
that configuration, and the origin https://mail.example.org.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from postroom.sandbox.loopback import LOOPBACK, free_port
from postroom.sandbox.processes import Process

MODULE = "github.com/centrifugal/centrifugo/v6"
VERSION = "6.9.1"
CONFIG = Path(__file__).parents[1] / "deploy" / "centrifugo" / "config.yaml"
ORIGIN = "https://mail.example.org"
API_KEY = "api-key-of-the-tests-0123456789"
TOKEN_KEY = "token-key-of-the-tests-0123456789-0123456789"

BUILD_SECONDS = 900
may_build_centrifugo = pytest.mark.timeout(BUILD_SECONDS + 120)


@dataclass(frozen=True)
class CentrifugoServer:
    """`process` is None for one that runs elsewhere and is not ours to stop."""

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
        async with httpx2.AsyncClient(trust_env=False, timeout=5) as http:

            async def healthy() -> bool:
                try:
                    return (await http.get(f"{self.api_url}/health")).status_code == 200
                except httpx2.TransportError:
                    return False

            await self.process.until_ready(healthy, 30)

    async def kill(self) -> None:
        """kill -9; `start` begins it anew, without its memory."""
        assert self.process
        await self.process.stop((signal.SIGKILL, 5))


@asynccontextmanager
async def centrifugo(folder: Path, *, own: bool = False, config: Path = CONFIG) -> AsyncIterator[CentrifugoServer]:
    """A running Centrifugo; with `own` always a process of ours. Skips the test when it cannot be built."""
    if (url := os.environ.get("CENTRIFUGO_URL")) and not own:
        environ = os.environ
        yield CentrifugoServer(
            url.rstrip("/"),
            environ["CENTRIFUGO_API_URL"],
            environ["CENTRIFUGO_API_KEY"],
            environ["CENTRIFUGO_TOKEN_KEY"],
        )
        return
    program = await asyncio.to_thread(built_or_skipped)
    port, internal_port = free_port(), free_port()
    settings = {
        "CENTRIFUGO_HTTP_SERVER_PORT": str(port),
        "CENTRIFUGO_HTTP_SERVER_INTERNAL_PORT": str(internal_port),
        "CENTRIFUGO_HTTP_API_KEY": API_KEY,
        "CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY": TOKEN_KEY,
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CENTRIFUGO_")}
    process = Process(
        f"Centrifugo {VERSION}", [program, "-c", config], env=environment | settings, log=folder / "centrifugo.log"
    )
    server = CentrifugoServer(f"http://{LOOPBACK}:{port}", f"http://{LOOPBACK}:{internal_port}", process=process)
    try:
        await server.start()
        yield server
    finally:
        await process.stop((signal.SIGTERM, 5), (signal.SIGKILL, 5))


class CentrifugoMissing(Exception):
    """There is no real Centrifugo here; the text says why."""


def built_or_skipped() -> Path:
    """The program; where there is none, the test is skipped, and fails in CI unless that was agreed to."""
    try:
        return build_centrifugo()
    except CentrifugoMissing as missing:
        reason = f"NOT TESTED against the real Centrifugo {VERSION}: {missing}"
    agreed = os.environ.get("POSTROOM_TESTS_WITHOUT_CENTRIFUGO") == "1"
    if os.environ.get("CI") == "true" and not agreed:
        pytest.fail(f"{reason}. Set POSTROOM_TESTS_WITHOUT_CENTRIFUGO=1 to do without it.", pytrace=False)
    pytest.skip(reason)


def build_centrifugo() -> Path:
    """Centrifugo, from the cache or newly built. Raises CentrifugoMissing."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "postroom-tests"
    program = cache / f"centrifugo-{VERSION}"
    if program.exists():
        return program
    if shutil.which("go") is None:
        raise CentrifugoMissing("go is not installed")
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock-centrifugo").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _go_install(program)
    return program


def _go_install(program: Path) -> None:
    command = ["nice", "-n", "10", "go", "install", "-trimpath", f"{MODULE}@v{VERSION}"]
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        env = os.environ | {"CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "", "GOBIN": folder}
        try:
            built = subprocess.run(command, env=env, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise CentrifugoMissing(f"go install took longer than {BUILD_SECONDS} s") from error
        if built.returncode != 0:
            raise CentrifugoMissing(f"go install failed: {built.stderr.strip()[-1000:]}")
        (Path(folder) / "centrifugo").replace(program)
