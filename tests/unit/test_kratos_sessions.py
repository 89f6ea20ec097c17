"""Responses of a scripted Kratos: what they mean, and what is cached."""

import asyncio
import gc
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from fakes import FakeClock
from postroom.domain.person import ALL_SCOPES, Person
from postroom.errors import KratosUnavailable, NoSession, SecondFactorDue
from postroom.kratos import sessions as module
from postroom.kratos.identities import KratosIdentities
from postroom.kratos.sessions import ANSWER_BYTES, CACHE_SECONDS, ENDING_SECONDS, KratosSessions
from postroom.people.ports import Visitor

ADA = "3a5293f1-f4d6-49f4-b34f-6da62c360604"
COOKIE = "ory_kratos_session"
REFRESHED = f"{COOKIE}=newer; Path=/; HttpOnly"


def session(**changes: Any) -> dict[str, Any]:
    usual = {"active": True, "identity": {"id": ADA, "traits": None}, "expires_at": None, "devices": None}
    return usual | changes


def answer(status: int, content: Any = None, *cookies: str) -> httpx2.Response:
    return httpx2.Response(status, headers=[("Set-Cookie", cookie) for cookie in cookies], json=content)


@dataclass
class ScriptedKratos:
    """Responds to whoami and /health/ready with these values. `hold`, an event, delays whoami."""

    whoami: Callable[[httpx2.Request], httpx2.Response] = field(default=lambda _: answer(200, session()))
    ready: httpx2.Response | Exception = field(default_factory=lambda: answer(200))
    asked: list[httpx2.Request] = field(default_factory=list)
    hold: Any = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        if request.url.path == "/health/ready":
            if isinstance(self.ready, Exception):
                raise self.ready
            return self.ready
        self.arrived.set()
        if self.hold:
            await self.hold.wait()
        return self.whoami(request)

    def says(self, status: int, content: Any = None, *cookies: str) -> None:
        self.whoami = lambda _: answer(status, content, *cookies)

    @property
    def counts(self) -> Counter[str]:
        return Counter(request.url.path for request in self.asked)


@pytest.fixture
def kratos() -> ScriptedKratos:
    return ScriptedKratos()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def sessions(kratos: ScriptedKratos, clock: FakeClock) -> AsyncIterator[KratosSessions]:
    transport = httpx2.MockTransport(kratos)
    sessions = KratosSessions("http://kratos/", clock, cookie_name=COOKIE, cache_size=3, transport=transport)
    yield sessions
    await sessions.aclose()


async def rejected(sessions: KratosSessions, error: Any, match: str | None = None, **asked: Any) -> Any:
    """The error with which `whoami` ends, of the cookie "abc" if nothing else is asked."""
    with pytest.raises(error, match=match) as caught:
        await sessions.whoami(**(asked or {"cookie": "abc"}))
    return caught.value


async def held(sessions: KratosSessions, kratos: ScriptedKratos, **credential: Any) -> asyncio.Task[Visitor]:
    """A request that has reached Kratos, which holds it until `kratos.hold` is set."""
    kratos.hold, kratos.arrived = asyncio.Event(), asyncio.Event()
    asking = asyncio.create_task(sessions.whoami(**credential))
    await kratos.arrived.wait()
    return asking


async def test_kratos_gets_only_the_one_credential(sessions: KratosSessions, kratos: ScriptedKratos) -> None:
    await sessions.whoami(cookie="abc")
    await sessions.whoami(token="abc")
    names = ("cookie", "x-session-token", "authorization", "origin")
    sent = [{name: request.headers[name] for name in names if name in request.headers} for request in kratos.asked]
    assert sent == [{"cookie": f"{COOKIE}=abc"}, {"x-session-token": "abc"}]
    assert {str(request.url) for request in kratos.asked} == {"http://kratos/sessions/whoami"}


@pytest.mark.parametrize("credentials", [{}, {"cookie": "a", "token": "b"}])
async def test_whoami_takes_exactly_one_credential(sessions: KratosSessions, credentials: Any) -> None:
    with pytest.raises(ValueError, match="a cookie or a token"):
        await sessions.whoami(**credentials)


async def test_session_has_all_scopes_until_its_expiry(
    sessions: KratosSessions, kratos: ScriptedKratos, clock: FakeClock
) -> None:
    kratos.says(200, session(expires_at="2026-11-25T23:41:40.569754636Z"))
    visitor = await sessions.whoami(cookie="abc")
    assert (visitor.person.identity_id, visitor.person.scopes, visitor.person.token_id) == (UUID(ADA), ALL_SCOPES, None)
    assert visitor.person.expires_at
    assert visitor.person.expires_at.isoformat() == "2026-11-25T23:41:40.569754+00:00"


UNREADABLE_SESSIONS: list[Any] = [
    None,
    [],
    "active",
    {},
    {"active": True},
    session(active=False),
    session(active=None),
    session(active="true"),
    session(identity=None),
    session(identity={"id": None}),
    session(identity={"id": "ada"}),
    session(identity=[ADA]),
    session(expires_at="tomorrow"),
    session(expires_at="2026-11-25T23:41:40"),
    session(expires_at=1795563700),
    session(authenticated_at="yesterday"),
    session(authenticated_at="2026-11-25T23:41:40"),
]
OTHER_REFUSALS: list[Any] = [None, {}, [], {"error": None}, {"error": {"id": "security_csrf_violation"}}]


@pytest.mark.parametrize(
    ("status", "content"),
    [*((200, each) for each in UNREADABLE_SESSIONS), *((403, each) for each in OTHER_REFUSALS)],
    ids=json.dumps,
)
async def test_unreadable_session_or_unrecognised_403_counts_as_kratos_unavailable(
    sessions: KratosSessions, kratos: ScriptedKratos, status: int, content: Any
) -> None:
    kratos.says(status, content)
    await rejected(sessions, KratosUnavailable)


UNREADABLE: dict[str, bytes] = {
    "nothing": b"",
    "HTML": b"<html>",
    "not UTF-8": b"\xff",
    "broken off": b'{"active": true',
    "nested too deeply": b'{"active": true, "identity": %s}' % (b"[" * 100_000 + b"]" * 100_000),
    "a number of 5,000 digits": b'{"active": true, "identity": %s}' % (b"9" * 5000),
    "larger than a session can be": json.dumps(session(devices="x" * ANSWER_BYTES)).encode(),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
async def test_unreadable_whoami_response_counts_as_kratos_unavailable(
    sessions: KratosSessions, kratos: ScriptedKratos, body: bytes
) -> None:
    for status in (200, 403):
        kratos.whoami = lambda _, status=status: httpx2.Response(status, content=body)
        await rejected(sessions, KratosUnavailable)


@pytest.mark.parametrize("status", [204, 302, 400, 404, 418, 429, 500, 502, 503, 504])
async def test_only_a_401_of_a_healthy_kratos_means_that_there_is_no_session(
    sessions: KratosSessions, kratos: ScriptedKratos, status: int
) -> None:
    elsewhere = httpx2.Response(status, headers={"Location": "http://elsewhere/"})
    kratos.whoami = lambda _: elsewhere
    await rejected(sessions, KratosUnavailable, str(status))

    kratos.says(401)
    kratos.ready = elsewhere
    await rejected(sessions, KratosUnavailable, str(status))

    kratos.ready = httpx2.ConnectError("refused")
    await rejected(sessions, KratosUnavailable)

    kratos.ready = answer(200)
    await rejected(sessions, NoSession)


async def test_kratos_health_is_checked_after_each_401_and_never_cached(
    sessions: KratosSessions, kratos: ScriptedKratos
) -> None:
    kratos.says(401)
    for _ in range(2):
        await rejected(sessions, NoSession)
    paths = [request.url.path for request in kratos.asked]
    assert paths == ["/sessions/whoami", "/health/ready"] * 2


async def test_unreachable_or_silent_kratos_counts_as_unavailable(
    sessions: KratosSessions, kratos: ScriptedKratos, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    kratos.whoami = refuse
    await rejected(sessions, KratosUnavailable, "ConnectError")
    monkeypatch.setattr(module, "TIMEOUT", 0.01)
    kratos.hold = asyncio.Event()
    await rejected(sessions, KratosUnavailable, "TimeoutError")


async def test_slowly_dripping_whoami_response_times_out(
    sessions: KratosSessions, kratos: ScriptedKratos, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b" "

    monkeypatch.setattr(module, "TIMEOUT", 0.05)
    kratos.whoami = lambda _: httpx2.Response(200, content=drip())
    await rejected(sessions, KratosUnavailable, "TimeoutError")


AAL2 = {"error": {"id": "session_aal2_required", "code": 403}}


@pytest.mark.parametrize(
    ("redirect", "expected"),
    [
        ("https://auth.example.org/login?aal=aal2", "https://auth.example.org/login?aal=aal2"),
        ("/login?aal=aal2", "/login?aal=aal2"),
        ("javascript:alert(1)", None),
        (None, None),
        ({"url": "/"}, None),
    ],
)
async def test_a_required_second_factor_is_distinguished_and_its_url_passed_on(
    sessions: KratosSessions, kratos: ScriptedKratos, redirect: Any, expected: str | None
) -> None:
    kratos.says(403, {**AAL2, "redirect_browser_to": redirect})
    due = await rejected(sessions, SecondFactorDue)
    assert (due.redirect_to, kratos.counts["/health/ready"]) == (expected, 0)


# Caching


async def test_session_is_cached_only_briefly(
    sessions: KratosSessions, kratos: ScriptedKratos, clock: FakeClock
) -> None:
    first = await sessions.whoami(cookie="abc")
    clock.seconds += CACHE_SECONDS - 0.001
    assert await sessions.whoami(cookie="abc") == first
    assert kratos.counts["/sessions/whoami"] == 1
    clock.seconds += 0.001
    await sessions.whoami(cookie="abc")
    assert kratos.counts["/sessions/whoami"] == 2


@pytest.mark.parametrize("left", [5.0, 0.0, -1.0])
async def test_session_is_never_cached_past_its_expiry(
    sessions: KratosSessions, kratos: ScriptedKratos, clock: FakeClock, left: float
) -> None:
    kratos.says(200, session(expires_at=(clock.now() + timedelta(seconds=left)).isoformat()))
    await sessions.whoami(cookie="abc")
    kratos.says(401)
    if left > 0:
        clock.seconds += left - 0.001
        await sessions.whoami(cookie="abc")
        clock.seconds += 0.001
    await rejected(sessions, NoSession)


@pytest.mark.parametrize("status", [401, 403, 500])
async def test_rejected_session_is_not_cached(sessions: KratosSessions, kratos: ScriptedKratos, status: int) -> None:
    kratos.says(status, AAL2)
    await rejected(sessions, (NoSession, SecondFactorDue, KratosUnavailable))
    kratos.says(200, session())
    assert await sessions.whoami(cookie="abc") == Visitor(Person(UUID(ADA)))


async def test_cached_session_of_a_cookie_is_not_used_for_a_token_or_another_cookie(
    sessions: KratosSessions, kratos: ScriptedKratos
) -> None:
    await sessions.whoami(cookie="abc")
    kratos.says(401)
    await rejected(sessions, NoSession, token="abc")
    await rejected(sessions, NoSession, cookie="abd")


async def test_recently_used_sessions_are_cached_without_their_credentials(
    sessions: KratosSessions, kratos: ScriptedKratos
) -> None:
    for value in ("aaa", "bbb", "ccc", "aaa", "ddd"):
        await sessions.whoami(cookie=value)
    kratos.asked.clear()
    for value in ("aaa", "ccc", "ddd"):
        await sessions.whoami(cookie=value)
    assert (kratos.asked, len(sessions._cache)) == ([], 3)
    assert not any(word in repr(sessions._cache) for word in ("aaa", "ccc", "ddd"))
    await sessions.whoami(cookie="bbb")
    assert len(kratos.asked) == 1


async def test_refreshed_session_cookie_is_passed_on_once_and_other_cookies_never(
    sessions: KratosSessions, kratos: ScriptedKratos
) -> None:
    kratos.says(200, session(), REFRESHED, "csrf_token_x=y; Path=/", f"{COOKIE}_other=z")
    assert (await sessions.whoami(cookie="abc")).set_cookie == (REFRESHED,)
    assert (await sessions.whoami(cookie="abc")).set_cookie == ()


async def test_logout_clears_the_cached_session_even_during_a_request_to_kratos(
    sessions: KratosSessions, kratos: ScriptedKratos
) -> None:
    await sessions.whoami(cookie="abc")
    sessions.forget(cookie="abc")
    sessions.forget(token="never seen")
    earlier = await held(sessions, kratos, cookie="abc")
    arrives, kratos.hold = kratos.hold, None
    sessions.forget(cookie="abc")
    kratos.says(401)
    async with asyncio.timeout(10):
        await rejected(sessions, NoSession)  # it shares no call from before the logout
    kratos.says(200, session())
    arrives.set()
    await earlier
    kratos.says(401)
    await rejected(sessions, NoSession)


async def test_second_tab_does_not_cache_a_session_during_its_logout(
    sessions: KratosSessions, kratos: ScriptedKratos, clock: FakeClock
) -> None:
    """Postroom clears its cache first; Kratos ends the session a moment later."""
    sessions.forget(cookie="abc")
    for _ in range(2):
        await sessions.whoami(cookie="abc")
    assert kratos.counts["/sessions/whoami"] == 2
    kratos.says(401)
    await rejected(sessions, NoSession)
    kratos.says(200, session())
    clock.seconds += ENDING_SECONDS
    for _ in range(2):
        await sessions.whoami(cookie="abc")
    assert kratos.counts["/sessions/whoami"] == 4


async def test_sessions_of_a_person_who_ended_some_are_not_cached_for_a_moment(
    sessions: KratosSessions, kratos: ScriptedKratos
) -> None:
    for person in (uuid4(), UUID(ADA)):
        await sessions.whoami(cookie="phone")
        assert kratos.counts["/sessions/whoami"] == 1
        sessions.forget_person(person)
    await sessions.whoami(cookie="phone")
    kratos.says(401)
    await rejected(sessions, NoSession, cookie="phone")


async def test_a_refresh_bypasses_the_cache_and_shares_no_earlier_call(
    sessions: KratosSessions, kratos: ScriptedKratos
) -> None:
    kratos.says(200, session(authenticated_at="2026-11-25T08:00:00Z"))
    await sessions.whoami(cookie="abc")
    earlier = await held(sessions, kratos, token="def")
    kratos.hold = None
    kratos.says(200, session(authenticated_at="2026-11-25T09:00:00.5Z"))
    for cookie, token in (("abc", None), (None, "def")):
        person = (await sessions.whoami(cookie=cookie, token=token, refresh=True)).person
        assert person.authenticated_at == datetime(2026, 11, 25, 9, 0, 0, 500_000, UTC)
        assert await sessions.whoami(cookie=cookie, token=token) == Visitor(person), "it is cached from now on"
    earlier.cancel()


@pytest.mark.parametrize(("status", "error"), [(401, NoSession), (403, SecondFactorDue)])
async def test_answer_fetched_without_the_cache_replaces_the_cached_one(
    sessions: KratosSessions, kratos: ScriptedKratos, status: int, error: type[Exception]
) -> None:
    await sessions.whoami(cookie="abc")
    kratos.says(500)
    await rejected(sessions, KratosUnavailable, cookie="abc", refresh=True)
    await sessions.whoami(cookie="abc")
    kratos.says(status, AAL2)
    for refresh in (True, False):
        await rejected(sessions, error, cookie="abc", refresh=refresh)


# Concurrent requests


async def test_concurrent_requests_with_one_cookie_ask_kratos_once(
    sessions: KratosSessions, kratos: ScriptedKratos
) -> None:
    kratos.says(200, session(), REFRESHED)
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(sessions.whoami(cookie="abc")) for _ in range(50)]
    assert kratos.counts["/sessions/whoami"] == 1
    assert {task.result().person for task in asking} == {Person(UUID(ADA))}


async def test_concurrent_requests_with_one_expired_cookie_ask_kratos_once_and_all_fail(
    sessions: KratosSessions, kratos: ScriptedKratos
) -> None:
    kratos.says(401)
    results = await asyncio.gather(*(sessions.whoami(cookie="abc") for _ in range(50)), return_exceptions=True)
    assert {type(result) for result in results} == {NoSession}
    assert kratos.counts == {"/sessions/whoami": 1, "/health/ready": 1}


async def test_cancelled_whoami_leaves_the_shared_answer_to_others(
    sessions: KratosSessions, kratos: ScriptedKratos
) -> None:
    first = await held(sessions, kratos, cookie="abc")
    second = asyncio.create_task(sessions.whoami(cookie="abc"))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    kratos.hold.set()
    assert (await second).person.identity_id == UUID(ADA)
    assert kratos.counts["/sessions/whoami"] == 1


async def test_closing_the_session_client_cancels_running_requests(
    sessions: KratosSessions, kratos: ScriptedKratos
) -> None:
    asking = await held(sessions, kratos, cookie="abc")
    await sessions.aclose()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert sessions._http.is_closed


async def test_error_of_an_abandoned_kratos_request_is_not_logged_by_asyncio(
    sessions: KratosSessions, kratos: ScriptedKratos, caplog: pytest.LogCaptureFixture
) -> None:
    kratos.says(500)
    asking = await held(sessions, kratos, cookie="abc")
    asking.cancel()
    await asyncio.wait([asking])
    del asking  # its traceback refers to the request
    kratos.hold.set()
    await asyncio.wait(list(sessions._calls._tasks))
    gc.collect()
    assert caplog.records == [], "asyncio logs an exception that was never retrieved"


def test_kratos_clients_ignore_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.org")
    asking = (KratosSessions("http://kratos", clock, cookie_name=COOKIE), KratosIdentities("http://kratos"))
    assert [each._http._mounts for each in asking] == [{}, {}]


async def test_cookie_set_by_kratos_is_not_sent_with_requests_of_others(
    sessions: KratosSessions, kratos: ScriptedKratos
) -> None:
    """Kratos would use this cookie, although the request has the token or the cookie of another person."""
    kratos.says(200, session(), REFRESHED, "lb=1; Path=/")
    assert (await sessions.whoami(cookie="ada")).set_cookie == (REFRESHED,)
    await sessions.whoami(token="bobs")
    await sessions.whoami(cookie="carol")
    assert [each.headers.get("cookie") for each in kratos.asked] == [f"{COOKIE}=ada", None, f"{COOKIE}=carol"]
