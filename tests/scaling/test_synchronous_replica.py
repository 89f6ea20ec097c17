"""With a synchronous replica no response is sent before the replica has the commit."""

import asyncio
import os
import signal
from pathlib import Path
from uuid import uuid4

import psutil
import psycopg
import pytest

from parts import KEY
from scaling.hosts import host
from scaling.postgres_pair import Replica, postgres_pair
from stalwart_stand_in import stalwart_stand_in

HOSTS = ("127.0.0.2", "127.0.0.3")
LONGER_THAN_A_STATEMENT = 5.0
"""Seconds: longer than the `statement_timeout` of our connections, which must not end the wait for the replica."""

pytestmark = pytest.mark.allow_hosts(["127.0.0.1", *HOSTS])


def _send(replica: Replica, number: signal.Signals) -> None:
    server = psutil.Process(replica.pid)
    for process in (server, *server.children(recursive=True)):
        process.send_signal(number)


async def _count(url: str) -> int:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        cursor = await connection.execute("SELECT count(*) FROM email_requests")
        found = await cursor.fetchone()
    assert found
    return found[0]


async def test_webhook_is_not_answered_before_the_replica_has_its_request(tmp_path: Path) -> None:
    async with postgres_pair(tmp_path, HOSTS) as postgres, stalwart_stand_in(tmp_path) as stalwart:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("POSTROOM_")} | {
            "POSTROOM_DATABASE_URL": postgres.url(postgres.primary.service_url),
            "POSTROOM_STALWART_URL": stalwart.url,
            "POSTROOM_STALWART_API_KEY": stalwart.api_key or "",
            "POSTROOM_WEBHOOK_KEY": KEY,
            "POSTROOM_DOMAINS": "example.org",
        }
        async with host(HOSTS[0], tmp_path, environment) as first:
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
            assert await _count(postgres.replica.owner_url) == await _count(postgres.primary.owner_url)
