"""The servers, stand-ins, services and workers of a run, with a fault proxy in each link between them."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from urllib.parse import urlsplit, urlunsplit

import httpx2
import psutil
import redis.asyncio

from chaos.database import Database
from chaos.link import Link
from chaos.plan import DOMAIN, LINKS, SERVICES, WORKERS
from chaos.stand_ins import Kratos, Stalwart, responds
from postroom.errors import ConfigurationError
from postroom_sandbox.data_folder import DataFolder
from postroom_sandbox.embedded_valkey import EmbeddedValkey
from postroom_sandbox.loopback import LOOPBACK, free_port
from postroom_sandbox.processes import Process

DELAY_FACTOR = 0.02
"""60, 300 and 1,800 s become 1.2, 6 and 36 s."""

REPLICATION = "replication"
"""The link between PostgreSQL and its replica: it belongs to the fail-over and has no lane of faults."""

_WITH_LOG_READER = ("bash", "-c", 'exec "$0" "$@" > >(exec cat) 2>&1')
"""Its log goes through a pipe, so that the reader can be stopped."""

_READY_WITHIN = 120.0
_GONE_WITHIN = 20.0
_REBUILT_WITHIN = 120.0


class Cluster:
    """Its files are in `data` and `of_replica`; `settings` are further POSTROOM_… variables of services and workers."""

    def __init__(self, data: DataFolder, of_replica: DataFolder, settings: Mapping[str, str], *, fsync: bool) -> None:
        self._data = data
        self._settings = settings
        self.links = {name: Link(data.log(f"link-{name}")) for name in (*LINKS, REPLICATION)}
        self.database = Database(data, of_replica, self.links["postgres"], self.links[REPLICATION], fsync=fsync)
        self.valkey = EmbeddedValkey(data)
        self._http = httpx2.AsyncClient(timeout=60, trust_env=False)
        self.stalwart = Stalwart(data, self._http)
        self.kratos = Kratos(data, self._http)
        self.key = data.secret("webhook-key")
        self.ports = {name: free_port() for name in SERVICES}
        self.urls = [f"http://{LOOPBACK}:{port}" for port in self.ports.values()]
        self._environment: dict[str, str] = {}
        self._processes: dict[str, Process] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}
        self.broken: list[str] = []
        """services and workers that ended by themselves, and how"""

    async def start(self) -> None:
        for link in self.links.values():
            await link.start()
        await self.database.start()
        await self.start_valkey()
        await self.stalwart.start()
        await self.kratos.start()
        await self.links["stalwart"].lead_to(self.stalwart.port)
        await self.links["kratos"].lead_to(self.kratos.port)
        self._environment = self._make_environment()
        for name in (*SERVICES, *WORKERS):
            await self.spawn(name)
        for name, url in zip(SERVICES, self.urls, strict=True):
            await self._processes[name].until_ready(responds(self._http, f"{url}/health/ready"), _READY_WITHIN)

    async def stop(self) -> None:
        """Stop all parts in reverse order, also if one of them does not stop."""
        async with AsyncExitStack() as stack:
            parts = (self.database, self.valkey, self.stalwart, self.kratos, *self.links.values())
            for stop in (self._http.aclose, *(part.stop for part in parts), self.stop_processes):
                stack.push_async_callback(stop)

    async def stop_processes(self) -> None:
        """Stop services and workers: nothing changes after this."""
        for watch in self._watches.values():
            watch.cancel()
        await asyncio.gather(*(self._stop(process) for process in self._processes.values()))
        self._processes.clear()

    async def _stop(self, process: Process) -> None:
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            for stopped in (stopping := psutil.Process(process.pid), *stopping.children()):
                stopped.resume()
        await process.stop((signal.SIGTERM, _GONE_WITHIN))

    async def spawn(self, name: str) -> None:
        """Start a service or a worker."""
        if name in self._processes:
            await self._processes[name].stop()  # it has ended; this closes its pipes
        command = "serve" if name in SERVICES else "work"
        own = {"POSTROOM_HOST": LOOPBACK, "POSTROOM_PORT": str(self.ports[name])} if name in SERVICES else {}
        process = Process(
            name,
            [*_WITH_LOG_READER, sys.executable, "-m", "postroom", command, "--until-eof"],
            env=self._environment | own,
            log=self._data.log(name),
            until_eof=True,
        )
        self._processes[name] = process
        await process.spawn()
        self._watches[name] = asyncio.create_task(self._watch(process))

    async def _watch(self, process: Process) -> None:
        self.broken.append(await process.ended())

    async def kill(self, name: str) -> None:
        """kill -9."""
        self._watches[name].cancel()
        self.signal(name, signal.SIGKILL)
        await self._processes[name].ended()

    def signal(self, name: str, number: signal.Signals) -> None:
        os.kill(self._processes[name].pid, number)

    async def block_log(self, name: str) -> None:
        """Let nobody read its log any more."""
        self._log_reader(name).suspend()

    async def unblock_log(self, name: str) -> None:
        self._log_reader(name).resume()

    def _log_reader(self, name: str) -> psutil.Process:
        (reader,) = psutil.Process(self._processes[name].pid).children()
        return reader

    async def rebuild(self) -> None:
        """`postroom rebuild --from-stalwart`, again until both servers respond. Raises ConfigurationError."""
        process = Process(
            "rebuild",
            [sys.executable, "-m", "postroom", "rebuild", "--from-stalwart"],
            env=self._environment,
            log=self._data.log("rebuild"),
        )
        ends = time.monotonic() + _REBUILT_WITHIN
        while True:
            await process.spawn()
            try:
                return await process.succeed()
            except ConfigurationError:
                if time.monotonic() > ends:
                    raise
                await asyncio.sleep(1)

    async def start_valkey(self) -> None:
        await self.valkey.start()
        await self.links["redis"].lead_to(self.valkey.port)

    async def flushall(self) -> None:
        async with redis.asyncio.from_url(self.valkey.url) as client:
            await client.flushall()

    def _make_environment(self) -> dict[str, str]:
        ports = {name: link.port for name, link in self.links.items()}
        ours = {
            "POSTROOM_DATABASE_URL": _through(self.database.primary.service_url, ports["postgres"]),
            "POSTROOM_REDIS_URL": _through(self.valkey.url, ports["redis"]),
            "POSTROOM_STALWART_URL": _through(self.stalwart.url, ports["stalwart"]),
            "POSTROOM_STALWART_API_KEY": self.stalwart.api_key,
            "POSTROOM_KRATOS_ADMIN_URL": _through(self.kratos.url, ports["kratos"]),
            "POSTROOM_WEBHOOK_KEY": self.key,
            "POSTROOM_DOMAINS": DOMAIN,
            "POSTROOM_DELAY_FACTOR": str(DELAY_FACTOR),
        }
        others = {name: value for name, value in os.environ.items() if not name.startswith("POSTROOM_")}
        return {**others, **ours, **self._settings}


def _through(url: str, port: int) -> str:
    """The URL with the port of the proxy."""
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{login}{at}{LOOPBACK}:{port}"))
