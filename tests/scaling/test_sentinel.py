"""Redis behind Sentinel: the current master is used, and a dead sentinel delays no retry."""

import socket
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from redis.exceptions import AuthenticationError

from eventually import eventually
from fakes import our_installation, request_of
from postroom.domain.request import Request, State
from postroom.queue.retry_set import FAILURES, RetrySet, connect
from scaling.valkey_sentinel import ValkeySentinel, valkey_sentinel

HOSTS = ("127.0.0.2", "127.0.0.3", "127.0.0.4")

pytestmark = pytest.mark.allow_hosts(["127.0.0.1", *HOSTS])


@pytest.fixture(scope="module")
async def valkey(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ValkeySentinel]:
    """Whoever kills its master waits until the clients use the next one."""
    async with valkey_sentinel(tmp_path_factory.mktemp("valkey"), HOSTS) as valkey:
        yield valkey


@pytest.fixture(autouse=True)
def more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take longer than the time that Redis has."""
    monkeypatch.setattr("postroom.queue.retry_set.TIMEOUT", 2.5)


def waiting() -> Request:
    return request_of(state=State.WAITING, due_at=datetime.now(UTC), enqueued_at=datetime.now(UTC))


async def test_retry_index_uses_the_new_redis_master_after_a_fail_over(valkey: ValkeySentinel) -> None:
    client = connect(valkey.url)
    try:
        retry_set, before, after = RetrySet(client, our_installation, lease=30), waiting(), waiting()

        async def returns(request: Request) -> bool:
            await retry_set.replace(request, ())
            try:
                return request.identity_id in {each.identity_id for each in (await retry_set.due(5)).entries}
            except FAILURES:
                return False

        await eventually(lambda: returns(before), "the master to be asked", 20)
        await valkey.master.stop()
        await eventually(valkey.has_failed_over, "the sentinels to fail over", 20)
        await eventually(lambda: returns(after), "the new master to be asked", 20)
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
                await RetrySet(client, our_installation, lease=30).due(5)
                assert time.monotonic() - started > 0.1, "it was not asked"
            finally:
                await client.aclose()


async def test_wrong_redis_password_counts_as_a_redis_failure(valkey: ValkeySentinel) -> None:
    client = connect(valkey.url.replace("default:", "default:x"))
    try:
        with pytest.raises(AuthenticationError):
            await RetrySet(client, our_installation, lease=30).due(5)
        assert issubclass(AuthenticationError, FAILURES)
    finally:
        await client.aclose()
