"""Three hosts, four workers. The primary of PostgreSQL and the master of Valkey are killed under load, while half of
the workers are cut off. No answered request is lost, and no identity gets two mailboxes."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest

from chaos.checker import check
from chaos.evidence import Evidence
from chaos.plan import WORD
from chaos.proxy import FaultProxy
from chaos.snapshot import tables
from eventually import eventually
from parts import environment
from postroom.queue.retry_set import KEY as RETRY_SET
from records import records_of
from scaling.hosts import Host, host
from scaling.postgres_pair import PostgresPair, postgres_pair, writable_of
from scaling.valkey_sentinel import PASSWORD, ValkeySentinel, valkey_sentinel
from stalwart_stand_in import StalwartStandIn, stalwart_stand_in

ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
CUT_OFF_SECONDS = 40.0
LEASE_SECONDS = 5.0
DELAY_FACTOR = 0.02
"""Even a third retry, 36 s after the second, happens before the test stops waiting."""
BACKLOG = 200
"""Requests that wait for the workers when the faults begin. They are due first: the remaining workers must finish them
while the others are cut off, and take over the attempts of those."""
HOOKS_A_SECOND = 4.0

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1", *ADDRESSES]), pytest.mark.timeout(170)]


class Links:
    """The links of the third host to the others, so that it can be cut off from all of them at once."""

    def __init__(self, postgres: PostgresPair, valkey: ValkeySentinel, stalwart: StalwartStandIn) -> None:
        self.primary, self.replica = FaultProxy(postgres.primary.port), FaultProxy(postgres.replica.port)
        self.redis = FaultProxy(valkey.master.port)
        self.stalwart = FaultProxy(int(stalwart.url.rpartition(":")[2]))
        self.all = (self.primary, self.replica, self.redis, self.stalwart)

    def environment(self, service_url: str) -> dict[str, str]:
        places = (f"127.0.0.1:{each.port}" for each in (self.primary, self.replica))
        return {
            "POSTROOM_DATABASE_URL": writable_of(service_url, *places),
            "POSTROOM_REDIS_URL": f"redis://default:{quote(PASSWORD, safe='')}@127.0.0.1:{self.redis.port}/0",
            "POSTROOM_STALWART_URL": f"http://127.0.0.1:{self.stalwart.port}",
        }


@dataclass(frozen=True)
class Installation:
    postgres: PostgresPair
    valkey: ValkeySentinel
    stalwart: StalwartStandIn
    links: Links
    hosts: tuple[Host, Host, Host]


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    """First host: a service. Second: a service and two workers. Third: two workers, whose address of Redis moves with
    the master; the other hosts ask the sentinels."""
    async with AsyncExitStack() as stack:
        postgres, valkey, stalwart = await asyncio.gather(
            stack.enter_async_context(postgres_pair(tmp_path / "postgres", ADDRESSES[:2])),
            stack.enter_async_context(valkey_sentinel(tmp_path / "valkey", ADDRESSES)),
            stack.enter_async_context(stalwart_stand_in(tmp_path)),
        )
        links = Links(postgres, valkey, stalwart)
        for link in links.all:
            await link.start()
            stack.push_async_callback(link.stop)
        timed = {"lease_seconds": LEASE_SECONDS, "delay_factor": DELAY_FACTOR, "pace": 4}
        direct = environment(postgres.database, valkey.url, stalwart, **timed)
        first = await stack.enter_async_context(host(ADDRESSES[0], tmp_path, direct))
        second = await stack.enter_async_context(host(ADDRESSES[1], tmp_path, direct))
        by_links = direct | links.environment(postgres.primary.service_url)
        third = await stack.enter_async_context(host(ADDRESSES[2], tmp_path, by_links, links.all))
        await asyncio.gather(first.serve(), second.serve())
        await asyncio.gather(second.work(), second.work(), third.work(), third.work())
        yield Installation(postgres, valkey, stalwart, links, (first, second, third))


class Load:
    """Sends hooks as Kratos does: again, to any service, until one responds with 200 or 500."""

    def __init__(self, services: tuple[Host, ...]) -> None:
        self.identities: dict[UUID, str] = {}
        self.responses: Counter[int | None] = Counter()
        self.answered: set[UUID] = set()
        self._services = services

    async def hook(self) -> None:
        identity_id = uuid4()
        email = self.identities[identity_id] = f"p{len(self.identities)}@example.org"
        while True:
            status = await random.choice(self._services).hook(identity_id, email)
            self.responses[status] += 1
            if status in (200, 500):
                self.answered.add(identity_id)
                return
            assert status in (None, 503)  # PostgreSQL is unavailable, or no service responds: try again
            await asyncio.sleep(0.5)

    async def go_on(self, until: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as hooks:
            while not until.is_set():
                hooks.create_task(self.hook())
                await asyncio.sleep(1 / HOOKS_A_SECOND)


async def _store_a_backlog(installation: Installation, load: Load) -> None:
    """While the mail server is unavailable, hooks are stored and answered at once."""
    await installation.stalwart.set_fault(kind="unavailable")
    gate = asyncio.Semaphore(8)

    async def one() -> None:
        async with gate:
            await load.hook()

    await asyncio.gather(*(one() for _ in range(BACKLOG)))
    await installation.stalwart.clear_faults()


async def _cut_off_in_the_middle(installation: Installation, host: Host) -> None:
    """Cut the host off while its attempts run: no hook comes now, and the two other workers have four at most."""
    await installation.stalwart.set_fault(kind="slow", delay_ms=1000)
    async with records_of(installation.postgres.primary.owner_url) as records:

        async def all_are_busy() -> bool:
            return await records.value("SELECT count(*) FROM email_requests WHERE state = 'running'") >= 6

        await eventually(all_are_busy, "attempts of all workers", 25)
    host.cut_off()
    await installation.stalwart.set_fault(kind="slow", delay_ms=200)
    # So that some are retried, but so few that none fails four times and becomes a dead letter.
    await installation.stalwart.set_fault(kind="unavailable", probability=0.02, seed=4)


async def _until(started: float, seconds: float) -> None:
    """Sleep until that second of the plan; there is no condition to wait for."""
    await asyncio.sleep(max(0.0, started + seconds - asyncio.get_running_loop().time()))


async def test_no_request_is_lost_or_doubled_while_postgresql_and_redis_fail_over(installation: Installation) -> None:
    postgres, valkey = installation.postgres, installation.valkey
    services, third = installation.hosts[:2], installation.hosts[2]
    load, enough = Load(services), asyncio.Event()
    await _store_a_backlog(installation, load)
    await _cut_off_in_the_middle(installation, third)
    started = asyncio.get_running_loop().time()
    going_on = asyncio.create_task(load.go_on(enough))
    try:
        await _until(started, 10)
        postgres.primary.kill()
        await _until(started, 15)  # a monitor of the primary needs this long to be sure that it is dead
        await postgres.replica.promote()
        await _until(started, 22)
        await valkey.master.stop()
        await eventually(valkey.has_failed_over, "the sentinels to fail over", 20)
        installation.links.redis.target = valkey.replica.port
        await _until(started, CUT_OFF_SECONDS)
        third.reconnect()
        await _until(started, CUT_OFF_SECONDS + 5)
    finally:
        enough.set()
        await going_on
    await installation.stalwart.clear_faults()
    async with records_of(postgres.replica.owner_url) as records:
        await records.until("provisioned", *load.identities, within=45)
    await _assert_nothing_lost_or_doubled(postgres.replica.owner_url, installation.stalwart, load)
    await eventually(lambda: _is_empty(valkey), "no member in the sorted set", 45)
    assert load.responses[503] > 0, "no hook came while no server accepted writes"
    for each in installation.hosts:
        assert "Traceback" not in each.logs()


async def _is_empty(valkey: ValkeySentinel) -> bool:
    async with valkey.replica.client() as client:
        return await client.zcard(RETRY_SET) == 0


async def _assert_nothing_lost_or_doubled(owner_url: str, stalwart: StalwartStandIn, load: Load) -> None:
    """The verdict of chaos/checker.py on the promoted replica and the mail server."""
    assert load.answered == load.identities.keys()
    found = {name: rows async for name, rows in tables(owner_url)}
    asked_for = {str(identity_id): email for identity_id, email in load.identities.items()}
    assert {row["identity_id"] for row in found["requests"]} == asked_for.keys()
    evidence = Evidence(
        history=[{"event": "registered", "identity_id": each, "email": email} for each, email in asked_for.items()],
        requests=found["requests"],
        log=found["log"],
        accounts=found["accounts"],
        stalwart=await stalwart.accounts(),
        strangers=[],
        word=WORD,
        delay_factor=DELAY_FACTOR,
    )
    assert check(evidence) == []
    # A worker that was cut off stores no outcome after its lease, so none is `late` here.
    assert "crashed" in {row["status"] for row in found["log"]}, "the cut did not hit an attempt"
