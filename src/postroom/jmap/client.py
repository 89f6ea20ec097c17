"""A JMAP client for one person: session, calls and event streams. It only reads, so it may ask again."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from postroom.domain.jittered_backoff import backoff
from postroom.jmap.errors import ConcurrencyLimited, HttpError, JmapError, NotAnswered, Unreadable
from postroom.jmap.http_connection import JmapConnection
from postroom.jmap.limit_backoff import QUEUE_SECONDS, LimitBackoff
from postroom.jmap.request import MAIL, Call, body_of
from postroom.jmap.response import JmapResponse, MethodResponses
from postroom.jmap.session import Session
from postroom.jmap.url import origin_of, redirected
from postroom.mail_server_http import HttpResponse as HttpAnswer

ATTEMPTS = 4
"""How often something is sent while that may help, not counted what was refused because of a crowd."""

_REDIRECTS = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0

T = TypeVar("T")


class JmapClient:
    """Of one person at one server. `base_url` is scheme, host and port, and the only place where the credentials go.
    Raises `ValueError` if it is no http(s) URL.

    `authorization` gives the value of the header before each request; `connection` is shared with others.
    `pause`, `uniform` and `monotonic` are time and chance, for tests. Every `deadline` is in seconds for the whole,
    waiting included.
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
        """The session, asked for once and again when an answer says that it has changed. Raises `JmapError`s."""
        if self._session is None:
            ends = self.monotonic() + deadline
            self._session = await self._again(lambda: self._fetch_session(ends), ends)
        return self._session

    def forget_session(self) -> None:
        """Ask for it again before the next request: perhaps the server has moved, or its limits have."""
        self._session = None

    async def call(self, calls: Sequence[Call], *, deadline: float) -> MethodResponses:
        """What the server answered to each call, all of which read mail. Raises `JmapError`s but those of single
        calls, which are raised when their answers are taken."""
        ends = self.monotonic() + deadline
        session, body = await self.session(deadline=deadline), body_of(calls, MAIL)
        answer = await self._again(lambda: self._post(session, body, ends), ends)
        self._compare(answer.session_state)
        return answer

    @asynccontextmanager
    async def stream(self, url: str, headers: Mapping[str, str], *, within: float) -> AsyncGenerator[HttpAnswer]:
        """GET a URL of the session, whatever its answer's status. Raises `NotSent` and `NotAnswered`."""
        headers = {**headers, "Authorization": await self._authorization()}
        async with self._connection.open("GET", url, headers, within=within) as found:
            yield found

    async def _fetch_session(self, ends: float) -> Session:
        url = self._session_url
        for _ in range(1 + _REDIRECTS):
            reply = await self._exchange("GET", url, {"Accept": "application/json"}, b"", ends)
            if reply.status not in (301, 302, 303, 307, 308):
                return Session.read(reply.success(), url=url)
            url = redirected(reply.headers.get("location", ""), url)
        raise Unreadable("mail server redirects without end")

    async def _post(self, session: Session, body: bytes, ends: float) -> MethodResponses:
        reply = await self._exchange("POST", session.api_url, {"Content-Type": "application/json"}, body, ends)
        try:
            return MethodResponses.read(reply.success())
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

    async def _again(self, send: Callable[[], Awaitable[T]], ends: float) -> T:
        """What `send` gives, sent again while that helps and ends in time."""
        turn, failures = LimitBackoff(QUEUE_SECONDS, self.uniform), 0
        while True:
            try:
                return await send()
            except ConcurrencyLimited:
                pause = turn.refused(self.monotonic())
                if pause is None or self.monotonic() + pause >= ends:
                    raise
            except JmapError as error:
                asked = error.retry_after if isinstance(error, HttpError) else None
                pause = backoff(failures, self.uniform, asked=asked, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
                failures += 1
                if not error.temporary or failures == ATTEMPTS or self.monotonic() + pause >= ends:
                    raise
            await self.pause(pause)

    def _compare(self, state: str) -> None:
        """Forget the session if an answer names another state (RFC 8620 §3.4), once for each: there may be servers
        whose answers never name the state of their session."""
        if self._session and state not in ("", self._session.state, self._named_state):
            self._session = None
            self._named_state = state
