"""Valkey on two hosts, and a sentinel on each of three hosts, which fail over by themselves."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import redis.asyncio
import redis.exceptions

from eventually import eventually
from postroom_sandbox import embedded_valkey
from postroom_sandbox.loopback import free_port
from postroom_sandbox.processes import Process

SERVICE = "postroom"
PASSWORD = "of valkey: 100%/@"
SENTINEL_PASSWORD = "of the sentinels"

_SERVER = """\
bind {host} 127.0.0.1
port {port}
requirepass "{password}"
masterauth "{password}"
dir ./
appendonly yes
appendfilename "{port}.aof"
save ""
replica-announce-ip {host}
"""
_SENTINEL = """\
bind {host}
port {port}
requirepass "{sentinel_password}"
sentinel sentinel-pass "{sentinel_password}"
sentinel announce-ip {host}
sentinel monitor {service} {master_host} {master_port} 2
sentinel auth-pass {service} "{password}"
sentinel down-after-milliseconds {service} 1000
sentinel failover-timeout {service} 4000
"""


class Server(Process):
    """A Valkey server, or a sentinel, depending on `arguments`. `stop` is kill -9."""

    def __init__(self, folder: Path, host: str, configuration: str, password: str, *arguments: str) -> None:
        self.host, self.port, self.password = host, free_port(), password
        place = f"{host}:{self.port}"
        self._folder = folder / place
        self._file = self._folder / "valkey.conf"
        self._configuration = configuration
        command = [embedded_valkey._binary(), self._file, *arguments]
        super().__init__(f"Valkey at {place}", command, env={}, log=self._folder / "log", cwd=self._folder)

    async def start(self, **values: object) -> None:
        self._folder.mkdir(parents=True)
        self._file.write_text(self._configuration.format(host=self.host, port=self.port, **values))
        await self.spawn()
        await self.until_ready(self._answers, 10)

    def client(self) -> redis.asyncio.Redis:
        return redis.asyncio.Redis(host=self.host, port=self.port, password=self.password, decode_responses=True)

    async def _answers(self) -> bool:
        try:
            async with self.client() as client:
                return await client.ping()
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
            return False


class ValkeySentinel:
    def __init__(self, folder: Path, hosts: Sequence[str]) -> None:
        self.master, self.replica = (Server(folder, host, _SERVER, PASSWORD) for host in hosts[:2])
        self.sentinels = [Server(folder, host, _SENTINEL, SENTINEL_PASSWORD, "--sentinel") for host in hosts]

    @property
    def url(self) -> str:
        places = ",".join(f"{sentinel.host}:{sentinel.port}" for sentinel in self.sentinels)
        parameters = f"db=0&sentinel_password={quote(SENTINEL_PASSWORD)}"
        return f"redis+sentinel://default:{quote(PASSWORD, safe='')}@{places}/{SERVICE}?{parameters}"

    async def start(self) -> None:
        for server in (self.master, self.replica):
            await server.start(password=PASSWORD)
        async with self.replica.client() as client:
            await client.execute_command("REPLICAOF", self.master.host, self.master.port)
        for sentinel in self.sentinels:
            await sentinel.start(
                service=SERVICE,
                password=PASSWORD,
                sentinel_password=SENTINEL_PASSWORD,
                master_host=self.master.host,
                master_port=self.master.port,
            )
        await eventually(self._know_each_other, "the sentinels to know each other and the replica", 20)

    async def _know_each_other(self) -> bool:
        for sentinel in self.sentinels:
            async with sentinel.client() as client:
                masters: Any = await client.sentinel_masters()
                state = masters[SERVICE]
                if (state["num-other-sentinels"], state["num-slaves"]) != (len(self.sentinels) - 1, 1):
                    return False
        async with self.replica.client() as client:
            return (await client.info("replication"))["master_link_status"] == "up"

    async def has_failed_over(self) -> bool:
        async with self.replica.client() as client:
            return (await client.info("replication"))["role"] == "master"


@asynccontextmanager
async def valkey_sentinel(folder: Path, hosts: Sequence[str]) -> AsyncIterator[ValkeySentinel]:
    valkey = ValkeySentinel(folder, hosts)
    async with AsyncExitStack() as stack:
        for server in (valkey.master, valkey.replica, *valkey.sentinels):
            stack.push_async_callback(server.stop)
        await valkey.start()
        yield valkey
