"""PostgreSQL with an asynchronous replica, and what happens to it: restarts, a fail-over, a migration."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, LiteralString

import psutil
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from chaos.link import Link
from chaos.replica import Primary, Replica, discard
from postroom.errors import ConfigurationError
from postroom.postgres.migrate import role_of, upgrade
from postroom_sandbox.data_folder import DataFolder
from postroom_sandbox.embedded_postgres import EmbeddedPostgres

_MIGRATION: Sequence[LiteralString] = (
    "ALTER TABLE email_requests ADD COLUMN IF NOT EXISTS made_up text",
    "ALTER TABLE email_accounts ADD COLUMN IF NOT EXISTS made_up text",
    "ALTER TABLE email_provisioning_log ADD COLUMN IF NOT EXISTS made_up text",
)
"""A migration as the next release may contain it: it only adds columns, so code that names its columns still works."""
_LOCK_TIMEOUT = "100ms"
"""Statements that queue behind ALTER TABLE for the lock wait as long as it does."""
_MIGRATED_WITHIN = 60.0
_CAUGHT_UP_WITHIN = 60.0
_CONNECTED_WITHIN = 30
_AGAIN = 0.25
_FEW = 3
"""Connections for all services and workers, whose pools and leaders want more than thirty."""


@dataclass(frozen=True, slots=True)
class FailOver:
    """Commits between `cut_at` and `promoted_at` may be lost; `remaining` are the identities that still had a request
    when the replica became the primary."""

    cut_at: float
    promoted_at: float
    remaining: frozenset[str]


class Database:
    """`link` connects services and workers to the primary, `replication` connects the replica."""

    def __init__(self, data: DataFolder, of_replica: DataFolder, link: Link, replication: Link, *, fsync: bool) -> None:
        self.primary: EmbeddedPostgres = Primary(data, fsync=fsync)
        self._of_replica = of_replica
        self._fsync = fsync
        self._link = link
        self._replication = replication
        self._replica: Replica | None = None
        self._cut_at = 0.0
        self._servers: list[EmbeddedPostgres] = [self.primary]
        self.fail_over: FailOver | None = None
        self.lost_accounts = 0
        """rows of `email_accounts` that `restore_accounts` took away"""
        self.durable = asyncio.Lock()
        """Held while commits do not reach the replica: rows read then may soon be lost."""

    async def start(self) -> None:
        """Start and migrate both servers; the links must already listen."""
        await self.primary.start()
        await asyncio.to_thread(upgrade, self.primary.owner_url, role_of(self.primary.service_url))
        await self._lead()
        self._replica = Replica(self._of_replica, self.primary, self._replication.port, fsync=self._fsync)
        self._servers.append(self._replica)
        await self._replica.start()

    async def stop(self) -> None:
        """Stop both and remove their files."""
        for server in reversed(self._servers):
            await discard(server)

    async def shut_down(self) -> None:
        await self.primary.stop()

    async def kill(self) -> None:
        """kill -9 all its processes at once, so that none finishes its work."""
        server = psutil.Process(self.primary.pid)
        for process in (server, *server.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # a backend that has just ended
                process.kill()
        await self.primary.ended()

    async def start_again(self) -> None:
        """Start the primary again. It does not start until the backends of the killed one are gone."""
        for _ in range(10):
            try:
                await self.primary.start()
                break
            except ConfigurationError:
                await asyncio.sleep(0.5)
        else:
            raise ConfigurationError("PostgreSQL did not start again")
        await self._lead()

    async def cut_off_replica(self) -> None:
        """Keep later commits from the replica, once it has all commits that were acknowledged before."""
        assert self._replica
        await self.durable.acquire()
        self._cut_at = time.time()
        (last,) = await self.rows("SELECT pg_current_wal_flush_lsn()::text AS lsn")
        has_arrived: LiteralString = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn AS arrived"
        end = time.monotonic() + _CAUGHT_UP_WITHIN
        while not (await _rows(self._replica.owner_url, has_arrived, (last["lsn"],)))[0]["arrived"]:
            if time.monotonic() > end:
                raise ConfigurationError(f"the replica did not catch up within {_CAUGHT_UP_WITHIN:g} s")
            await asyncio.sleep(0.05)
        await self._replication.do("black_hole")

    async def fail_over_to_replica(self) -> None:
        """Kill the primary and promote the replica with what has reached it."""
        assert self._replica
        await self.kill()
        await self._replica.promote()
        self.primary, self._replica = self._replica, None
        remaining = frozenset(
            row["id"] for row in await self.rows("SELECT identity_id::text AS id FROM email_requests")
        )
        # Before the link leads there: a request that is stored from now on is not lost.
        self.fail_over = FailOver(self._cut_at, time.time(), remaining)
        await self._lead()
        self.durable.release()

    async def migrate(self) -> None:
        """Expand the schema while everything runs, as the next release may. Raises ConfigurationError if no try gets
        its lock."""
        end = time.monotonic() + _MIGRATED_WITHIN
        for statement in _MIGRATION:
            while not await self._altered(statement):
                if time.monotonic() > end:
                    raise ConfigurationError(f"the migration got no lock within {_MIGRATED_WITHIN:g} s")
                await asyncio.sleep(_AGAIN)

    async def restore_accounts(self, seconds: float) -> None:
        """Let `email_accounts` be as it was so many seconds ago, while all other tables stay as they are."""
        statement: LiteralString = """
            DELETE FROM email_accounts WHERE created_at > now() - make_interval(secs => %s) RETURNING kratos_identity_id
            """
        self.lost_accounts += len(await _rows(self.primary.owner_url, statement, (seconds,)))

    async def allow_few_connections(self) -> None:
        """As if others had taken the rest: all of services and workers end, and few are allowed again."""
        await self._limit_connections(_FEW)

    async def allow_all_connections(self) -> None:
        await self._limit_connections(-1)

    async def _limit_connections(self, most: int) -> None:
        role = role_of(self.primary.service_url)
        async with await psycopg.AsyncConnection.connect(
            self.primary.admin_url, autocommit=True, connect_timeout=_CONNECTED_WITHIN
        ) as conn:
            await conn.execute(sql.SQL("ALTER ROLE {} CONNECTION LIMIT {}").format(sql.Identifier(role), most))
            await conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (role,))

    async def _altered(self, statement: LiteralString) -> bool:
        try:
            async with await psycopg.AsyncConnection.connect(
                self.primary.owner_url, autocommit=True, connect_timeout=_CONNECTED_WITHIN
            ) as conn:
                await conn.execute("SELECT set_config('lock_timeout', %s, false)", (_LOCK_TIMEOUT,))
                await conn.execute(statement)
        except psycopg.errors.LockNotAvailable:
            return False
        return True

    async def rows(self, query: LiteralString) -> list[dict[str, Any]]:
        """Query as the owner, not through the link."""
        return await _rows(self.primary.owner_url, query)

    async def _lead(self) -> None:
        """Point the links to the primary, which has another port after each start."""
        await self._link.lead_to(self.primary.port)
        await self._replication.lead_to(self.primary.port)


async def _rows(url: str, query: LiteralString, parameters: Sequence[Any] | None = None) -> list[dict[str, Any]]:
    async with await psycopg.AsyncConnection.connect(url, connect_timeout=_CONNECTED_WITHIN) as conn:
        return await (await conn.cursor(row_factory=dict_row).execute(query, parameters)).fetchall()
