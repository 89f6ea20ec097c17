"""From a delivery to its event: real HTTP between the stand-in for Stalwart and us, with each source of hints
separately."""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from eventually import eventually
from incoming_mail import send
from mail_person import PASSWORD, Person
from postroom.api.stalwart_webhook import StalwartWebhook, stalwart_webhook_route
from postroom.arrivals.account_watcher import AccountWatcher
from postroom.arrivals.arrivals import Arrivals
from postroom.jmap.mail_changes import JmapMail
from postroom.mailboxes.ports import MailAccount
from postroom.postgres.connection import Pool
from postroom.postgres.mail_states import PostgresMailStates
from postroom.process.telemetry import ARRIVAL_POLLS, STALWART_HOOKS
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient as Registry
from postroom.stalwart.webhook import PATH, WebhookReader
from postroom.stalwart.webhook_setup import WebhookSetup
from records import Records
from stalwart_stand_in import StalwartStandIn, stalwart_stand_in

ANN = UUID(int=1)
KEY = "key-of-the-web-hook"


class Known:
    """The ports `MailAccounts` and `MailAuthorization` for one person, with her own password."""

    def __init__(self, ann: Person) -> None:
        self.account = MailAccount(ANN, ann.address, ann.account)

    async def of(self, identity_id: UUID) -> MailAccount | None:
        return self.account if identity_id == ANN else None

    async def header(self, account: MailAccount) -> str:
        return "Basic " + base64.b64encode(f"{account.email}:{PASSWORD}".encode()).decode()

    async def refused(self, account: MailAccount, header: str) -> bool:
        return False


class Postroom:
    """The parts that detect new mail, running. `url` receives webhooks."""

    def __init__(self, server: StalwartStandIn, ann: Person, pool: Pool, *, event_source: bool) -> None:
        known = Known(ann)
        self.mail = JmapMail(server.url, known)
        states = PostgresMailStates(pool)
        self.arrivals = Arrivals(states, self.mail, lambda: None, now=lambda: datetime.now(UTC))
        self.watching = AccountWatcher(known, states, self.arrivals, self.mail if event_source else None)
        self.url = ""

    @asynccontextmanager
    async def running(self, key: str) -> AsyncIterator["Postroom"]:
        app, stop = FastAPI(), asyncio.Event()
        app.router.routes.append(stalwart_webhook_route(StalwartWebhook(WebhookReader(key), self.arrivals.hint)))
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}"
        http = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(http._serve([listener]))
            group.create_task(self.arrivals.run(stop))
            group.create_task(self.watching.run(stop))
            await eventually(lambda: http.started, "the webhook is served")
            yield self
            stop.set()
            http.should_exit = True
            await serving
        await self.mail.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StalwartStandIn]:
    async with stalwart_stand_in(tmp_path_factory.mktemp("new-mail")) as server:
        yield server


@asynccontextmanager
async def setup_by(server: StalwartStandIn, authorization: str) -> AsyncIterator[WebhookSetup]:
    client = Registry(server.url, authorization)
    try:
        yield WebhookSetup(client, StalwartRegistry(client, mark_domain="example.org"))
    finally:
        await client.aclose()


@pytest.fixture
async def setup(server: StalwartStandIn) -> AsyncIterator[WebhookSetup]:
    async with setup_by(server, "Basic " + base64.b64encode(":".join(server.admin).encode()).decode()) as setup:
        yield setup


@pytest.fixture
async def postroom(server: StalwartStandIn, ann: Person, pool: Pool) -> AsyncIterator[Postroom]:
    """It receives only webhooks, and Ann is online."""
    async with Postroom(server, ann, pool, event_source=False).running(KEY) as postroom:
        await postroom.watching.mark_online(ANN)
        yield postroom


async def announced(records: Records) -> list[dict[str, Any]]:
    return [row["data"] for row in await records.rows("SELECT data FROM live_events ORDER BY id")]


async def until_counted(records: Records, number: int) -> list[dict[str, Any]]:
    async def all_are() -> bool:
        return sum(event["count"] for event in await announced(records)) >= number

    await eventually(all_are, f"{number} mails are told")
    return await announced(records)


async def newest(ann: Person) -> str:
    (found,) = await ann.query(sort=[{"property": "receivedAt", "isAscending": False}], limit=1)
    return found


async def test_a_delivery_is_announced_by_the_webhook_that_we_set_up(
    postroom: Postroom, setup: WebhookSetup, server: StalwartStandIn, ann: Person, records: Records
) -> None:
    await setup.ensure(postroom.url, KEY)
    await send(server.lmtp, ann.address)
    (event,) = await until_counted(records, 1)
    assert event == {"state": (await ann.call("Email/get", ids=[]))["state"], "ids": [await newest(ann)], "count": 1}


async def test_a_delivery_is_announced_by_the_event_source_only(
    server: StalwartStandIn, ann: Person, pool: Pool, records: Records
) -> None:
    async with Postroom(server, ann, pool, event_source=True).running(KEY) as postroom:
        await postroom.watching.mark_online(ANN)
        for number in range(1, 4):
            await send(server.lmtp, ann.address)
            await until_counted(records, number)
        assert len(await announced(records)) == 3


async def test_with_two_hints_at_once_each_delivery_costs_the_mail_server_one_poll(
    server: StalwartStandIn, setup: WebhookSetup, ann: Person, pool: Pool, records: Records
) -> None:
    async with Postroom(server, ann, pool, event_source=True).running(KEY) as postroom:
        await setup.ensure(postroom.url, KEY)
        await postroom.watching.mark_online(ANN)
        hooks, empty_polls = STALWART_HOOKS.labels(result="taken")._value, ARRIVAL_POLLS.labels(result="nothing")._value
        taken, nothing = hooks.get(), empty_polls.get()
        for number in range(1, 4):
            await send(server.lmtp, ann.address)
            await until_counted(records, number)
            await eventually(lambda: hooks.get() == taken + number, "the webhook has arrived, too")  # noqa: B023 - awaited here
        assert empty_polls.get() - nothing <= 1  # at the start of listening
