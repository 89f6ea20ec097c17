"""`postroom serve` and `postroom work` as processes: how they start, refuse, wait and stop."""

import asyncio
import signal
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from eventually import eventually
from kratos_servers import kratos_stand_in
from parts import UNUSED_URL
from postroom.postgres.audit import pin_mark_domain
from postroom.postgres.connection import Pool
from postroom_sandbox.loopback import free_port
from servers import Database
from service_process import KEY, running
from stalwart_stand_in import StalwartStandIn, stalwart_stand_in


@pytest.fixture(scope="module")
async def stalwart(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[StalwartStandIn]:
    async with stalwart_stand_in(tmp_path_factory.mktemp("stalwart"), domains=["example.org"]) as server:
        yield server


@pytest.fixture
def settings(database: Database, stalwart: StalwartStandIn) -> dict[str, str]:
    return {
        "POSTROOM_DATABASE_URL": database.service_url,
        "POSTROOM_STALWART_URL": stalwart.url,
        "POSTROOM_STALWART_API_KEY": stalwart.api_key or "",
        "POSTROOM_WEBHOOK_KEY": KEY,
        "POSTROOM_DOMAINS": "example.org",
        "POSTROOM_HOST": "127.0.0.1",
        "POSTROOM_PORT": str(free_port()),
    }


async def test_service_finishes_a_running_attempt_before_it_exits(
    settings: dict[str, str], stalwart: StalwartStandIn
) -> None:
    async with running("serve", settings) as service:
        await eventually(service.live, "the service", 20)
        assert (await service.hook("first@example.org")).status_code == 200  # the id of the domain is cached now
        await stalwart.set_fault(kind="slow", delay_ms=1500)
        try:
            hook = asyncio.create_task(service.hook("slow@example.org"))

            async def under_way() -> bool:
                return (await service.http.get("/metrics")).text.find("postroom_requests_running 1\n") > 0

            await eventually(under_way, "the attempt", 10)
            code, log = await service.end(signal.SIGTERM)
            assert (await hook).status_code == 200
        finally:
            await stalwart.clear_faults()
    assert code == 0, log
    assert "slow@example.org" in [account["addresses"][0] for account in await stalwart.accounts()]


async def test_mark_domain_must_not_change_after_use(settings: dict[str, str], pool: Pool) -> None:
    await pin_mark_domain(pool, "example.org")
    async with running("serve", settings | {"POSTROOM_DOMAINS": "example.net,example.org"}) as service:
        code, log = await service.end()
    assert code == 2
    assert "set POSTROOM_MARK_DOMAIN=example.org" in log
    assert "Traceback" not in log


async def test_service_without_its_database_answers_503_and_is_not_ready(settings: dict[str, str]) -> None:
    unreachable = settings | {"POSTROOM_DATABASE_URL": "postgresql://postroom@127.0.0.1:1/postroom"}
    async with running("serve", unreachable) as service:
        await eventually(service.live, "the service", 20)
        answer = await service.hook("nobody@example.org")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "25")
        assert (await service.http.get("/health/ready")).status_code == 503
        code, log = await service.end(signal.SIGTERM)
    assert code == 0, log


async def test_live_stream_does_not_delay_the_stop_of_a_service_without_database(
    settings: dict[str, str], tmp_path: Path
) -> None:
    async with kratos_stand_in(tmp_path, hook_url=f"{UNUSED_URL}/", hook_key=KEY) as kratos:
        token = (await kratos.sign_up("waiting@example.org"))["session_token"]
        unreachable = settings | {
            "POSTROOM_DATABASE_URL": "postgresql://postroom@127.0.0.1:1/postroom",
            "POSTROOM_KRATOS_PUBLIC_URL": kratos.public_url,
            "POSTROOM_MAIL_MASTER": "master@example.org:secret",
        }
        async with running("serve", unreachable) as service:
            await eventually(service.live, "the service", 20)
            async with service.http.stream("GET", "/api/live", headers={"X-Session-Token": token}) as answer:
                assert answer.status_code == 200
                asked_at = time.monotonic()
                code, log = await service.end(signal.SIGTERM)
    assert code == 0, log
    assert time.monotonic() - asked_at < 8, "the drain has 20 s"


async def test_wrong_master_password_is_logged_at_start_and_sent_only_once(
    settings: dict[str, str], stalwart: StalwartStandIn
) -> None:
    before = (await stalwart.request_counts()).get("GET /api/account", 0)
    people = {"POSTROOM_KRATOS_PUBLIC_URL": UNUSED_URL, "POSTROOM_MAIL_MASTER": "master@example.org:a-wrong-secret"}
    async with running("serve", settings | people) as service:
        await eventually(service.live, "the service", 20)

        async def asked() -> bool:
            return (await stalwart.request_counts()).get("GET /api/account", 0) > before

        await eventually(asked, "the login of the master account", 10)
        code, log = await service.end(signal.SIGTERM)
    assert code == 0, log
    assert log.count("Mail server refuses POSTROOM_MAIL_MASTER") == 1
    assert "a-wrong-secret" not in log
    assert (await stalwart.request_counts())["GET /api/account"] == before + 1
