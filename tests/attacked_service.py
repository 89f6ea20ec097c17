"""The service under attack, from its socket to its outgoing calls. The HTTP server, all routes and authentication are
real; Kratos, the database and the mail server are stand-ins that record their requests. Kratos' public API, to which
the flows of browsers are forwarded, is on a socket, too: `service.flows`.

async with attacked(folder) as service:
    responses = await service.sent(b"GET /jmap/session HTTP/1.1\r\n…")
    assert service.asked_as() == {"ann"}
"""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import AsyncMock, MagicMock
from uuid import UUID

from fastapi import FastAPI

from fakes import request_of, uncalled
from gateway_trial import FakeAuthorization
from guessing_parts import guessing
from mail_fakes import FakeAccounts
from postroom.api.app import create_app
from postroom.api.health import Health
from postroom.api.mail import mail_routes
from postroom.api.self_service import SelfService, self_service_route
from postroom.api.stalwart_webhook import StalwartWebhook
from postroom.api.webhook import HookPolicy, Webhook
from postroom.domain.person import Person, Scope
from postroom.domain.request import Request
from postroom.errors import NoSession, Refused
from postroom.gateway.limits import GatewayLimits
from postroom.gateway.routes import gateway_routes
from postroom.gateway.upstream import Upstream
from postroom.kratos.public_api import KratosPublicApi
from postroom.mailboxes.ports import MailAccount
from postroom.people.access_tokens import RANDOM_BYTES, hash_of, token_text
from postroom.people.basic_credentials import OwnAddresses
from postroom.people.people import PeopleByCredential
from postroom.people.ports import AccessToken, Visitor
from postroom.realtime.live_streams import TooManyStreams
from postroom.stalwart.webhook import WebhookReader
from postroom.web.interface import Interface, Place
from scripted_upstream import Asked, ScriptedUpstream, json_answer, scripted_upstream
from served_app import answer_of, served

OURS = "https://mail.example.org"
COOKIE = "ory_kratos_session"
END = b"GET /health/live HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
"""Sent after an attack: a server that still answers it has read the attack to its end, and no further."""
NOW = datetime(2026, 3, 1, tzinfo=UTC)

PEOPLE = {
    name: MailAccount(UUID(int=number), f"{name}@example.org", f"{name}account")
    for number, name in enumerate(("ann", "ben"), 1)
}
"""A person's cookie is `NAME-cookie`, the session token is `NAME-token`."""
ACCOUNTS = FakeAccounts(*PEOPLE.values())
OWN, FOREIGN = (each.account_id for each in PEOPLE.values())
"""the accounts of Ann and Ben"""
COOKIE_OF_ANN, COOKIE_OF_BEN = (f"Cookie: {COOKIE}={name}-cookie" for name in PEOPLE)
TOKEN_OF_BEN = "X-Session-Token: ben-token"
BROWSER = [COOKIE_OF_ANN, f"Origin: {OURS}"]
JSON = "Content-Type: application/json"
LISTED = "https://webmail.example.net"
"""An origin that the operator named in POSTROOM_CORS_ORIGINS."""
TOKENS = {
    scopes: token_text(bytes([number]) * RANDOM_BYTES)
    for number, scopes in enumerate(("read", "write", "send", "read write", "read send", "write send"))
}
"""Ann's access tokens by their scopes."""


def basic(address: str, password: str) -> str:
    """A header field with HTTP Basic."""
    return f"Authorization: Basic {base64.b64encode(f'{address}:{password}'.encode()).decode()}"


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    """by name in lower case"""
    body: bytes

    @property
    def kind(self) -> str:
        """The code of a problem."""
        return str(json.loads(self.body)["type"]).rpartition(":")[2] if self.status >= 400 else ""


class Kratos:
    async def whoami(self, *, cookie: str | None = None, token: str | None = None, **_more: Any) -> Visitor:
        name, _, kind = (cookie or token or "").partition("-")
        if name in PEOPLE and kind == ("cookie" if cookie else "token"):
            return Visitor(Person(PEOPLE[name].identity_id))
        raise NoSession("no session")

    def forget(self, *, cookie: str | None = None, token: str | None = None) -> None: ...

    def forget_person(self, identity_id: UUID) -> None: ...


class AccessTokens:
    async def find(self, token_hash: bytes) -> AccessToken | None:
        for scopes, text in TOKENS.items():
            if hash_of(text) == token_hash:
                ann, may = PEOPLE["ann"].identity_id, frozenset(map(Scope, scopes.split()))
                return AccessToken(UUID(int=9), ann, "program", may, NOW, datetime.max.replace(tzinfo=UTC))
        return None

    add = of = revoke = uncalled


async def request_of_person(identity_id: UUID) -> tuple[Request, None] | None:
    found = await ACCOUNTS.of(identity_id)
    return (request_of(identity_id, email=found.email), None) if found else None


class Attacked:
    """`inside` are the parts that a route calls after authentication; each answers that nothing was found."""

    def __init__(self, server: ScriptedUpstream, flows: ScriptedUpstream) -> None:
        self.server = server
        self.flows = flows
        self.port = 0
        self.app = FastAPI()
        self.answers: list[Answer] = []
        self.inside = MagicMock()
        unknown = Refused("unknown", "there is none")
        for name in ("tokens", "devices"):
            setattr(self.inside, name, AsyncMock())
        for asked in (
            *(self.inside.tokens.of, self.inside.tokens.revoke, self.inside.tokens.add),
            *(self.inside.devices.of, self.inside.devices.account, self.inside.devices.disconnect),
        ):
            asked.side_effect = unknown
        self.inside.disconnect = AsyncMock(side_effect=unknown)
        self.inside.preparations.of = AsyncMock(side_effect=unknown)
        self.inside.person_settings.read = AsyncMock(side_effect=unknown)
        self.inside.person_settings.store = AsyncMock(side_effect=unknown)
        self.inside.streams.open.side_effect = TooManyStreams("there are enough")

    def forget(self) -> None:
        self.answers.clear()
        self.inside.reset_mock()
        self.server.asked.clear()
        self.flows.asked.clear()
        self.flows.will(json_answer({"id": "a flow"}))

    async def sent(self, raw: bytes, end: bytes = END) -> list[Answer]:
        """All responses to these bytes."""
        found = list(_answers(await answer_of(self.port, raw + end)))
        self.answers += found
        return found

    async def ask(self, way: str, fields: Sequence[str], body: str = "") -> Answer:
        """One request; `way` is method and target."""
        host = [] if any(field.startswith("Host:") for field in fields) else ["Host: mail.example.org"]
        lines = [f"{way} HTTP/1.1", *host, *fields, f"Content-Length: {len(body)}", "Connection: close", "", body]
        (answer,) = await self.sent("\r\n".join(lines).encode("latin-1"), b"")
        return answer

    async def call(self, *calls: Any, who: str | None = None) -> list[Any]:
        """The method responses to these calls of Ann's, with her session token or that of `who`."""
        using = [f"urn:ietf:params:jmap:{name}" for name in ("core", "mail")]
        body = json.dumps({"using": using, "methodCalls": [[*call, str(index)] for index, call in enumerate(calls)]})
        fields = [f"Authorization: Bearer {who or 'ann-token'}", "Content-Type: application/json"]
        answer = await self.ask("POST /jmap/", fields, body)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)["methodResponses"]

    def called(self) -> set[str]:
        """The methods that reached the mail server."""
        return {call[0] for asked in self.server.asked if asked.target == "/jmap/" for call in asked.calls()}

    def asked_as(self) -> set[str]:
        """The logins of the requests to the mail server."""
        logins = [asked.header("authorization") or "" for asked in self.server.asked]
        return {login.removeprefix("Basic ").partition("account")[0] for login in logins}

    def reached(self) -> bool:
        """Whether a request passed authentication."""
        return bool(self.inside.mock_calls or self.asked_as())


def _answers(raw: bytes) -> Iterator[Answer]:
    while raw:
        head, _, raw = raw.partition(b"\r\n\r\n")
        status, length = int(head[9:12]), re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
        if length or status < 200:
            size = int(length[1]) if length else 0
            body, raw = raw[:size], raw[size:]
        else:
            body, raw = _from_chunks(raw)
        fields = [line.decode("latin-1").partition(": ") for line in head.split(b"\r\n")[1:]]
        yield Answer(status, {name.lower(): value for name, _, value in fields}, body)


def _from_chunks(raw: bytes) -> tuple[bytes, bytes]:
    body = b""
    while raw:
        size, _, raw = raw.partition(b"\r\n")
        body, raw = body + raw[: int(size, 16)], raw[int(size, 16) + 2 :]
        if not int(size, 16):
            break
    return body, raw


async def _obliging(asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Answers every request, each method with its own arguments, and lists Ben's account to everyone."""
    if asked.target == "/jmap/session":
        own = (asked.header("authorization") or "").removeprefix("Basic ").partition("-")[0]
        offered = {f"urn:ietf:params:jmap:{name}": {"maxCallsInRequest": 50} for name in ("core", "mail")}
        accounts = {each.account_id: {"name": each.email, "accountCapabilities": offered} for each in PEOPLE.values()}
        primary = dict.fromkeys(offered, own)
        found = {"capabilities": offered, "accounts": accounts, "primaryAccounts": primary, "state": "s"}
    else:
        found = {"methodResponses": asked.calls() if asked.target == "/jmap/" else [], "sessionState": "s"}
    writer.write(json_answer(found))


@asynccontextmanager
async def attacked(interface: Path) -> AsyncIterator[Attacked]:
    """`interface`: the folder of the built interface."""
    async with scripted_upstream() as server, scripted_upstream() as flows:
        server.will(_obliging)
        service = Attacked(server, flows)
        people = PeopleByCredential(
            Kratos(),
            AccessTokens(),
            addresses=OwnAddresses(request_of_person),
            cookie_name=COOKIE,
            public_url=OURS,
            origins=[LISTED],
        )
        parts: dict[str, Any] = {name: getattr(service.inside, name) for name in signature(mail_routes).parameters}
        parts |= {"people": people, "centrifugo": None, "domains": ["example.org"], "now": lambda: NOW}
        parts["stalwart_webhook"] = StalwartWebhook(WebhookReader("key-of-the-webhook"), service.inside.hinted)
        policy = HookPolicy(keys=["key"], domains=[], reserved=[], retry_after_seconds=1, at_once=9)
        upstream, kratos = Upstream(server.url, FakeAuthorization(), GatewayLimits()), KratosPublicApi(flows.url)
        self_service = SelfService(
            kratos,
            people=people,
            guessing=guessing(COOKIE),
            sessions_ended=AsyncMock(),
            session_cookie=COOKIE,
            public_url=OURS,
        )
        service.app = create_app(
            Webhook(service.inside.accept, service.inside.refusals, policy),
            Health(AsyncMock(return_value={})),
            hosts=["h", "mail.example.org"],
            mail=[*mail_routes(**parts), self_service_route(self_service)],
            gateway=gateway_routes(people, ACCOUNTS, upstream, now=lambda: NOW, verify=service.inside.verify),
            interface=partial(Interface, Place(OURS), folder=interface),
            cors_origins=[LISTED],
        )
        try:
            async with served(service.app) as service.port:
                yield service
        finally:
            await upstream.aclose()
            await kratos.aclose()
