"""Postroom's worker, with a mail server that responds at once, so that only the work of a queue remains.

Every claim and every outcome is committed and written to the audit log, as in production. To accept a job is what the
webhook does after it has checked a hook while the breaker is open: one commit, after which Redis is told.
"""

import asyncio
import os
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import uvloop

from benchmarks import without_audit
from benchmarks.peers import driver, record
from postroom.composition import parts, process
from postroom.domain.mailbox import Mailbox, StalwartAccount
from postroom.domain.missing import Sighting
from postroom.domain.request import Origin
from postroom.ports import MailServer
from postroom.postgres.connection import make_pool
from postroom.postgres.installation import PostgresInstallation
from postroom.postgres.requests import PostgresRequests, request_of
from postroom.process.telemetry import configure_logging
from postroom.provisioning.ports import AccountPage, Accounts, Seen
from postroom.provisioning.retry_index_updates import RetryIndexUpdates
from postroom.queue.retry_set import RetrySet, connect
from postroom.settings.environment import load

BEST = {"POSTROOM_PACE": "0", "POSTROOM_CONCURRENCY": "64", "POSTROOM_LEASE_SECONDS": "10", "POSTROOM_POOL_SIZE": "12"}

# The row that a failed attempt leaves, without the attempt.
INSERT = """
INSERT INTO email_requests (identity_id, email, state, due_at, attempts, retries, enqueued_at, last_error)
VALUES (%s, %s, 'waiting', coalesce(to_timestamp(%s), now()), 1, 1, clock_timestamp(), 'mail server answered 503')
RETURNING *
"""


class NoMailServer:
    """Replaces `StalwartRegistry`. The address says how long a request takes."""

    async def create(self, mailbox: Mailbox, *, deadline: float) -> StalwartAccount:
        key, _, tenths = mailbox.local_part.rpartition("_")
        if key:
            await record.run(key, int(tenths) / 10)
        return StalwartAccount(mailbox.identity_id.hex, mailbox.email)

    async def find(self, mailbox: Mailbox, *, deadline: float) -> StalwartAccount | None:
        return None

    async def create_probe(self) -> None:
        return None

    async def health_check(self) -> None:
        return None

    async def domain_id(self, name: str, *, deadline: float) -> str:
        return name


class AllPresent:
    """Replaces `StalwartAccounts`: every mailbox on record is there."""

    async def count(self, *, deadline: float) -> int:
        return 0

    async def page(self, after: str | None, *, deadline: float) -> AccountPage:
        return AccountPage((), None)

    async def look_up(self, accounts: Mapping[UUID, str], *, deadline: float) -> Mapping[UUID, Seen]:
        return dict.fromkeys(accounts, Seen(Sighting.PRESENT))


class Ours:
    async def open(self) -> None:
        self._pool = make_pool(os.environ["POSTROOM_DATABASE_URL"], size=12)
        await self._pool.open()
        self._redis = connect(os.environ["POSTROOM_REDIS_URL"])
        self._retry_index = RetrySet(self._redis, PostgresInstallation(self._pool).id, lease=30)
        self._updates = RetryIndexUpdates(self._retry_index, lambda _: None)
        self._requests = PostgresRequests(self._pool, new_id=uuid4)

    async def close(self) -> None:
        if self._updates.under_way:
            await asyncio.wait(self._updates.under_way)
        await self._redis.aclose()
        await self._pool.close()

    async def enqueue(self, key: str, due: float | None, seconds: float, padding: str) -> None:
        email = f"{key}_{round(seconds * 10)}@example.org"
        async with self._pool.connection() as connection:
            cursor = await connection.execute(INSERT, [uuid5(NAMESPACE_URL, email), email, due])
            row: Any = await cursor.fetchone()
        await self._retry_index.replace(request_of(row), ())

    async def accept(self, key: str) -> None:
        mailbox = Mailbox(uuid4(), f"{key}@example.org")
        request = await self._requests.accept(mailbox, holder=None, lease=10, origin=Origin(), action="accept")
        if request is None:
            raise RuntimeError(f"{key} is already accepted")
        self._updates.add(request)

    def work(self, best: bool) -> None:
        run("work", BEST if best else {})


def run(command: str, more: dict[str, str]) -> None:
    """Run `postroom work` or `postroom serve` with the mail server that responds at once."""
    mail_server: MailServer = NoMailServer()
    accounts: Accounts = AllPresent()
    # Patched, because no setting of the service should allow a mail server that does nothing.
    parts.StalwartRegistry = lambda *_, **__: mail_server  # pyright: ignore[reportAttributeAccessIssue, reportPrivateImportUsage]
    parts.StalwartAccounts = lambda *_, **__: accounts  # pyright: ignore[reportAttributeAccessIssue, reportPrivateImportUsage]
    if os.environ.get("BENCH_WITHOUT_AUDIT") == "1":
        without_audit.apply()
    loaded = load(os.environ | more)
    configure_logging(json=True, level=loaded.log_level)
    uvloop.run({"work": process.work, "serve": process.serve}[command](loaded, until_eof=True))


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    driver.main(Ours)
