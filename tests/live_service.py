"""The live events of one process inside a test: outbox, publisher, streams and `/api/live` on its own port."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx2
import uvicorn
from fastapi import FastAPI

from eventually import eventually
from postroom.api.live import Live, StreamIntervals, live_route
from postroom.api.visitor import receive_visitors
from postroom.domain.person import Person
from postroom.errors import NoSession, PostroomError
from postroom.mail.outbox_publisher import OutboxPublisher
from postroom.mail.ports import Visitor
from postroom.postgres.connection import make_pool
from postroom.postgres.notifications import PostgresNotifications
from postroom.postgres.outbox import PostgresOutbox
from postroom.realtime.live_streams import LiveStreams
from screen import Screen, listening

READY: Mapping[str, Any] = {"state": "ready"}


class FakePeople:
    """The header `x-person` names the person, `known` their details; `errors` are raised instead. Until `gate` is set
    there is no response."""

    def __init__(self) -> None:
        self.known: dict[UUID, Person] = {}
        self.errors: dict[UUID, PostroomError] = {}
        self.asked = 0
        self.gate: asyncio.Event | None = None

    def now_is(self, identity_id: UUID, found: Person | PostroomError) -> None:
        if isinstance(found, Person):
            self.known[identity_id] = found
        else:
            self.errors[identity_id] = found

    async def identify(self, method: str, headers: Mapping[str, str], *, refresh: bool = False) -> Visitor:
        self.asked += 1
        if self.gate:
            await self.gate.wait()
        if "x-person" not in headers:
            raise NoSession("log in")
        identity_id = UUID(headers["x-person"])
        if error := self.errors.get(identity_id):
            raise error
        return Visitor(self.known.get(identity_id, Person(identity_id)), ["ory_kratos_session=prolonged"])


@dataclass
class LiveService:
    """One process. `mailboxes` are those that are not ready."""

    url: str
    outbox: PostgresOutbox
    outbox_publisher: OutboxPublisher
    streams: LiveStreams
    stop: asyncio.Event
    people: FakePeople
    mailboxes: dict[UUID, Mapping[str, Any]] = field(default_factory=dict)
    online: list[UUID] = field(default_factory=list)
    offline: list[UUID] = field(default_factory=list)


@asynccontextmanager
async def screen(service: LiveService, identity_id: UUID, *, last_id: str | None = None) -> AsyncGenerator[Screen]:
    """An open event stream of the person."""
    async with (
        httpx2.AsyncClient(base_url=service.url, trust_env=False) as http,
        listening(http, last_id, x_person=str(identity_id)) as found,
    ):
        yield found


async def get(service: LiveService, identity_id: UUID | None) -> httpx2.Response:
    """A response of /api/live that is not a stream."""
    headers = {"x-person": str(identity_id)} if identity_id else {}
    async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
        return await client.get(f"{service.url}/api/live", headers=headers)


@asynccontextmanager
async def live_service(
    database_url: str,
    *,
    pace: StreamIntervals | None = None,
    elsewhere: bool = False,
    publishes: bool = True,
    most: int = 5000,
) -> AsyncIterator[LiveService]:
    pool = make_pool(database_url, size=6)
    await pool.open()
    outbox = PostgresOutbox(pool)
    streams = LiveStreams(outbox, PostgresNotifications(pool, database_url), most=most)
    server = uvicorn.Server(uvicorn.Config(FastAPI(), port=0, log_config=None, timeout_graceful_shutdown=10))
    service = LiveService("", outbox, OutboxPublisher(outbox, streams), streams, asyncio.Event(), FakePeople())
    server.config.app = _app(service, pace or StreamIntervals(poll=0.02), elsewhere)
    async with asyncio.TaskGroup() as group:
        group.create_task(streams.run(service.stop))
        if publishes:
            group.create_task(service.outbox_publisher.run(service.stop))
        serving = group.create_task(server._serve())
        await eventually(lambda: server.started, "the service listens")
        port = server.servers[0].sockets[0].getsockname()[1]
        service.url = f"http://127.0.0.1:{port}"
        try:
            yield service
        finally:
            service.stop.set()
            server.should_exit = True
            await serving
    await pool.close()


def _app(service: LiveService, pace: StreamIntervals, elsewhere: bool) -> FastAPI:
    async def mailbox(identity_id: UUID) -> Mapping[str, Any]:
        return service.mailboxes.get(identity_id, READY)

    async def online(identity_id: UUID) -> None:
        service.online.append(identity_id)

    async def offline(identity_id: UUID) -> None:
        service.offline.append(identity_id)

    app = FastAPI()
    live = Live(
        service.streams,
        service.people,
        mailbox,
        mark_online=online,
        mark_offline=offline,
        elsewhere=elsewhere,
        pace=pace,
    )
    app.router.routes.append(live_route(live))
    receive_visitors(app)
    return app
