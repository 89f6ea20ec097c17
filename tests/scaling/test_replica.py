"""A replica accepts no writes, and every command says so. If it is synchronous, no response is sent before it has the
commit."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from commands import Commands
from eventually import eventually
from parts import environment
from records import Records, records_of
from scaling.hosts import host
from scaling.postgres_pair import PostgresPair, Replica, postgres_pair
from servers import Database
from stalwart_stand_in import stalwart_stand_in

HOSTS = ("127.0.0.2", "127.0.0.3")
LONGER_THAN_A_STATEMENT = 5.0
"""Seconds: longer than the `statement_timeout` of our connections, which must not end the wait for the replica."""

pytestmark = pytest.mark.allow_hosts(["127.0.0.1", *HOSTS])


@pytest.fixture(scope="module")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PostgresPair]:
    async with postgres_pair(tmp_path_factory.mktemp("postgres"), HOSTS) as pair:
        yield pair


async def test_each_command_reports_in_one_line_that_postgresql_is_a_replica(postgres: PostgresPair) -> None:
    replica = Database("postroom", postgres.replica.owner_url, postgres.replica.service_url)
    postroom = Commands(environment(replica, None, None, migrate_database_url=replica.owner_url))

    async def check_reports_it() -> bool:
        findings = await postroom.json("check", code=1)
        assert "it takes no writes: it is a replica" in str(findings)
        return ("schema", "ok") in {(each["part"], each["state"]) for each in findings}

    await eventually(check_reports_it, "check to report it, once the replica has replayed the migration")
    assert "it takes no writes: it is a replica" in await postroom("status")
    for command in ("pause --reason x", "migrate"):
        message = await postroom(*command.split(), code=2)
        assert message.startswith("postroom: ")
        assert "read-only transaction" in message
        assert message.count("\n") == 1


async def test_webhook_is_not_answered_before_the_replica_has_its_request(
    postgres: PostgresPair, tmp_path: Path
) -> None:
    async with (
        stalwart_stand_in(tmp_path) as stalwart,
        host(HOSTS[0], tmp_path, environment(postgres.database, None, stalwart)) as first,
    ):
        await first.serve()
        assert await first.hook(uuid4(), "before@example.org") == 200
        _send(postgres.replica, signal.SIGSTOP)
        try:
            late = asyncio.create_task(first.hook(uuid4(), "late@example.org"))
            done, _ = await asyncio.wait([late], timeout=LONGER_THAN_A_STATEMENT)
            assert not done, f"answered {late.result()} without the replica"
            assert "late@example.org" not in [each["addresses"][0] for each in await stalwart.accounts()]
        finally:
            _send(postgres.replica, signal.SIGCONT)
        assert await late in (200, 500)
    for server in (postgres.primary, postgres.replica):
        async with records_of(server.owner_url) as records:
            await eventually(lambda: _has_both(records), f"both requests at {server.place}")


async def _has_both(records: Records) -> bool:
    return await records.value("SELECT count(*) FROM email_requests") == 2


def _send(replica: Replica, number: signal.Signals) -> None:
    server = psutil.Process(replica.pid)
    for process in (server, *server.children(recursive=True)):
        process.send_signal(number)
