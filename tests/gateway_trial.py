"""The gateway on a socket, with people and mailboxes in memory.

async with gateway(server.url) as trial:
    response = await trial.http.post("/jmap/", json=..., headers=ANN)
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2
from starlette.applications import Starlette

from mail_fakes import FakeAccounts
from postroom.domain.person import Person
from postroom.errors import MailboxMissing, NoSession
from postroom.gateway.limits import GatewayLimits
from postroom.gateway.routes import gateway_routes
from postroom.gateway.upstream import Upstream
from postroom.mailboxes.ports import MailAccount
from postroom.people.ports import Visitor
from served_app import answer_of, served

ANN = {"Cookie": "session=ann"}
BEN = {"Cookie": "session=ben"}
QUERY: list[Any] = ["Email/query", {"accountId": "b"}, "0"]
BENS: list[Any] = ["Email/query", {"accountId": "c"}, "0"]


def kind(response: httpx2.Response) -> tuple[int, str]:
    """Status and kind of a problem."""
    assert response.headers["content-type"] == "application/problem+json"
    found = response.json()
    assert found["status"] == response.status_code
    return response.status_code, found["type"].rpartition(":")[2]


class FakePeople:
    """`errors`, by cookie, are raised instead."""

    def __init__(self) -> None:
        self.people = {"session=ann": Person(uuid4()), "session=ben": Person(uuid4())}
        self.errors: dict[str, Exception] = {}
        self.set_cookie: Sequence[str] = ()
        self.asked = 0

    def change(self, who: Mapping[str, str], **fields: Any) -> None:
        self.people[who["Cookie"]] = replace(self.people[who["Cookie"]], **fields)

    async def identify(self, method: str, headers: Mapping[str, str], *, refresh: bool = False) -> Visitor:
        del method
        self.asked += 1
        cookie = headers.get("cookie", "")
        if cookie in self.errors:
            raise self.errors[cookie]
        if cookie not in self.people:
            raise NoSession("no session")
        return Visitor(self.people[cookie], self.set_cookie)


class FakeAuthorization:
    """Returns a new header after each refusal, `fresh` times. `headers`, by account, are for a real server."""

    def __init__(self) -> None:
        self.fresh = 1
        self.headers: dict[str, str] = {}
        self.refusals: list[str] = []
        self.error: Exception | None = None

    async def header(self, account: MailAccount) -> str:
        if self.error:
            raise self.error
        return self.headers.get(account.account_id, f"Basic {account.account_id}-{len(self.refusals)}")

    async def refused(self, account: MailAccount, header: str) -> bool:
        del account
        self.refusals.append(header)
        return len(self.refusals) <= self.fresh


class GatewayTrial:
    http: httpx2.AsyncClient
    port: int

    def __init__(self) -> None:
        self.people = FakePeople()
        ann, ben = (person.identity_id for person in self.people.people.values())
        self.accounts = FakeAccounts(MailAccount(ann, "ann@example.org", "b"), MailAccount(ben, "ben@example.org", "c"))
        self.authorization = FakeAuthorization()
        self.stopping = asyncio.Event()
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        self.missing: set[str] = set()
        """accounts that the mail server no longer has"""
        self.verified: list[str] = []
        self.lookup_error: Exception | None = None

    async def verify(self, account: MailAccount) -> None:
        self.verified.append(account.account_id)
        if self.lookup_error:
            raise self.lookup_error
        if account.account_id in self.missing:
            raise MailboxMissing("it is gone")

    async def call(self, *calls: Any, who: Mapping[str, str] = ANN) -> httpx2.Response:
        using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
        return await self.http.post("/jmap/", json={"using": using, "methodCalls": calls}, headers=who)

    async def each_way(self) -> list[httpx2.Response]:
        """The responses to Ann on each route to the mail server."""
        return [
            await self.http.get("/jmap/session", headers=ANN),
            await self.call(QUERY),
            await self.http.post("/jmap/upload/b/", content=b"x", headers=ANN),
            await self.http.get("/jmap/download/b/x/y", headers=ANN),
            await self.http.get("/jmap/eventsource/?types=*", headers=ANN),
        ]

    async def raw(self, sent: bytes) -> bytes:
        return await answer_of(self.port, sent)


@asynccontextmanager
async def gateway(
    upstream_url: str,
    *,
    limits: GatewayLimits | None = None,
    public_url: str | None = None,
    session_path: str = "/jmap/session",
) -> AsyncIterator[GatewayTrial]:
    limits = limits or GatewayLimits()
    trial = GatewayTrial()
    upstream = Upstream(upstream_url, trial.authorization, limits)
    routes = gateway_routes(
        trial.people,
        trial.accounts,
        upstream,
        now=lambda: trial.now,
        monotonic=lambda: trial.now.timestamp(),
        verify=trial.verify,
        limits=limits,
        public_url=public_url,
        session_path=session_path,
        stopping=trial.stopping,
    )
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False  # as in the service
    try:
        async with served(app) as trial.port:
            url = f"http://127.0.0.1:{trial.port}"
            async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=20) as trial.http:
                yield trial
    finally:
        await upstream.aclose()
