"""The port `Sessions` on Kratos' `whoami`, with a short cache.

Kratos answers 401 whenever it cannot load a session, also if its database is dead (ory/kratos#3250). So a 401 counts
only if Kratos reports itself healthy afterwards; otherwise an outage would log everyone out.
"""

import asyncio
import hashlib
import json
import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Generic, TypeVar
from uuid import UUID

import httpx2
from cachetools import TLRUCache, TTLCache

from postroom.domain.person import Person
from postroom.errors import KratosUnavailable, NoSession, SecondFactorDue
from postroom.kratos.response import KratosResponse, ask
from postroom.people.ports import Visitor
from postroom.ports import Clock

TIMEOUT = 3.0
"""Seconds for a complete response: a person waits for it."""

ANSWER_BYTES = 1024 * 1024
"""Bytes of a session with all traits and devices of its identity; about 2,000 are usual."""

CACHE_SECONDS = 30.0
"""How long a session that was revoked at Kratos may still be accepted here."""

ENDING_SECONDS = 60.0
"""How long a session is not cached again after a logout here: Kratos ends it a moment later, and until then another tab
may send requests."""

CACHE_SIZE = 10_000
"""Cached sessions; about 10 MB."""

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What parsing an unexpected response can raise; the last one for JSON that is nested too deeply."""


class KratosSessions:
    """`public_url` is the base URL of Kratos' public API, `cookie_name` the name of its session cookie."""

    def __init__(
        self,
        public_url: str,
        clock: Clock,
        *,
        cookie_name: str,
        cache_seconds: float = CACHE_SECONDS,
        cache_size: int = CACHE_SIZE,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx2.AsyncClient(
            base_url=public_url.rstrip("/"),
            timeout=TIMEOUT,
            trust_env=False,
            follow_redirects=False,
            transport=transport,
            # Store no cookies: Kratos extends a session by one, and would take the next person's request for it.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
        self._clock = clock
        self._cookie_name = cookie_name
        self._cache_seconds = cache_seconds
        self._cache = TLRUCache[bytes, Visitor](cache_size, self._until, clock.monotonic)
        self._ending = TTLCache[bytes, None](cache_size, ENDING_SECONDS, clock.monotonic)
        self._ended = TTLCache[UUID, None](cache_size, 2 * TIMEOUT, clock.monotonic)
        self._calls = _SharedCalls[bytes, Visitor]()
        self._health = _SharedCalls[None, None]()

    async def aclose(self) -> None:
        await self._calls.aclose()
        await self._health.aclose()
        await self._http.aclose()

    async def whoami(self, *, cookie: str | None = None, token: str | None = None, refresh: bool = False) -> Visitor:
        """See `Sessions`. Give exactly one credential: Kratos gets nothing else that it could take instead.

        Concurrent requests with the same credential share one call to Kratos. With `refresh` a request makes its own
        call, so that the result is not older than the request.
        """
        key, headers = _key_of(cookie, token), self._headers_of(cookie, token)
        if refresh:
            return await self._refresh(key, headers)
        if cached := self._cache.get(key):
            return cached
        return await self._calls.ask(key, lambda: self._ask(key, headers))

    def forget(self, *, cookie: str | None = None, token: str | None = None) -> None:
        """See `Sessions`. Other processes have it cached for `CACHE_SECONDS` at most."""
        key = _key_of(cookie, token)
        self._cache.pop(key, None)
        self._calls.forget(key)
        self._ending[key] = None

    def forget_person(self, identity_id: UUID) -> None:
        """Sessions of this person have ended: ask Kratos again for each. A response that is on its way now may be from
        before, so it is neither cached nor shared."""
        self._ended[identity_id] = None
        for key in [key for key, visitor in self._cache.items() if visitor.person.identity_id == identity_id]:
            self._cache.pop(key, None)
        self._calls.forget_all()

    async def _refresh(self, key: bytes, headers: Mapping[str, str]) -> Visitor:
        try:
            return await self._ask(key, headers)
        except (NoSession, SecondFactorDue):
            self._cache.pop(key, None)
            raise

    async def _ask(self, key: bytes, headers: Mapping[str, str]) -> Visitor:
        response = await self._get("/sessions/whoami", headers)
        match response.status:
            case 200:
                visitor = self._visitor_of(response)
                if key not in self._ending and visitor.person.identity_id not in self._ended:
                    # The cookie is for the requests of now: a later one must not replace the browser's newer cookie.
                    self._cache[key] = replace(visitor, set_cookie=())
                return visitor
            case 401:
                # Health checks are shared, but each takes only a few milliseconds.
                await self._health.ask(None, self._require_healthy)
                raise NoSession("this session is invalid or has ended; log in")
            case 403:
                raise _second_factor_due(response)
            case status:
                raise KratosUnavailable(f"Kratos answered /sessions/whoami with {status}")

    async def _require_healthy(self) -> None:
        response = await self._get("/health/ready", {})
        if response.status != 200:
            raise KratosUnavailable(f"Kratos knows no session, but answered /health/ready with {response.status}")

    async def _get(self, path: str, headers: Mapping[str, str]) -> KratosResponse:
        try:
            async with asyncio.timeout(TIMEOUT):
                asked = {"Accept": "application/json", **headers}
                return await ask(self._http, path, headers=asked, at_most=ANSWER_BYTES)
        except TimeoutError as error:
            raise KratosUnavailable(f"Kratos does not answer {path} ({type(error).__name__})") from error

    def _headers_of(self, cookie: str | None, token: str | None) -> Mapping[str, str]:
        return {"X-Session-Token": token} if token is not None else {"Cookie": f"{self._cookie_name}={cookie}"}

    def _visitor_of(self, response: KratosResponse) -> Visitor:
        try:
            session = _json(response)
            person, login_page = _person_of(session), _login_page_of(session)
        except UNREADABLE as error:
            raise KratosUnavailable(f"Kratos' session cannot be read ({type(error).__name__})") from error
        return Visitor(person, self._session_cookies(response.headers.get_list("set-cookie")), login_page)

    def _session_cookies(self, cookies: Sequence[str]) -> Sequence[str]:
        """Only session cookies are passed on: a new CSRF cookie would break the login form in another tab."""
        return tuple(cookie for cookie in cookies if cookie.startswith(f"{self._cookie_name}="))

    def _until(self, _key: bytes, visitor: Visitor, now: float) -> float:
        """When the cache entry expires: not later than the session."""
        ends = visitor.person.expires_at
        left = math.inf if ends is None else (ends - self._clock.now()).total_seconds()
        return now + min(self._cache_seconds, left)


def _key_of(cookie: str | None, token: str | None) -> bytes:
    """A hash, so that a memory dump shows no credentials. It includes the kind: a cookie must not count as a token."""
    if (cookie is None) == (token is None):
        raise ValueError("give a cookie or a token")
    kind, value = ("token", token) if cookie is None else ("cookie", cookie)
    return hashlib.sha256(f"{kind}:{value}".encode()).digest()


def _json(response: KratosResponse) -> Any:
    if response.content is None:
        raise ValueError(f"more than {ANSWER_BYTES} bytes")
    return json.loads(response.content)


def _second_factor_due(response: KratosResponse) -> SecondFactorDue | KratosUnavailable:
    try:
        content = _json(response)
        code, redirect_to = content["error"].get("id"), content.get("redirect_browser_to")
    except UNREADABLE:
        code, redirect_to = None, None
    if code != "session_aal2_required":
        return KratosUnavailable("Kratos answered /sessions/whoami with a 403 that names no second factor")
    return SecondFactorDue("log in with the second factor, too", redirect_to=_link(redirect_to))


def _link(address: Any) -> str | None:
    """The address if it is a link, and not a `javascript:` URL."""
    is_link = isinstance(address, str) and address.startswith(("https://", "http://", "/"))
    return address if is_link else None


def _person_of(session: Mapping[str, Any]) -> Person:
    """Reads only the needed fields: versions of Kratos differ in the others."""
    if session["active"] is not True:
        raise ValueError("the session is not active")
    return Person(
        UUID(session["identity"]["id"]),
        expires_at=_moment(session.get("expires_at")),
        authenticated_at=_moment(session.get("authenticated_at")),
    )


def _login_page_of(session: Mapping[str, Any]) -> str | None:
    """Kratos' login page for browsers, at its `serve.public.base_url`; our own URL of Kratos may be internal. Each
    session shows the base URL in the URL of its identity's schema."""
    base, separator, _ = str(session["identity"].get("schema_url")).rpartition("/schemas/")
    return _link(f"{base}/self-service/login/browser") if separator else None


def _moment(text: str | None) -> datetime | None:
    """Raises ValueError, also for a time without a time zone."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a time zone")
    return moment


Key = TypeVar("Key")
Reply = TypeVar("Reply")


class _SharedCalls(Generic[Key, Reply]):
    """Calls in progress: concurrent callers with the same key share one call and its result or error.

    Each runs in its own task: a browser that disconnects must not cancel it for the others.
    """

    def __init__(self) -> None:
        self._under_way: dict[Key, asyncio.Task[Reply]] = {}
        self._tasks: set[asyncio.Task[Reply]] = set()

    async def ask(self, key: Key, call: Callable[[], Coroutine[Any, Any, Reply]]) -> Reply:
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(call())
            self._under_way[key] = task
            self._tasks.add(task)
            task.add_done_callback(lambda done: self._finished(key, done))
        return await asyncio.shield(task)

    def forget(self, key: Key) -> None:
        """Later callers make a new call."""
        self._under_way.pop(key, None)

    def forget_all(self) -> None:
        self._under_way.clear()

    async def aclose(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finished(self, key: Key, task: asyncio.Task[Reply]) -> None:
        self._tasks.discard(task)
        if self._under_way.get(key) is task:
            del self._under_way[key]
        if not task.cancelled():
            # Retrieved, since asyncio would log an error for which no caller waits any more.
            task.exception()
