"""Webhooks beyond the limit, with HTTP and PostgreSQL: a shed webhook stores nothing and does not affect others."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import httpx2
import pytest
import uvicorn

from eventually import eventually
from parts import KEY, environment, running_parts
from postroom.composition.process import make_app
from records import Records
from servers import Database
from stalwart_stand_in import StalwartStandIn

PATH = "/internal/mail/provision"
HEADERS = {"X-Postroom-Key": KEY, "Content-Type": "application/json"}
AT_ONCE = 4


@pytest.fixture
async def url(
    database: Database, redis_url: str, stalwart: StalwartStandIn, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """The URL of a service that serves four webhooks at once."""
    # A second later its line would stand in the output of another test's command.
    monkeypatch.setattr("postroom.api.load_shedding.LOG_EVERY", 0)
    settings = environment(database, redis_url, stalwart, hooks_at_once=AT_ONCE)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with running_parts(settings) as parts:
            server = uvicorn.Server(uvicorn.Config(make_app(parts), log_config=None, lifespan="off"))
            serving = asyncio.create_task(server._serve([listener]))  # pyright: ignore[reportPrivateUsage] — without signals
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True
                await serving


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=url, headers=HEADERS, trust_env=False, timeout=30) as client:
        yield client


def hook(identity_id: UUID) -> bytes:
    email = f"{identity_id.hex}@example.org"
    return json.dumps({"identity": {"id": str(identity_id), "traits": {"email": email}}}).encode()


@asynccontextmanager
async def nothing_is_stored(records: Records) -> AsyncIterator[None]:
    """PostgreSQL stores no request meanwhile, so webhooks have to wait."""
    async with records.connection.transaction():
        await records.rows("LOCK TABLE email_requests IN EXCLUSIVE MODE")
        yield


async def until_stored_by(records: Records, hooks: int) -> None:
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'email_requests'::regclass"

    async def wait() -> bool:
        return await records.value(query) == hooks

    await eventually(wait, f"{hooks} hooks wait for PostgreSQL")


async def test_a_hook_beyond_the_limit_gets_503_at_once_and_leaves_nothing(
    client: httpx2.AsyncClient, records: Records
) -> None:
    within, shed = [uuid4() for _ in range(AT_ONCE)], uuid4()
    async with nothing_is_stored(records):
        hooks = [asyncio.create_task(client.post(PATH, content=hook(identity_id))) for identity_id in within]
        await until_stored_by(records, AT_ONCE)
        async with asyncio.timeout(1):
            answer = await client.post(PATH, content=hook(shed))
        assert (answer.status_code, answer.json()["code"]) == (503, "too_busy")
        assert 13 <= int(answer.headers["retry-after"]) <= 37
        assert (await client.get("/health/live")).status_code == 200
    assert {(await each).status_code for each in hooks} == {200}
    assert await records.value("SELECT count(*) FROM email_requests WHERE identity_id = %s", shed) == 0
    assert await records.value("SELECT count(*) FROM email_provisioning_log WHERE kratos_identity_id = %s", shed) == 0
    assert (await client.post(PATH, content=hook(shed))).status_code == 200
