"""One `Attempts` with fakes around it."""

import asyncio
from collections.abc import Sequence
from typing import Any

from fakes import FakeBreakers, FakeMailServer, FakeRequests, FakeRetryIndex, Scripted, request_of
from postroom.domain.mailbox import StalwartAccount
from postroom.domain.request import Request
from postroom.errors import Transient
from postroom.ports import MailServer, Settled
from postroom.provisioning.attempt import (
    Attempts,
)
from postroom.provisioning.verdicts import Verdicts
from simulation.virtual_time import VirtualClock

ACCOUNT = StalwartAccount("k", "alice@example.org")
LEASE = 30.0
CUT = Transient("cut", outcome_unknown=True)
AWAY = Transient("cannot be reached")
CHECKED = ["health_check", "create_probe"]


class World:
    """One `Attempts` with fakes around it, and a running request in PostgreSQL."""

    def __init__(
        self,
        *,
        creates: Sequence[Scripted] = (),
        finds: Sequence[Scripted] = (),
        mail_server: MailServer | None = None,
        **request: Any,
    ) -> None:
        self.request: Request = request_of(**request)
        self.requests = FakeRequests(self.request)
        self.breakers = FakeBreakers()
        self.mail_server = FakeMailServer()
        self.mail_server.creates, self.mail_server.finds = [*creates], [*finds]
        self.retry_index = FakeRetryIndex()
        self.clock = VirtualClock(asyncio.get_running_loop())
        server = mail_server or self.mail_server
        verdicts = Verdicts(self.breakers, server, self.clock)
        self.attempts = Attempts(self.requests, verdicts, server, self.retry_index, self.clock)

    async def run(self, seconds: float = 5.0, members: tuple[str, ...] = ()) -> Settled:
        settled = await self.try_to_run(seconds, members)
        assert settled
        return settled

    async def try_to_run(self, seconds: float = 5.0, members: tuple[str, ...] = ()) -> Settled | None:
        now = self.clock.monotonic()
        return await self.attempts.run(self.request, ends=now + seconds, lease_ends=now + LEASE, members=members)
