"""An asynchronous replica of PostgreSQL: the last commits may be missing there."""

import os
import shutil
from pathlib import Path

import psycopg

from postroom_sandbox import embedded_postgres
from postroom_sandbox.data_folder import DataFolder, write_private
from postroom_sandbox.embedded_postgres import EmbeddedPostgres
from postroom_sandbox.processes import Process


class Primary(EmbeddedPostgres):
    """Keeps its write-ahead log long enough for a replica that was cut off."""

    def _settings(self) -> list[str]:
        return [*super()._settings(), "-c", "wal_keep_size=512MB", "-c", "wal_retrieve_retry_interval=500ms"]


class Replica(Primary):
    """A copy of `primary` with its roles and passwords; it replicates through `port`, that of a fault proxy."""

    name = "PostgreSQL's replica"

    def __init__(self, data: DataFolder, primary: EmbeddedPostgres, port: int, *, fsync: bool) -> None:
        super().__init__(data, fsync=fsync)
        self._primary = primary
        self._through = port
        for name in embedded_postgres._SECRETS.values():
            write_private(data.folder("secrets") / name, primary._data.secret(name))

    async def _make_cluster(self, binaries: Path, place: Path, user: tuple[int, int] | None) -> None:
        draft = place / "cluster.new"
        draft.mkdir(mode=0o700)
        if user is not None:
            os.chown(draft, *user)
        source = self._primary.admin_url.replace(f":{self._primary.port}/", f":{self._through}/")
        process = Process(
            "pg_basebackup",
            [
                *(binaries / "pg_basebackup", "--dbname", f"{source}?application_name=replica", "--pgdata", draft),
                *("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast"),
                *([] if self._fsync else ["--no-sync"]),
            ],
            env=embedded_postgres._ENVIRONMENT,
            log=self._data.log("basebackup"),
            cwd=Path("/"),
            user=user,
        )
        await process.spawn()
        await process.succeed()
        draft.rename(place / "cluster")

    async def _make_roles(self) -> None:
        """Do nothing: the copy has the roles, and a replica is read-only."""

    async def promote(self) -> None:
        async with await psycopg.AsyncConnection.connect(self.admin_url, autocommit=True) as conn:
            await conn.execute("SELECT pg_promote()")


async def discard(server: EmbeddedPostgres) -> None:
    """Stop the server and remove its files."""
    await server.stop()
    for place in server._places():
        shutil.rmtree(place)
