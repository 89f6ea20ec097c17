"""The routes of /api for people: authentication, responses and problems."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from fakes import START, request_of
from postroom import errors
from postroom.api.access_tokens import access_tokens_routes
from postroom.api.body import MAX_BODY, read_body
from postroom.api.me import me_routes
from postroom.api.visitor import fresh_login_only, receive_visitors, session_only, visitor_of
from postroom.domain.identity import Refusal
from postroom.domain.person import Person, Scope
from postroom.domain.request import State
from postroom.mailboxes.preparation import AttemptOutcome, EndedAttempt, MailboxRecord, Preparation, preparation_of
from postroom.people.access_tokens import TokenMaker, hash_of
from postroom.people.ports import AccessToken, Visitor

ADA = UUID("3a5293f1-f4d6-49f4-b34f-6da62c360604")
NOW = datetime(2026, 11, 25, tzinfo=UTC)
OURS = "https://mail.example.org"
COOKIES = ["ory_kratos_session=newer; Path=/; HttpOnly", "ory_kratos_session=old; Max-Age=0"]


def logged_in(ago: timedelta = timedelta(0), identity_id: UUID = ADA) -> Person:
    return Person(identity_id, authenticated_at=NOW - ago)


@dataclass
class World:
    """Everything that the routes use: people, requests, tokens, and live connections."""

    visitor: Visitor | errors.PostroomError = field(default_factory=lambda: Visitor(logged_in()))
    mailbox: MailboxRecord = field(default_factory=lambda: MailboxRecord(ADA, NOW))
    unavailable: errors.PostroomError | None = None
    tokens: dict[bytes, AccessToken] = field(default_factory=dict[bytes, AccessToken])
    reported: list[Any] = field(default_factory=list[Any])
    asked_to_refresh: int = 0

    async def identify(self, method: str, headers: Mapping[str, str], *, refresh: bool = False) -> Visitor:
        self.reported.append((method, headers.get("cookie")))
        self.asked_to_refresh += refresh
        if isinstance(self.visitor, errors.PostroomError):
            raise self.visitor
        return self.visitor

    def forget(self, headers: Mapping[str, str]) -> None:
        self.reported.append(("forget", headers.get("cookie")))

    async def disconnect(self, identity_id: UUID) -> None:
        self.reported.append(("disconnect", identity_id))
        if self.unavailable:
            raise self.unavailable

    async def read(self, identity_id: UUID) -> tuple[str | None, Preparation]:
        assert identity_id == ADA
        if self.unavailable:
            raise self.unavailable
        request = self.mailbox.request
        return request.email if request else None, preparation_of(self.mailbox, sweep_seconds=300)

    async def add(self, token: AccessToken, token_hash: bytes, *, limit: int) -> None:
        if len(self.tokens) >= limit:
            raise errors.Refused("too_many", "there are enough")
        self.tokens[token_hash] = token

    async def find(self, token_hash: bytes) -> AccessToken | None:
        return self.tokens.get(token_hash)

    async def of(self, identity_id: UUID) -> Sequence[AccessToken]:
        return [token for token in self.tokens.values() if token.identity_id == identity_id]

    async def revoke(self, identity_id: UUID, token_id: UUID) -> bool:
        found = [key for key, token in self.tokens.items() if (token.id, token.identity_id) == (token_id, identity_id)]
        for key in found:
            del self.tokens[key]
        return bool(found)


class Greeting(BaseModel):
    text: str


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def browser(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    receive_visitors(app)
    visiting, fresh = visitor_of(world), fresh_login_only(world, now=lambda: NOW, return_to=OURS)
    maker = TokenMaker(world, new_id=uuid4, random_bytes=lambda n: bytes([len(world.tokens)] * n), now=lambda: NOW)
    app.router.routes += me_routes(visiting, world.read, forget=world.forget, disconnect=world.disconnect)
    app.router.routes += access_tokens_routes(maker, world, visiting, fresh)

    async def chunks() -> AsyncGenerator[bytes]:
        yield b"one"
        yield b"two"

    @app.get("/stream")
    async def stream(_visitor: Annotated[Visitor, Depends(visiting)]) -> StreamingResponse:
        return StreamingResponse(chunks())

    @app.post("/fails")
    async def fails(_visitor: Annotated[Visitor, Depends(session_only(visiting))]) -> None:
        raise errors.Refused("too_many", "no more")

    @app.post("/greet")
    async def greet(request: Request) -> Greeting:
        return await read_body(request, Greeting)

    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://postroom") as browser:
        yield browser


async def test_visitor_api_answers_an_error_as_its_problem(world: World, browser: httpx2.AsyncClient) -> None:
    world.visitor = errors.KratosUnavailable("http://10.0.0.7 refused")
    answer = await browser.get("/api/me")
    assert (answer.status_code, answer.json()["code"]) == (503, "kratos_away")
    assert (answer.headers["content-type"], answer.headers["retry-after"]) == ("application/problem+json", "5")
    world.visitor, world.unavailable = Visitor(Person(ADA)), errors.DatabaseUnavailable("away")
    assert (await browser.get("/api/me")).status_code == 503, "and not as a lost login"


@pytest.mark.parametrize("way", ["GET /api/me", "GET /stream", "POST /fails", "POST /api/logout"])
async def test_kratos_cookies_are_passed_on_with_any_answer(
    world: World, browser: httpx2.AsyncClient, way: str
) -> None:
    world.visitor = Visitor(Person(ADA), COOKIES)
    answer = await browser.request(*way.split())
    assert answer.headers.get_list("set-cookie") == COOKIES
    # Not with the response to the next visitor.
    world.visitor = Visitor(Person(ADA))
    assert "set-cookie" not in (await browser.request(*way.split())).headers


async def test_me_shows_the_person_and_the_preparation_of_the_mailbox(
    world: World, browser: httpx2.AsyncClient
) -> None:
    failed = EndedAttempt(1, START, AttemptOutcome.FAILED)
    request = request_of(ADA, state=State.WAITING, due_at=START + timedelta(seconds=60), retries=1)
    world.mailbox = MailboxRecord(ADA, NOW, request, requested_at=START, history=[failed])
    answer = await browser.get("/api/me")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "identity_id": str(ADA),
        "email": "alice@example.org",
        "mailbox": {
            "state": "preparing",
            "retry": 1,
            "next_attempt_at": "2026-03-01T00:01:00Z",
            "reason": None,
            "code": None,
            "cause": {"kind": "failed", "since": "2026-03-01T00:00:00Z"},
            "failure": None,
            "domains": [],
            "attempts": 1,
            "max_attempts": 4,
            "history": [{"attempt": 1, "at": "2026-03-01T00:00:00Z", "outcome": "failed"}],
            "requested_at": "2026-03-01T00:00:00Z",
            "ready_at": None,
            "sweep_seconds": 300.0,
            "support_number": "3a5293f1",
            "now": "2026-11-25T00:00:00Z",
        },
        "expires_at": None,
        "scopes": ["read", "send", "write"],
    }


async def test_me_shows_a_refusal_with_its_reason_and_no_address(world: World, browser: httpx2.AsyncClient) -> None:
    reason = "the name admin is reserved; choose another one"
    world.mailbox = MailboxRecord(ADA, NOW, refusal=Refusal(ADA, "admin@example.org", "reserved_name", reason, START))
    found = (await browser.get("/api/me")).json()
    mailbox = found["mailbox"]
    assert (found["email"], mailbox["state"], mailbox["reason"]) == (None, "refused", reason)
    failure = {"kind": "address_refused", "since": "2026-03-01T00:00:00Z", "code": "reserved_name"}
    assert (mailbox["code"], mailbox["failure"]) == ("reserved_name", failure)


async def test_me_shows_the_scopes_and_expiry_of_an_access_token(world: World, browser: httpx2.AsyncClient) -> None:
    world.visitor = Visitor(Person(ADA, frozenset({Scope.READ}), NOW, uuid4()))
    answer = (await browser.get("/api/me")).json()
    assert (answer["scopes"], answer["expires_at"]) == (["read"], "2026-11-25T00:00:00Z")


async def test_a_logout_forgets_the_session_and_ends_the_live_connections(
    world: World, browser: httpx2.AsyncClient
) -> None:
    answer = await browser.post("/api/logout", headers={"Cookie": "a=b"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert world.reported == [("POST", "a=b"), ("forget", "a=b"), ("disconnect", ADA)]


async def test_a_logout_that_cannot_end_the_streams_says_so_and_has_cleared_the_cache_anyway(
    world: World, browser: httpx2.AsyncClient
) -> None:
    world.unavailable = errors.PublisherUnavailable("away")
    assert (await browser.post("/api/logout")).status_code == 503
    assert ("forget", None) in world.reported


async def test_access_token_is_shown_once_listed_without_its_text_and_revoked(
    world: World, browser: httpx2.AsyncClient
) -> None:
    answer = await browser.post("/api/access-tokens", json={"name": "phone", "scopes": ["read", "send"], "days": 7})
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    made = answer.json()
    text = made.pop("token")
    assert hash_of(text) in world.tokens
    assert made == {
        "id": made["id"],
        "name": "phone",
        "scopes": ["read", "send"],
        "created_at": "2026-11-25T00:00:00Z",
        "expires_at": (NOW + timedelta(days=7)).isoformat().replace("+00:00", "Z"),
        "last_used_at": None,
    }
    assert (await browser.get("/api/access-tokens")).json() == {"access_tokens": [made], "limit": 20}
    assert (await browser.delete(f"/api/access-tokens/{made['id']}")).status_code == 204
    for unknown in (made["id"], "nonsense", "%00"):
        answer = await browser.delete(f"/api/access-tokens/{unknown}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown")
    assert world.tokens == {}


async def test_access_token_of_another_person_is_neither_listed_nor_revoked(
    world: World, browser: httpx2.AsyncClient
) -> None:
    made = (await browser.post("/api/access-tokens", json={"name": "phone", "scopes": ["read"]})).json()
    world.visitor = Visitor(logged_in(identity_id=uuid4()))
    assert (await browser.get("/api/access-tokens")).json()["access_tokens"] == []
    assert (await browser.delete(f"/api/access-tokens/{made['id']}")).status_code == 404
    assert len(world.tokens) == 1


async def test_a_token_needs_a_login_that_kratos_confirms_as_fresh_and_the_browser_learns_where_to_get_one(
    world: World, browser: httpx2.AsyncClient
) -> None:
    login_page = "https://auth.example.org/self-service/login/browser"
    world.visitor = Visitor(logged_in(timedelta(minutes=16)), COOKIES, login_page)
    wanted = {"name": "phone", "scopes": ["read"]}
    answer = await browser.post("/api/access-tokens", json=wanted)
    assert (answer.status_code, answer.json()["code"], world.tokens) == (403, "fresh_login_required", {})
    expected = f"{login_page}?refresh=true&return_to=https%3A%2F%2Fmail.example.org"
    assert answer.json()["redirect_browser_to"] == expected
    assert answer.headers.get_list("set-cookie") == COOKIES
    assert (await browser.get("/api/access-tokens")).status_code == 200, "listing and revoking need no fresh login"
    assert (await browser.delete(f"/api/access-tokens/{ADA}")).status_code == 404
    assert world.asked_to_refresh == 1
    world.visitor = Visitor(logged_in(timedelta(minutes=14)), COOKIES, login_page)
    assert (await browser.post("/api/access-tokens", json=wanted)).status_code == 201
    assert world.asked_to_refresh == 2


async def test_no_access_token_is_made_while_kratos_is_unavailable(world: World, browser: httpx2.AsyncClient) -> None:
    world.visitor = errors.KratosUnavailable("away")
    answer = await browser.post("/api/access-tokens", json={"name": "phone", "scopes": ["read"]})
    assert (answer.status_code, answer.json()["code"], world.tokens) == (503, "kratos_away", {})


BLANK_NAME: dict[str, object] = {"name": "  ", "scopes": ["read"]}


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"name": "", "scopes": ["read"]},
        {"name": "x" * 101, "scopes": ["read"]},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["admin"]},
        {"name": "x", "scopes": "read"},
        {"name": "x", "scopes": ["read"], "days": 0},
        {"name": "x", "scopes": ["read"], "days": 366},
        {"name": "x", "scopes": ["read"], "days": "7"},
        {"name": "x", "scopes": ["read"], "days": True},
        {"name": "x", "scopes": ["read"], "days": None},
        {"name": "x", "scopes": ["read"], "expires_at": "2099-01-01"},
        {"name": 7, "scopes": ["read"]},
        [],
        BLANK_NAME,
    ],
    ids=str,
)
async def test_invalid_access_token_request_gets_a_problem_and_makes_none(
    world: World, browser: httpx2.AsyncClient, wanted: Any
) -> None:
    answer = await browser.post("/api/access-tokens", json=wanted)
    problem = (422, "wrong_name") if wanted == BLANK_NAME else (400, "unreadable_body")
    assert (answer.status_code, answer.json()["code"], world.tokens) == (*problem, {})


async def test_a_body_is_read_only_if_it_is_small_json(browser: httpx2.AsyncClient) -> None:
    json_kind, greeting = {"Content-Type": "application/json; charset=utf-8"}, b'{"text": "hello"}'
    padded = greeting + b" " * (MAX_BODY - len(greeting))
    for body, headers, expected in (
        (padded, json_kind, 200),
        (padded + b" ", json_kind, 413),
        (greeting, {}, 415),
        (greeting, {"Content-Type": "text/plain"}, 415),
        (b"", json_kind, 400),
        (b"{", json_kind, 400),
        (b"\xff", json_kind, 400),
        (b"[" * 10_000, json_kind, 400),
        (b'{"text": "\\ud800"}', json_kind, 400),
    ):
        answer = await browser.post("/greet", content=body, headers=headers)
        assert answer.status_code == expected, body[:20]
        assert answer.text.isascii()


async def test_api_answers_408_to_a_stalled_request_body(
    browser: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postroom.api.body.BODY_WITHIN", 0.05)

    async def body() -> AsyncGenerator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with asyncio.timeout(5):
        answer = await browser.post("/greet", content=body(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (408, "too_slow")
    assert answer.headers["connection"] == "close"


async def test_request_body_without_a_session_is_not_read(world: World, browser: httpx2.AsyncClient) -> None:
    read: list[bytes] = []

    async def body() -> AsyncGenerator[bytes]:
        read.append(b"{")
        yield b"{"

    world.visitor = errors.NoSession("log in")
    answer = await browser.post("/api/access-tokens", content=body(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, read) == (401, [])
