"""A worker with fake ports, in virtual time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from fakes import (
    START,
    FakeBreakers,
    FakeDueQueue,
    FakeMailServer,
    FakeOverdue,
    FakeRequests,
    FakeRetryIndex,
    request_of,
)
from postroom.domain.member import RetryJob
from postroom.domain.request import Request, State, Status
from postroom.ports import DueEntry
from postroom.provisioning.attempt import Attempts
from postroom.provisioning.slots import Slots
from postroom.provisioning.verdicts import Verdicts
from postroom.retry.due_source import DueSource
from postroom.retry.probe import Probe
from postroom.retry.worker import Worker, WorkerLimits
from simulation.virtual_time import VirtualClock


def waiting(**fields: Any) -> Request:
    return request_of(**({"state": State.WAITING, "holder": None, "retries": 1, "due_at": START} | fields))


def in_seconds(seconds: float, **fields: Any) -> Request:
    return waiting(due_at=START + timedelta(seconds=seconds), **fields)


def member_of(request: Request) -> str:
    return RetryJob.of(request).to_json()


def entry_of(request: Request) -> DueEntry:
    return DueEntry(request.identity_id, member_of(request))


class WorkerWorld:
    """Redis returns each of the requests once."""

    def __init__(
        self,
        *requests: Request,
        slots: int = 4,
        pace: float = 0,
        lease: float = 30,
        drain: float = 5,
    ) -> None:
        clock = VirtualClock(asyncio.get_running_loop())
        self.requests = FakeRequests(*requests, now=clock.now)
        self.breakers = FakeBreakers()
        self.mail_server = FakeMailServer()
        self.retry_index = FakeRetryIndex()
        self.redis = FakeDueQueue(*[entry_of(request) for request in requests])
        self.overdue = FakeOverdue()
        """what PostgreSQL returns at a fallback poll"""
        self.exact = FakeOverdue()
        """what it returns when polled for all that is due"""
        self.slots = Slots(slots)
        verdicts = Verdicts(self.breakers, self.mail_server, clock)
        attempts = Attempts(self.requests, verdicts, self.mail_server, self.retry_index, clock)
        self.worker = Worker(
            self.requests,
            attempts,
            self.retry_index,
            DueSource(self.redis, self.overdue, self.exact, clock, failures=(ConnectionError,)),
            Probe(self.breakers, self.mail_server),
            self.slots,
            clock,
            WorkerLimits(lease=lease, pace=pace, drain=drain),
        )

    def arrives(self, request: Request) -> None:
        """PostgreSQL and Redis have the request, and the worker is woken."""
        self.requests.rows[request.identity_id] = request
        self.remind(entry_of(request))

    def remind(self, *entries: DueEntry) -> None:
        self.redis.queue += entries
        self.worker.wake()

    def claims_of(self, request: Request) -> int:
        return sum(request.identity_id in claim for claim in self.requests.claims)

    def state_of(self, request: Request) -> State:
        return self.requests.rows[request.identity_id].state

    def statuses(self) -> list[Status]:
        return [move.status for _, move, _ in self.requests.settled]

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[None]:
        task = asyncio.create_task(self.worker.run())
        try:
            yield
        finally:
            if self.mail_server.gate:
                self.mail_server.gate.set()
            self.worker.stop()
            await task

    async def work(self, seconds: float = 1) -> None:
        async with self.working():
            await asyncio.sleep(seconds)
