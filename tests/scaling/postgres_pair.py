"""PostgreSQL on two hosts: a primary, and a replica that can be promoted."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import LiteralString

import psutil
import psycopg

from eventually import eventually
from postroom.postgres.migrate import upgrade
from postroom_sandbox import embedded_postgres
from postroom_sandbox.data_folder import DataFolder, write_private
from postroom_sandbox.embedded_postgres import SERVICE_ROLE, EmbeddedPostgres
from postroom_sandbox.loopback import LOOPBACK
from postroom_sandbox.processes import Process


class Primary(EmbeddedPostgres):
    """Listens on the address of its host, too."""

    def __init__(self, data: DataFolder, host: str) -> None:
        super().__init__(data)
        self.host = host

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"

    def _settings(self) -> list[str]:
        return [*super()._settings(), "-c", f"listen_addresses={LOOPBACK},{self.host}", "-c", "max_connections=200"]

    async def admin(self, statement: LiteralString) -> list[tuple[object, ...]]:
        """As the superuser."""
        async with await psycopg.AsyncConnection.connect(self.admin_url, autocommit=True) as connection:
            cursor = await connection.execute(statement)
            return await cursor.fetchall() if cursor.description else []

    def kill(self) -> None:
        """kill -9 of all its processes at once, as a power cut: none may end what it had begun."""
        server = psutil.Process(self.pid)
        for process in (server, *server.children(recursive=True)):
            process.kill()


class Replica(Primary):
    """Made by pg_basebackup from `of`, whose roles and passwords it shares."""

    def __init__(self, data: DataFolder, host: str, of: Primary) -> None:
        super().__init__(data, host)
        self._of = of
        for name in embedded_postgres._SECRETS.values():
            write_private(data.folder("secrets") / name, of._data.secret(name))

    async def _make_cluster(self, binaries: Path, place: Path, user: tuple[int, int] | None) -> None:
        draft = place / "cluster.new"
        draft.mkdir(mode=0o700)
        if user is not None:
            os.chown(draft, *user)
        source = f"{self._of.admin_url}?application_name=replica"
        backup = [binaries / "pg_basebackup", "--dbname", source, "--pgdata", draft]
        backup += ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast"]
        process = Process(
            "pg_basebackup",
            backup,
            env=embedded_postgres._ENVIRONMENT,
            log=self._data.log("basebackup"),
            cwd=Path("/"),
            user=user,
        )
        await process.spawn()
        await process.succeed()
        draft.rename(place / "cluster")

    async def _make_roles(self) -> None:
        """They came with the backup, and nothing can be written here."""

    async def fall_behind(self) -> None:
        """From now on it gets nothing of what the primary commits."""
        await self.admin("ALTER SYSTEM SET primary_conninfo = ''")
        await self.admin("SELECT pg_reload_conf()")

        async def receives_nothing() -> bool:
            return await self.admin("SELECT FROM pg_stat_wal_receiver") == []

        await eventually(receives_nothing, "the end of replication")

    async def promote(self) -> None:
        await self.admin("SELECT pg_promote()")


class PostgresPair:
    def __init__(self, primary: Primary, replica: Replica) -> None:
        self.primary = primary
        self.replica = replica

    def url(self, url: str) -> str:
        """`url` of either with both hosts in it: whoever takes writes is asked."""
        account, _, path = url.rpartition("@")
        database = path.partition("/")[2]
        places = f"{self.primary.place},{self.replica.place}"
        return f"{account}@{places}/{database}?target_session_attrs=read-write"

    async def replicates_synchronously(self) -> bool:
        return await self.primary.admin("SELECT sync_state FROM pg_stat_replication") == [("sync",)]


@asynccontextmanager
async def postgres_pair(
    folder: Path, hosts: tuple[str, str], *, synchronous: bool = True
) -> AsyncIterator[PostgresPair]:
    """Migrated; from here on no commit is answered that the replica does not have, if it is a synchronous one."""
    async with AsyncExitStack() as stack:
        data = [stack.enter_context(DataFolder(folder / host)) for host in hosts]
        primary = Primary(data[0], hosts[0])
        replica = Replica(data[1], hosts[1], primary)
        for server in (primary, replica):
            stack.push_async_callback(_discard, server)
            await server.start()
        await asyncio.to_thread(upgrade, primary.owner_url, SERVICE_ROLE)
        pair = PostgresPair(primary, replica)
        if synchronous:
            await primary.admin("ALTER SYSTEM SET synchronous_standby_names = 'replica'")
            await primary.admin("SELECT pg_reload_conf()")
            await eventually(pair.replicates_synchronously, "synchronous replication")
        yield pair


async def _discard(server: Primary) -> None:
    await server.stop()
    for place in server._places():
        shutil.rmtree(place)
