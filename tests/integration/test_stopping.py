"""How a process ends after a signal, or after a part of it failed, whatever the servers around it do.

With real processes: the test is that the process has exited, not that a function has returned.
"""

import asyncio
import signal
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from chaos.proxy import FaultProxy
from eventually import eventually
from http_server import answering, server
from kratos_servers import kratos_stand_in
from parts import UNUSED_URL, environment
from postroom_sandbox.loopback import free_port
from records import Records
from relay import relay_to
from servers import Database
from service_process import KEY, ServiceProcess, running
from stalwart_stand_in import StalwartStandIn, stalwart_stand_in

DRAIN = 1
LIMIT = DRAIN + 5
NOBODY_PORT = 9

BROKEN = """
import sys
from postroom.provisioning.sweep import Sweep
from postroom.retry.reconcile import Reconcile
from postroom.retry.worker import Worker
async def breaks(*_): raise ZeroDivisionError("a defect")
{cls}.{method} = breaks
from postroom.cli import main
sys.argv = ["postroom", "{command}"]
main()
"""

STUCK = """
import asyncio, sys
from postroom.provisioning.sweep import Sweep
async def stuck(self, stop):
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass
Sweep.run = stuck
from postroom.cli import main
sys.argv = ["postroom", "serve"]
main()
"""

UNREAD_LOG = """
import os, sys
_, log = os.pipe()
os.set_blocking(log, False)
try:
    while True:
        os.write(log, b"x" * 4096)
except BlockingIOError:
    os.set_blocking(log, True)
os.dup2(log, sys.stderr.fileno())
from postroom.cli import main
sys.argv = ["postroom", "serve"]
main()
"""


@pytest.fixture(scope="module")
async def stalwart(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[StalwartStandIn]:
    async with stalwart_stand_in(tmp_path_factory.mktemp("stalwart"), domains=["example.org"]) as server:
        yield server


@pytest.fixture
def settings(database: Database, stalwart: StalwartStandIn, redis_url: str) -> dict[str, str]:
    own = {"host": "127.0.0.1", "port": free_port(), "webhook_key": KEY, "drain_seconds": DRAIN}
    return environment(database, redis_url, stalwart, kratos_admin_url=UNUSED_URL, **own)


@pytest.mark.parametrize(
    ("command", "loop", "cls", "method"),
    [
        ("serve", "sweep", "Sweep", "step"),
        ("serve", "reconcile", "Reconcile", "step"),
        ("work", "worker", "Worker", "_step"),
    ],
)
async def test_process_with_a_broken_loop_exits_and_names_the_loop(
    settings: dict[str, str], command: str, loop: str, cls: str, method: str
) -> None:
    broken = BROKEN.format(cls=cls, method=method, command=command)
    async with running(command, settings, program=broken) as process:
        code, log = await process.end(within=20)
    assert code == 1, log
    assert f'"loop": "{loop}"' in log
    assert "ZeroDivisionError: a defect" in log


async def test_task_that_never_ends_does_not_keep_the_process_alive(settings: dict[str, str]) -> None:
    async with running("serve", settings, program=STUCK) as service:
        await eventually(service.ready, "the service", 20)
        asked_at = time.monotonic()
        _, log = await service.end(signal.SIGTERM, within=LIMIT)
    assert time.monotonic() - asked_at < LIMIT
    assert '"loops": ["sweep"]' in log


async def test_service_whose_log_nobody_reads_serves_and_stops(settings: dict[str, str]) -> None:
    async with running("serve", settings, program=UNREAD_LOG) as service:
        await eventually(service.ready, "the service", 20)
        assert (await service.hook("unread.log@example.org")).status_code == 200
        asked_at = time.monotonic()
        code, _ = await service.end(signal.SIGTERM, within=LIMIT)
    assert code == 0
    assert time.monotonic() - asked_at < LIMIT


async def test_second_signal_ends_the_process_at_once(settings: dict[str, str]) -> None:
    slow = settings | {"POSTROOM_DRAIN_SECONDS": "60"}
    async with running("serve", slow, program=STUCK) as service:
        await eventually(service.ready, "the service", 20)
        service.send(signal.SIGTERM)
        await service.says("Stopping")
        asked_at = time.monotonic()
        code, _ = await service.end(signal.SIGTERM)
    assert time.monotonic() - asked_at < 30, "the drain has 60 s"
    assert code == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("drain", "takes", "status", "request_is", "outcome"),
    [(20, 4000, 200, ("provisioned", 0, 0), "success"), (DRAIN, 8000, 500, ("waiting", 0, 0), "interrupted")],
    ids=["within the drain", "cut off, without waiting for its lease"],
)
async def test_attempt_that_runs_at_a_stop_may_end_within_the_drain(
    settings: dict[str, str],
    stalwart: StalwartStandIn,
    records: Records,
    drain: int,
    takes: int,
    status: int,
    request_is: tuple[str, int, int],
    outcome: str,
) -> None:
    async with running("serve", settings | {"POSTROOM_DRAIN_SECONDS": str(drain)}) as service:
        await eventually(service.ready, "the service", 20)
        assert (
            await service.hook(f"first.{outcome}@example.org")
        ).status_code == 200  # the id of the domain is cached now
        await stalwart.set_fault(kind="slow", delay_ms=takes)
        try:
            hook = asyncio.create_task(service.hook(f"second.{outcome}@example.org"))

            async def under_way() -> bool:
                return await records.value("SELECT count(*) FROM email_requests WHERE state = 'running'") == 1

            await eventually(under_way, "the attempt", 10)
            code, log = await service.end(signal.SIGTERM, within=drain + 5)
            assert (await hook).status_code == status
        finally:
            await stalwart.clear_faults()
    assert code == 0, log
    (request,) = await records.rows("SELECT * FROM email_requests WHERE email LIKE 'second.%'")
    assert (request["state"], request["crashes"], request["retries"]) == request_is
    assert [status for _, status, _ in await records.audit(request["identity_id"])] == ["pending", outcome]


async def test_live_stream_does_not_delay_the_stop_of_a_service_without_database(
    settings: dict[str, str], tmp_path: Path
) -> None:
    async with kratos_stand_in(tmp_path, hook_url=f"{UNUSED_URL}/", hook_key=KEY) as kratos:
        token = (await kratos.sign_up("waiting@example.org"))["session_token"]
        unreachable = settings | {
            "POSTROOM_DATABASE_URL": "postgresql://postroom@127.0.0.1:1/postroom",
            "POSTROOM_KRATOS_PUBLIC_URL": kratos.public_url,
            "POSTROOM_MAIL_MASTER": "master@example.org:secret",
            "POSTROOM_DRAIN_SECONDS": "20",
        }
        async with running("serve", unreachable) as service:
            await eventually(service.live, "the service", 20)
            async with service.http.stream("GET", "/api/live", headers={"X-Session-Token": token}) as answer:
                assert answer.status_code == 200
                asked_at = time.monotonic()
                code, log = await service.end(signal.SIGTERM)
    assert code == 0, log
    assert time.monotonic() - asked_at < 20, "the drain has 20 s"


async def test_webhooks_during_a_shutdown_leave_no_running_request(
    settings: dict[str, str], stalwart: StalwartStandIn, records: Records
) -> None:
    answers = list[int]()

    async def knock(service: ServiceProcess, number: int) -> None:
        for each in range(1000):
            try:
                answers.append((await service.hook(f"knock-{number}-{each}@example.org")).status_code)
            except httpx2.HTTPError:
                return

    async with running("serve", settings) as service:
        await eventually(service.ready, "the service", 20)
        await stalwart.set_fault(kind="slow", delay_ms=200)
        try:
            knocking = [asyncio.create_task(knock(service, number)) for number in range(12)]
            await eventually(lambda: len(answers) > 5, "hooks are answered", 10)
            service.send(signal.SIGTERM)
            await asyncio.gather(*knocking)
            code, log = await service.end(within=LIMIT)
        finally:
            await stalwart.clear_faults()
    assert code == 0, log
    assert await records.value("SELECT count(*) FROM email_requests WHERE state = 'running'") == 0
    assert await records.value("SELECT count(*) FROM email_requests") == sum(each in (200, 500) for each in answers)


class Links:
    """The servers that the service reaches through proxies: each connection may be cut, silent or dripping."""

    def __init__(self, proxies: dict[str, FaultProxy]) -> None:
        self._proxies = proxies

    def port(self, name: str) -> int:
        return self._proxies[name].port

    async def fail(self, fault: str, names: list[str]) -> None:
        for name in names:
            proxy = self._proxies[name]
            match fault:
                case "unreachable":
                    proxy.target = NOBODY_PORT
                    proxy.drop()
                case "silent":
                    proxy.black_hole()
                case _:
                    proxy.drip(0.1)


@asynccontextmanager
async def links_to(**targets: int) -> AsyncIterator[Links]:
    async with AsyncExitStack() as stack:
        yield Links({name: await stack.enter_async_context(relay_to(port)) for name, port in targets.items()})


@asynccontextmanager
async def centrifugo_of_sorts() -> AsyncIterator[str]:
    async with server(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", closing=True)) as url:
        yield url


OTHERS = ["redis", "stalwart", "kratos", "centrifugo"]


@pytest.mark.parametrize("names", [["postgres"], OTHERS], ids=["postgres", "others"])
@pytest.mark.parametrize("fault", ["unreachable", "silent", "dripping"])
async def test_service_exits_within_the_drain_and_five_seconds_whatever_fails(
    settings: dict[str, str], stalwart: StalwartStandIn, tmp_path: Path, fault: str, names: list[str]
) -> None:
    def port_of(url: str) -> int:
        return urlsplit(url).port or 0

    async with (
        kratos_stand_in(tmp_path, hook_url=f"{UNUSED_URL}/", hook_key=KEY) as kratos,
        centrifugo_of_sorts() as centrifugo,
        links_to(
            postgres=port_of(settings["POSTROOM_DATABASE_URL"]),
            redis=port_of(settings["POSTROOM_REDIS_URL"]),
            stalwart=port_of(stalwart.url),
            kratos=port_of(kratos.admin_url),
            centrifugo=port_of(centrifugo),
        ) as links,
    ):

        def through(name: str, url: str) -> str:
            return url.replace(f":{port_of(url)}", f":{links.port(name)}")

        all_through = settings | {
            "POSTROOM_DATABASE_URL": through("postgres", settings["POSTROOM_DATABASE_URL"]),
            "POSTROOM_REDIS_URL": through("redis", settings["POSTROOM_REDIS_URL"]),
            "POSTROOM_STALWART_URL": through("stalwart", stalwart.url),
            "POSTROOM_KRATOS_ADMIN_URL": through("kratos", kratos.admin_url),
            "POSTROOM_KRATOS_PUBLIC_URL": kratos.public_url,
            "POSTROOM_MAIL_MASTER": "master@example.org:secret",
            "POSTROOM_CENTRIFUGO_API_URL": through("centrifugo", centrifugo),
            "POSTROOM_CENTRIFUGO_URL": "ws://127.0.0.1/connection/websocket",
            "POSTROOM_CENTRIFUGO_API_KEY": "key",
            "POSTROOM_CENTRIFUGO_TOKEN_KEY": "k" * 32,
            "POSTROOM_SWEEP_SECONDS": "1",
        }
        async with running("serve", all_through) as service:
            await eventually(service.ready, "the service", 20)
            await links.fail(fault, names)
            hooks = [asyncio.create_task(service.hook(f"under-way-{each}@example.org")) for each in range(3)]
            await asyncio.sleep(1)  # long enough for every loop to meet the fault
            asked_at = time.monotonic()
            _, log = await service.end(signal.SIGTERM, within=LIMIT + 5)
            took = time.monotonic() - asked_at
            await asyncio.gather(*hooks, return_exceptions=True)
    assert "Traceback" not in log
    assert took < LIMIT, log
