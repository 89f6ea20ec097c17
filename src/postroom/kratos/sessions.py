"""The port `Sessions`: who is logged in, asked of Kratos' `whoami` and remembered for a moment.

Kratos answers 401 to everything it cannot load, a dead database included (ory/kratos#3250). So its 401 counts only
if Kratos says afterwards that it is well; else everybody would be logged out by an outage.
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
from postroom.mail.ports import Visitor
from postroom.ports import Clock

TIMEOUT = 3.0
"""Seconds for one whole answer: a person waits for it."""

ANSWER_BYTES = 1024 * 1024
"""Of a session, with all traits and devices of its identity; some 2,000 are usual."""

CACHE_SECONDS = 30.0
"""How long a session that was revoked at Kratos may live on here."""

ENDING_SECONDS = 60.0
"""How long a session is not remembered anew after its logout here: Kratos ends it a moment later, and meanwhile another
tab may ask."""

CACHE_SIZE = 10_000
"""Sessions remembered; some 10 MB."""

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading an answer raises that is not as Kratos sends it; the last one for JSON that is nested too deeply."""


class KratosSessions:
    """`public_url` is the base of Kratos' public API; `cookie_name` that of its session cookie."""

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
            # No cookies: Kratos prolongs a session by one, and would judge the next person's question by it.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
        self._clock = clock
        self._cookie_name = cookie_name
        self._cache_seconds = cache_seconds
        self._remembered = TLRUCache[bytes, Visitor](cache_size, self._until, clock.monotonic)
        self._ending = TTLCache[bytes, None](cache_size, ENDING_SECONDS, clock.monotonic)
        self._questions = _Questions[bytes, Visitor]()
        self._health = _Questions[None, None]()

    async def aclose(self) -> None:
        await self._questions.aclose()
        await self._health.aclose()
        await self._http.aclose()

    async def whoami(self, *, cookie: str | None = None, token: str | None = None, refresh: bool = False) -> Visitor:
        """See `Sessions`. Give exactly one: Kratos is sent nothing else, so that it cannot judge by another.

        However many requests ask with one credential at once, Kratos is asked once; but for each one `refresh`, which
        joins no question either that was asked before it.
        """
        key, headers = _key_of(cookie, token), self._headers_of(cookie, token)
        if refresh:
            return await self._ask_afresh(key, headers)
        if remembered := self._remembered.get(key):
            return remembered
        return await self._questions.ask(key, lambda: self._ask(key, headers))

    def forget(self, *, cookie: str | None = None, token: str | None = None) -> None:
        """See `Sessions`. Other processes remember it for `CACHE_SECONDS` at most."""
        key = _key_of(cookie, token)
        self._remembered.pop(key, None)
        self._questions.forget(key)
        self._ending[key] = None

    async def _ask_afresh(self, key: bytes, headers: Mapping[str, str]) -> Visitor:
        try:
            return await self._ask(key, headers)
        except (NoSession, SecondFactorDue):
            self._remembered.pop(key, None)
            raise

    async def _ask(self, key: bytes, headers: Mapping[str, str]) -> Visitor:
        answer = await self._get("/sessions/whoami", headers)
        match answer.status:
            case 200:
                visitor = self._visitor_of(answer)
                if key not in self._ending:
                    # The cookie is for those who asked now; a later request must not turn the browser's newer one back.
                    self._remembered[key] = replace(visitor, set_cookie=())
                return visitor
            case 401:
                # Who joins a question about the health does so within its few milliseconds.
                await self._health.ask(None, self._require_healthy)
                raise NoSession("nobody is logged in with this session, or not any more; log in")
            case 403:
                raise _second_factor_due(answer)
            case status:
                raise KratosUnavailable(f"Kratos answered /sessions/whoami with {status}")

    async def _require_healthy(self) -> None:
        answer = await self._get("/health/ready", {})
        if answer.status != 200:
            raise KratosUnavailable(f"Kratos knows no session, but answered /health/ready with {answer.status}")

    async def _get(self, path: str, headers: Mapping[str, str]) -> KratosResponse:
        try:
            async with asyncio.timeout(TIMEOUT):
                asked = {"Accept": "application/json", **headers}
                return await ask(self._http, path, headers=asked, at_most=ANSWER_BYTES)
        except TimeoutError as error:
            raise KratosUnavailable(f"Kratos does not answer {path} ({type(error).__name__})") from error

    def _headers_of(self, cookie: str | None, token: str | None) -> Mapping[str, str]:
        return {"X-Session-Token": token} if token is not None else {"Cookie": f"{self._cookie_name}={cookie}"}

    def _visitor_of(self, answer: KratosResponse) -> Visitor:
        try:
            session = _json(answer)
            person, login_page = _person_of(session), _login_page_of(session)
        except UNREADABLE as error:
            raise KratosUnavailable(f"Kratos' session cannot be read ({type(error).__name__})") from error
        return Visitor(person, self._session_cookies(answer.headers.get_list("set-cookie")), login_page)

    def _session_cookies(self, cookies: Sequence[str]) -> Sequence[str]:
        """The others are none of ours to pass on: a new CSRF cookie would break the login form in another tab."""
        return tuple(cookie for cookie in cookies if cookie.startswith(f"{self._cookie_name}="))

    def _until(self, _key: bytes, visitor: Visitor, now: float) -> float:
        """When a session is asked for again: no later than it ends."""
        ends = visitor.person.expires_at
        left = math.inf if ends is None else (ends - self._clock.now()).total_seconds()
        return now + min(self._cache_seconds, left)


def _key_of(cookie: str | None, token: str | None) -> bytes:
    """A hash, so that no memory dump shows credentials; the kind in it, so that no cookie passes for a token."""
    if (cookie is None) == (token is None):
        raise ValueError("give a cookie or a token")
    kind, value = ("token", token) if cookie is None else ("cookie", cookie)
    return hashlib.sha256(f"{kind}:{value}".encode()).digest()


def _json(answer: KratosResponse) -> Any:
    if answer.content is None:
        raise ValueError(f"more than {ANSWER_BYTES} bytes")
    return json.loads(answer.content)


def _second_factor_due(answer: KratosResponse) -> SecondFactorDue | KratosUnavailable:
    try:
        content = _json(answer)
        code, redirect_to = content["error"].get("id"), content.get("redirect_browser_to")
    except UNREADABLE:
        code, redirect_to = None, None
    if code != "session_aal2_required":
        return KratosUnavailable("Kratos answered /sessions/whoami with a 403 that names no second factor")
    return SecondFactorDue("log in with the second factor, too", redirect_to=_link(redirect_to))


def _link(address: Any) -> str | None:
    """A script must not become one."""
    is_link = isinstance(address, str) and address.startswith(("https://", "http://", "/"))
    return address if is_link else None


def _person_of(session: Mapping[str, Any]) -> Person:
    """Reads only what is needed: versions of Kratos differ in the rest."""
    if session["active"] is not True:
        raise ValueError("the session is not active")
    return Person(
        UUID(session["identity"]["id"]),
        expires_at=_moment(session.get("expires_at")),
        authenticated_at=_moment(session.get("authenticated_at")),
    )


def _login_page_of(session: Mapping[str, Any]) -> str | None:
    """Where browsers find Kratos is its `serve.public.base_url`; what we ask may be an address of the inside. Each
    session shows the former in the address of its identity's schema."""
    base, separator, _ = str(session["identity"].get("schema_url")).rpartition("/schemas/")
    return _link(f"{base}/self-service/login/browser") if separator else None


def _moment(text: str | None) -> datetime | None:
    """Raises ValueError also for a time without a zone."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment


Key = TypeVar("Key")
Reply = TypeVar("Reply")


class _Questions(Generic[Key, Reply]):
    """Questions under way: whoever asks the same meanwhile gets the same answer, or the same error.

    Each runs as a task of its own: one browser that goes away must not take the answer from the others.
    """

    def __init__(self) -> None:
        self._under_way: dict[Key, asyncio.Task[Reply]] = {}
        self._tasks: set[asyncio.Task[Reply]] = set()

    async def ask(self, key: Key, question: Callable[[], Coroutine[Any, Any, Reply]]) -> Reply:
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(question())
            self._under_way[key] = task
            self._tasks.add(task)
            task.add_done_callback(lambda done: self._answered(key, done))
        return await asyncio.shield(task)

    def forget(self, key: Key) -> None:
        """Whoever asks from now on asks anew."""
        self._under_way.pop(key, None)

    async def aclose(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _answered(self, key: Key, task: asyncio.Task[Reply]) -> None:
        self._tasks.discard(task)
        if self._under_way.get(key) is task:
            del self._under_way[key]
        if not task.cancelled():
            # Looked at, for asyncio complains of an error that nobody waited for any more.
            task.exception()
