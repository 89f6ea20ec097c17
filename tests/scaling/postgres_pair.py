"""PostgreSQL on two hosts: a primary, and a replica that can be promoted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import LiteralString

import psutil
import psycopg

import chaos.replica
from eventually import eventually
from postroom.postgres.migrate import upgrade
from postroom_sandbox.data_folder import DataFolder
from postroom_sandbox.embedded_postgres import SERVICE_ROLE, EmbeddedPostgres
from postroom_sandbox.loopback import LOOPBACK
from servers import Database


class OnHost(EmbeddedPostgres):
    """PostgreSQL that also listens on the address of its host."""

    host = LOOPBACK

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"

    def _settings(self) -> list[str]:
        return [*super()._settings(), "-c", f"listen_addresses={LOOPBACK},{self.host}", "-c", "max_connections=200"]

    async def admin(self, statement: LiteralString) -> list[tuple[object, ...]]:
        """A connection of the superuser."""
        async with await psycopg.AsyncConnection.connect(self.admin_url, autocommit=True) as connection:
            cursor = await connection.execute(statement)
            return await cursor.fetchall() if cursor.description else []


class Primary(OnHost, chaos.replica.Primary):
    def kill(self) -> None:
        """kill -9 all its processes at once, as a power failure does: none finishes its work."""
        server = psutil.Process(self.pid)
        for process in (server, *server.children(recursive=True)):
            process.kill()


class Replica(OnHost, chaos.replica.Replica):
    async def fall_behind(self) -> None:
        """Keep later commits of the primary from reaching the replica."""
        await self.admin("ALTER SYSTEM SET primary_conninfo = ''")
        await self.admin("SELECT pg_reload_conf()")

        async def receives_nothing() -> bool:
            return await self.admin("SELECT FROM pg_stat_wal_receiver") == []

        await eventually(receives_nothing, "the end of replication")


class PostgresPair:
    def __init__(self, primary: Primary, replica: Replica) -> None:
        self.primary = primary
        self.replica = replica

    @property
    def database(self) -> Database:
        """Of the service: both hosts. Of the owner: the primary."""
        places = (self.primary.place, self.replica.place)
        return Database("postroom", self.primary.owner_url, writable_of(self.primary.service_url, *places))

    async def replicates_synchronously(self) -> bool:
        return await self.primary.admin("SELECT sync_state FROM pg_stat_replication") == [("sync",)]


def writable_of(url: str, *places: str) -> str:
    """`url` with several servers: clients connect to the one that accepts writes."""
    account, _, path = url.rpartition("@")
    return f"{account}@{','.join(places)}/{path.partition('/')[2]}?target_session_attrs=read-write"


@asynccontextmanager
async def postgres_pair(
    folder: Path, hosts: tuple[str, str], *, synchronous: bool = True
) -> AsyncIterator[PostgresPair]:
    """A migrated pair. If `synchronous`, no commit is acknowledged before the replica has it."""
    async with AsyncExitStack() as stack:
        data = [stack.enter_context(DataFolder(folder / host)) for host in hosts]
        primary = Primary(data[0])
        primary.host = hosts[0]
        stack.push_async_callback(chaos.replica.discard, primary)
        await primary.start()
        replica = Replica(data[1], primary, primary.port, fsync=True)
        replica.host = hosts[1]
        stack.push_async_callback(chaos.replica.discard, replica)
        await replica.start()
        await asyncio.to_thread(upgrade, primary.owner_url, SERVICE_ROLE)
        pair = PostgresPair(primary, replica)
        if synchronous:
            await primary.admin("ALTER SYSTEM SET synchronous_standby_names = 'replica'")
            await primary.admin("SELECT pg_reload_conf()")
            await eventually(pair.replicates_synchronously, "synchronous replication")
        yield pair
