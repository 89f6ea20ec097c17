"""/api/realtime: the transport of live events for a client."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx2
import jwt
import pytest
from fastapi import FastAPI

from postroom.api.realtime import realtime_routes
from postroom.api.visitor import receive_visitors, visitor_of
from postroom.domain.person import ALL_SCOPES, Person, Scope
from postroom.errors import KratosUnavailable, NoSession, PostroomError
from postroom.mail.ports import Visitor
from postroom.mail.preparation import Preparation, PreparationState
from postroom.realtime.connection_token import CentrifugoForBrowsers

ALICE = UUID(int=1)
KEY = "token-key-of-the-tests-0123456789-0123456789"
URL = "wss://mail.example.org/connection/websocket"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SSE = {"transport": "sse", "url": "/api/live"}


class Everybody:
    def __init__(self, scopes: frozenset[Scope] = ALL_SCOPES, error: PostroomError | None = None) -> None:
        self.scopes = scopes
        self.error = error

    async def identify(self, method: str, headers: Mapping[str, str], *, refresh: bool = False) -> Visitor:
        if self.error:
            raise self.error
        return Visitor(Person(ALICE, self.scopes, NOW + timedelta(seconds=90)))


async def ask(
    people: Everybody | None = None, *, centrifugo: bool = True, state: str = "ready", online: list[UUID] | None = None
) -> httpx2.Response:
    async def read(identity_id: UUID) -> tuple[None, Preparation]:
        return None, Preparation(PreparationState(state))

    async def note(identity_id: UUID) -> None:
        if online is not None:
            online.append(identity_id)

    app = FastAPI()
    browsers = CentrifugoForBrowsers(URL, KEY) if centrifugo else None
    visiting = visitor_of(people or Everybody())
    app.router.routes += realtime_routes(visiting, read, centrifugo=browsers, mark_online=note, now=lambda: NOW)
    receive_visitors(app)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://postroom.test") as client:
        return await client.get("/api/realtime")


async def test_browser_gets_centrifugo_url_its_own_channel_and_a_token_no_longer_than_the_session() -> None:
    online: list[UUID] = []
    answer = await ask(online=online)
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    claims = jwt.decode(found.pop("token"), KEY, ["HS256"], audience="centrifugo", options={"verify_exp": False})
    assert (claims["sub"], claims["exp"]) == (str(ALICE), int(NOW.timestamp()) + 90)
    assert found == {"transport": "centrifugo", "url": URL, "channel": f"mail:user#{ALICE}"}
    assert online == [ALICE]


async def test_realtime_without_centrifugo_uses_server_sent_events() -> None:
    assert (await ask(centrifugo=False)).json() == SSE


@pytest.mark.parametrize("state", ["none", "preparing", "failed"])
async def test_realtime_uses_server_sent_events_until_the_mailbox_is_ready(state: str) -> None:
    online: list[UUID] = []
    assert (await ask(state=state, online=online)).json() == SSE
    assert online == []


@pytest.mark.parametrize(
    ("people", "status", "code"),
    [
        (Everybody(error=NoSession("log in")), 401, "no_session"),
        (Everybody(error=KratosUnavailable("away")), 503, "kratos_away"),
        (Everybody(frozenset({Scope.SEND})), 403, "scope_missing"),
    ],
    ids=["no session", "Kratos is away", "a token that may not read"],
)
async def test_a_token_without_read_gets_no_transport_and_an_unavailable_kratos_ends_no_session(
    people: Everybody, status: int, code: str
) -> None:
    answer = await ask(people)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
