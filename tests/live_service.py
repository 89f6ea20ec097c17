"""The live events of one process inside a test: outbox, publisher, streams and `/api/live` on its own port."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
from fastapi import FastAPI
from pydantic import TypeAdapter

from fakes import request_of
from live_stream import LiveStreamReader, listening
from postroom.api.live import Live, StreamIntervals, live_route
from postroom.api.visitor import receive_visitors
from postroom.arrivals.outbox_publisher import OutboxPublisher
from postroom.domain.person import Person
from postroom.domain.request import State
from postroom.errors import DatabaseUnavailable, NoSession, PostroomError
from postroom.mailboxes.preparation import MailboxRecord, Preparation, preparation_of
from postroom.mailboxes.preparations import Preparations
from postroom.people.ports import Visitor
from postroom.postgres.connection import make_pool
from postroom.postgres.notifications import PostgresNotifications
from postroom.postgres.outbox import PostgresOutbox
from postroom.realtime.live_streams import LiveStreams
from served_app import served

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def ready(identity_id: UUID) -> MailboxRecord:
    return MailboxRecord(identity_id, NOW, request_of(identity_id, state=State.PROVISIONED, due_at=None))


def shown(record: MailboxRecord) -> dict[str, Any]:
    """The mailbox as /api/live sends it."""
    return TypeAdapter(Preparation).dump_python(preparation_of(record), mode="json")


class FakeRecords:
    """The mailboxes that are not ready. `asked` are the statements: each with the number of its mailboxes."""

    def __init__(self) -> None:
        self.rows: dict[UUID, MailboxRecord] = {}
        self.asked: list[tuple[str, int]] = []
        self.away = False

    def record(self, identity_id: UUID) -> MailboxRecord:
        return self.rows.get(identity_id) or ready(identity_id)

    async def of(self, identity_ids: Sequence[UUID]) -> list[MailboxRecord]:
        self._ask("of", len(identity_ids))
        return [self.record(identity_id) for identity_id in identity_ids]

    async def changed(self, known: Mapping[UUID, str | None]) -> Mapping[UUID, str]:
        self._ask("changed", len(known))
        versions = {identity_id: repr(self.record(identity_id)) for identity_id in known}
        return {identity_id: version for identity_id, version in versions.items() if version != known[identity_id]}

    def _ask(self, what: str, number: int) -> None:
        self.asked.append((what, number))
        if self.away:
            raise DatabaseUnavailable("PostgreSQL cannot be reached")


class FakePeople:
    """The header `x-person` names the person; `errors` are raised instead. Until `gate` is set there is no response."""

    def __init__(self) -> None:
        self.errors: dict[UUID, PostroomError] = {}
        self.asked = 0
        self.gate: asyncio.Event | None = None

    async def identify(self, method: str, headers: Mapping[str, str], *, refresh: bool = False) -> Visitor:
        self.asked += 1
        if self.gate:
            await self.gate.wait()
        if "x-person" not in headers:
            raise NoSession("log in")
        identity_id = UUID(headers["x-person"])
        if error := self.errors.get(identity_id):
            raise error
        return Visitor(Person(identity_id), ["ory_kratos_session=prolonged"])


@dataclass
class LiveService:
    """One process."""

    url: str
    outbox: PostgresOutbox
    outbox_publisher: OutboxPublisher
    streams: LiveStreams
    stop: asyncio.Event
    people: FakePeople
    records: FakeRecords = field(default_factory=FakeRecords)
    online: list[UUID] = field(default_factory=list)
    offline: list[UUID] = field(default_factory=list)
    hears: bool = True


@asynccontextmanager
async def live_stream(
    service: LiveService, identity_id: UUID, *, last_id: str | None = None
) -> AsyncGenerator[LiveStreamReader]:
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
    service = LiveService("", outbox, OutboxPublisher(outbox, streams), streams, asyncio.Event(), FakePeople())
    preparations = Preparations(service.records, poll_every=0.02)
    app = _app(service, preparations, pace or StreamIntervals(again=0.02), elsewhere)
    async with served(app) as port, asyncio.TaskGroup() as group:
        service.url = f"http://127.0.0.1:{port}"
        group.create_task(streams.run(service.stop))
        group.create_task(preparations.run(service.stop))
        if publishes:
            group.create_task(service.outbox_publisher.run(service.stop))
        try:
            yield service
        finally:
            service.stop.set()
    await pool.close()


def _app(service: LiveService, preparations: Preparations, pace: StreamIntervals, elsewhere: bool) -> FastAPI:
    async def online(identity_id: UUID) -> None:
        service.online.append(identity_id)

    async def offline(identity_id: UUID) -> None:
        service.offline.append(identity_id)

    app = FastAPI()
    live = Live(
        service.streams,
        service.people,
        preparations,
        mark_online=online,
        mark_offline=offline,
        hears=lambda _: service.hears,
        elsewhere=elsewhere,
        pace=pace,
    )
    app.router.routes.append(live_route(live))
    receive_visitors(app)
    return app
