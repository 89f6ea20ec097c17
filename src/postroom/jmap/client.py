"""A JMAP client for one person: session, calls and event streams. Every request may be repeated: it
reads, or sets what it would set again."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from postroom.domain.jittered_backoff import backoff
from postroom.http.mail_server import HttpResponse as HttpAnswer
from postroom.jmap.errors import ConcurrencyLimited, HttpError, JmapError, NotAnswered, Unreadable
from postroom.jmap.http_connection import JmapConnection
from postroom.jmap.limit_backoff import QUEUE_SECONDS, LimitBackoff
from postroom.jmap.request import MAIL, Call, body_of
from postroom.jmap.response import JmapResponse, MethodResponses
from postroom.jmap.session import Session
from postroom.jmap.url import origin_of, redirected

ATTEMPTS = 4
"""How often a request is sent, apart from refusals by the limit of concurrent requests."""

_REDIRECTS = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0

T = TypeVar("T")


class JmapClient:
    """The client of one person at one server. Credentials are sent to `base_url` only: scheme, host and port.
    Raises `ValueError` if it is not an http(s) URL.

    `authorization` returns the header's value before each request; `connection` is shared with other clients. `pause`,
    `uniform` and `monotonic` are time and chance, for tests. Every `deadline` is in seconds and includes all waiting.
    """

    def __init__(
        self,
        base_url: str,
        authorization: Callable[[], Awaitable[str]],
        connection: JmapConnection,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        origin_of(base_url)
        self._session_url = base_url.rstrip("/") + "/.well-known/jmap"
        self._authorization = authorization
        self._connection = connection
        self.pause, self.uniform, self.monotonic = pause, uniform, monotonic
        self._session: Session | None = None
        self._named_state = ""

    async def session(self, *, deadline: float) -> Session:
        """The session, fetched once and again when a response shows that it has changed. Raises `JmapError`s."""
        if self._session is None:
            ends = self.monotonic() + deadline
            self._session = await self._retry(lambda: self._fetch_session(ends), ends)
        return self._session

    def forget_session(self) -> None:
        """Fetch it again before the next request: the server's URLs or limits may have changed."""
        self._session = None

    async def call(self, calls: Sequence[Call], *, deadline: float, capability: str = MAIL) -> MethodResponses:
        """The responses to calls of this capability. Raises `JmapError`s; the errors of single calls are raised when
        their responses are read."""
        ends = self.monotonic() + deadline
        session, body = await self.session(deadline=deadline), body_of(calls, capability)
        response = await self._retry(lambda: self._post(session, body, ends), ends)
        self._check_state(response.session_state)
        return response

    @asynccontextmanager
    async def stream(self, url: str, headers: Mapping[str, str], *, within: float) -> AsyncGenerator[HttpAnswer]:
        """GET a URL of the session, whatever the status of the response. Raises `NotSent` and `NotAnswered`."""
        headers = {**headers, "Authorization": await self._authorization()}
        async with self._connection.open("GET", url, headers, within=within) as found:
            yield found

    async def _fetch_session(self, ends: float) -> Session:
        url = self._session_url
        for _ in range(1 + _REDIRECTS):
            response = await self._exchange("GET", url, {"Accept": "application/json"}, b"", ends)
            if response.status not in (301, 302, 303, 307, 308):
                return Session.read(response.success(), url=url)
            url = redirected(response.headers.get("location", ""), url)
        raise Unreadable("mail server redirects without end")

    async def _post(self, session: Session, body: bytes, ends: float) -> MethodResponses:
        response = await self._exchange("POST", session.api_url, {"Content-Type": "application/json"}, body, ends)
        try:
            return MethodResponses.read(response.success())
        except HttpError as error:
            if error.status != 401 and not error.temporary:
                self.forget_session()
            raise

    async def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes, ends: float
    ) -> JmapResponse:
        headers = {**headers, "Authorization": await self._authorization()}
        left = max(0.001, ends - self.monotonic())
        try:
            async with asyncio.timeout(left):
                return await self._connection.exchange(method, url, headers, content, within=left)
        except TimeoutError as error:
            raise NotAnswered("mail server did not answer within the deadline") from error

    async def _retry(self, send: Callable[[], Awaitable[T]], ends: float) -> T:
        """The result of `send`, repeated after passing errors until `ends`."""
        limit_backoff, failures = LimitBackoff(QUEUE_SECONDS, self.uniform), 0
        while True:
            try:
                return await send()
            except ConcurrencyLimited:
                pause = limit_backoff.refused(self.monotonic())
                if pause is None or self.monotonic() + pause >= ends:
                    raise
            except JmapError as error:
                asked = error.retry_after if isinstance(error, HttpError) else None
                pause = backoff(failures, self.uniform, asked=asked, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
                failures += 1
                if not error.temporary or failures == ATTEMPTS or self.monotonic() + pause >= ends:
                    raise
            await self.pause(pause)

    def _check_state(self, state: str) -> None:
        """Forget the session if a response names another state (RFC 8620 §3.4), but once for each state: some servers
        may never name the state of their session."""
        if self._session and state not in ("", self._session.state, self._named_state):
            self._session = None
            self._named_state = state
