"""Redis behind Sentinel: the current master is used, and a dead sentinel delays no retry."""

import socket
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from redis.exceptions import AuthenticationError

from eventually import eventually
from postroom.domain.request import Request, State
from postroom.queue.retry_set import FAILURES, RetrySet, connect
from scaling.valkey_sentinel import ValkeySentinel, valkey_sentinel

HOSTS = ("127.0.0.2", "127.0.0.3", "127.0.0.4")

pytestmark = pytest.mark.allow_hosts(["127.0.0.1", *HOSTS])


@pytest.fixture
async def valkey(tmp_path: Path) -> AsyncIterator[ValkeySentinel]:
    async with valkey_sentinel(tmp_path, HOSTS) as valkey:
        yield valkey


def waiting(due_in: float = 0.0) -> Request:
    return Request(
        identity_id=uuid4(),
        email="alice@example.org",
        wanted_email=None,
        display_name=None,
        state=State.WAITING,
        due_at=datetime.now(UTC) + timedelta(seconds=due_in),
        holder=None,
        attempts=1,
        retries=1,
        crashes=0,
        postponed=0,
        outcome_unknown=False,
        waits_for=None,
        enqueued_at=datetime.now(UTC),
        last_error=None,
        reason=None,
    )


async def test_retry_index_uses_the_new_redis_master_after_a_fail_over(valkey: ValkeySentinel) -> None:
    client = connect(valkey.url)
    try:
        retry_set = RetrySet(client, lease=30)
        await retry_set.replace(waiting(), ())
        assert len((await retry_set.due(5)).entries) == 1
        await valkey.master.kill()
        await eventually(valkey.has_failed_over, "the sentinels to fail over", 20)
        later = waiting()

        async def has_the_member() -> bool:
            await retry_set.replace(later, ())
            try:
                return later.identity_id in {each.identity_id for each in (await retry_set.due(5)).entries}
            except FAILURES:
                return False

        await eventually(has_the_member, "the new master to be asked", 20)
    finally:
        await client.aclose()


async def test_unreachable_sentinel_leaves_time_to_ask_the_next_one(valkey: ValkeySentinel) -> None:
    with socket.socket() as black_hole:
        # Its backlog is full: a connection waits for ever, as to a host that is cut off.
        black_hole.bind(("127.0.0.1", 0))
        black_hole.listen(0)
        with socket.create_connection(black_hole.getsockname()):
            address = f"127.0.0.1:{black_hole.getsockname()[1]}"
            client = connect(valkey.url.replace(f"@{HOSTS[0]}", f"@{address},{HOSTS[0]}"))
            try:
                started = time.monotonic()
                await RetrySet(client, lease=30).due(5)
                assert 0.02 < time.monotonic() - started < 0.25
            finally:
                await client.aclose()


async def test_wrong_redis_password_counts_as_a_redis_failure(valkey: ValkeySentinel) -> None:
    client = connect(valkey.url.replace("default:", "default:x"))
    try:
        with pytest.raises(AuthenticationError):
            await RetrySet(client, lease=30).due(5)
        assert issubclass(AuthenticationError, FAILURES)
    finally:
        await client.aclose()
