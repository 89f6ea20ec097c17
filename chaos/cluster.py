"""The processes: PostgreSQL, Valkey, the stand-in for Stalwart, services and workers; a fault proxy in each link."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx2
import redis.asyncio

from chaos.plan import DOMAIN, SERVICES, WORD, WORKERS
from chaos.proxy import FaultProxy
from postroom.errors import ConfigurationError
from postroom.postgres.migrate import role_of, upgrade
from postroom.sandbox.data_folder import DataFolder
from postroom.sandbox.embedded_postgres import EmbeddedPostgres
from postroom.sandbox.embedded_valkey import EmbeddedValkey
from postroom.sandbox.loopback import LOOPBACK, free_port
from postroom.sandbox.processes import Process

DELAY_FACTOR = 0.02
"""60, 300 and 1,800 s become 1.2, 6 and 36 s."""

STALWART_MILLISECONDS = 60
"""What the stand-in takes for each answer, so that faults strike while attempts are under way."""

_GONE_WITHIN = 5.0
_ADMIN = ("admin", "pw-of-the-operator")
_USING = ["urn:ietf:params:jmap:core", "urn:stalwart:jmap"]


class Cluster:
    """Everything a run needs, in `data`; `settings` are more POSTROOM_… variables of services and workers."""

    def __init__(self, data: DataFolder, settings: dict[str, str], *, fsync: bool) -> None:
        self._data = data
        self._settings = settings
        self.postgres = EmbeddedPostgres(data, fsync=fsync)
        self.valkey = EmbeddedValkey(data)
        self.proxies = {link: FaultProxy(0) for link in ("postgres", "redis", "stalwart")}
        self.key = data.secret("webhook-key")
        self.ports = {name: free_port() for name in SERVICES}
        self.urls = [f"http://{LOOPBACK}:{port}" for port in self.ports.values()]
        self._stalwart_url = f"http://{LOOPBACK}:{free_port()}"
        self._api_key = "API_" + data.secret("stalwart-api-key")
        self._environment: dict[str, str] = {}
        self._processes: dict[str, Process] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}
        self.broken: list[str] = []
        """services and workers that ended though nobody had ended them, and how"""
        self._http = httpx2.AsyncClient(timeout=20, trust_env=False)

    async def start(self) -> None:
        await self.postgres.start()
        await asyncio.to_thread(upgrade, self.postgres.owner_url, role_of(self.postgres.service_url))
        await self.valkey.start()
        await self._start_stalwart()
        targets = (self.postgres.port, self.valkey.port, urlsplit(self._stalwart_url).port or 0)
        for proxy, target in zip(self.proxies.values(), targets, strict=True):
            proxy.target = target
            await proxy.start()
        self._environment = self._make_environment()
        for name in (*SERVICES, *WORKERS):
            await self.spawn(name)
        for name, url in zip(SERVICES, self.urls, strict=True):
            await self._processes[name].until_ready(self._answers(f"{url}/health/ready"), 60)

    async def stop(self) -> None:
        """End all of it, in reverse order, also when one does not end."""
        for name in (*SERVICES, *WORKERS):
            if process := self._processes.get(name):
                self._watches[name].cancel()
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGCONT)
                await process.stop((signal.SIGTERM, _GONE_WITHIN))
        for proxy in self.proxies.values():
            await proxy.stop()
        if stalwart := self._processes.get("stalwart"):
            await stalwart.stop((signal.SIGTERM, 5.0))
        await self._http.aclose()
        await self.valkey.stop()
        await self.postgres.stop()
        await self.postgres.remove()

    async def spawn(self, name: str) -> None:
        """Start a service or a worker."""
        if name in self._processes:
            await self._processes[name].stop()  # ended long ago: closes what is left of it
        command = "serve" if name in SERVICES else "work"
        own = {"POSTROOM_HOST": LOOPBACK, "POSTROOM_PORT": str(self.ports[name])} if name in SERVICES else {}
        process = Process(
            name,
            [sys.executable, "-m", "postroom", command, "--until-eof"],
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

    async def kill_postgres(self) -> None:
        os.kill(self.postgres.pid, signal.SIGKILL)
        await self.postgres.ended()

    async def start_postgres(self) -> None:
        """Again; the backends of a killed one need a moment to notice, and it will not start beside them."""
        for _ in range(10):
            try:
                await self.postgres.start()
                break
            except ConfigurationError:
                await asyncio.sleep(0.5)
        else:
            raise ConfigurationError("PostgreSQL did not come back")
        self.proxies["postgres"].target = self.postgres.port

    async def start_valkey(self) -> None:
        await self.valkey.start()
        self.proxies["redis"].target = self.valkey.port

    async def flushall(self) -> None:
        async with redis.asyncio.from_url(self.valkey.url) as client:
            await client.flushall()

    async def set_fault(self, **fault: Any) -> None:
        """Switch a fault of the stand-in on; `count=0` takes the place of one that is on, and never strikes."""
        answer = await self._http.put(f"{self._stalwart_url}/_sandbox/faults", json=fault)
        answer.raise_for_status()

    async def stalwart_accounts(self) -> list[dict[str, Any]]:
        answer = await self._http.get(f"{self._stalwart_url}/_sandbox/state")
        found: list[dict[str, Any]] = answer.raise_for_status().json()["accounts"]
        return [each for each in found if not each["addresses"][0].startswith("postroom-service@")]

    async def make_strangers(self, addresses: list[str]) -> None:
        """Mailboxes that an operator made, without our mark."""
        calls: list[Any] = [["x:Domain/query", {"filter": {"name": DOMAIN}}, "0"]]
        domain = (await self._jmap(calls))[0][1]["ids"][0]
        create = {
            str(place): {"@type": "User", "name": address.partition("@")[0], "domainId": domain}
            for place, address in enumerate(addresses)
        }
        (answer,) = await self._jmap([["x:Account/set", {"create": create}, "0"]])
        if len(answer[1].get("created", {})) != len(addresses):
            raise ConfigurationError(f"the strangers' mailboxes were not made: {answer}")

    async def _jmap(self, calls: list[Any]) -> list[Any]:
        body = {"using": _USING, "methodCalls": calls}
        answer = await self._http.post(f"{self._stalwart_url}/jmap/", json=body, auth=_ADMIN)
        return answer.raise_for_status().json()["methodResponses"]

    async def _start_stalwart(self) -> None:
        port = str(urlsplit(self._stalwart_url).port)
        arguments = ["-m", "postroom.sandbox.stalwart", "--until-eof", "--port", port, "--domain", DOMAIN]
        arguments += ["--state", str(self._data.folder("stalwart")), "--latency-ms", str(STALWART_MILLISECONDS)]
        arguments += ["--api-key-env", "STAND_IN_KEY", "--admin-password-env", "STAND_IN_ADMIN"]
        secrets = {"STAND_IN_KEY": self._api_key, "STAND_IN_ADMIN": _ADMIN[1]}
        process = Process(
            "the stand-in for Stalwart",
            [sys.executable, *arguments],
            env=os.environ | secrets,
            log=self._data.log("stalwart"),
            until_eof=True,
        )
        self._processes["stalwart"] = process
        await process.spawn()
        await process.until_ready(self._answers(f"{self._stalwart_url}/_sandbox/state"), 30)
        await self.set_fault(kind="fail", word=WORD)

    def _make_environment(self) -> dict[str, str]:
        ports = {link: proxy.port for link, proxy in self.proxies.items()}
        ours = {
            "POSTROOM_DATABASE_URL": _through(self.postgres.service_url, ports["postgres"]),
            "POSTROOM_REDIS_URL": _through(self.valkey.url, ports["redis"]),
            "POSTROOM_STALWART_URL": _through(self._stalwart_url, ports["stalwart"]),
            "POSTROOM_STALWART_API_KEY": self._api_key,
            "POSTROOM_WEBHOOK_KEY": self.key,
            "POSTROOM_DOMAINS": DOMAIN,
            "POSTROOM_DELAY_FACTOR": str(DELAY_FACTOR),
        }
        others = {name: value for name, value in os.environ.items() if not name.startswith("POSTROOM_")}
        return others | ours | self._settings

    def _answers(self, url: str) -> Any:
        async def probe() -> bool:
            try:
                return (await self._http.get(url)).status_code == 200
            except httpx2.HTTPError:
                return False

        return probe


def _through(url: str, port: int) -> str:
    """The URL with another port: the proxy's."""
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{login}{at}{LOOPBACK}:{port}"))
