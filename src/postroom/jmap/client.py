"""A JMAP client for one person: session, calls, uploads and downloads, within the limits that the server names.

client = JmapClient("http://mail.example.org:8080", "Bearer …")
session = await client.session(deadline=5)
request = Request()
boxes = request.add("Mailbox/get", {"accountId": session.account_for(MAIL), "ids": None})
print((await client.call(request, deadline=5)).of(boxes)["list"])
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import httpx2

from postroom.jmap.answer import Answer, Arguments, Reply
from postroom.jmap.connection import Connection, ReplyStream
from postroom.jmap.errors import HttpError, JmapError, NotAnswered, NotSent, TooLarge, Unreadable
from postroom.jmap.parts import joined, parts_of
from postroom.jmap.request import Request, body_of, only_read
from postroom.jmap.session import Limits, Session
from postroom.jmap.url import origin_of, redirected

Authorization = str | Callable[[], Awaitable[str]]
"""The value of the header, or what gives it before each request."""

AT_ONCE = 4
"""Requests, and uploads, of one person at once: Stalwart refuses a fifth."""

_REDIRECTS = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Blob:
    """`size` in bytes."""

    id: str
    type: str
    size: int


class JmapClient:
    """Of one person at one server: keep it, for the limits are kept by it. `base_url` is scheme, host and port, and
    the only place where the credentials go, unless `trust_urls` believes the session's URLs. Raises `ValueError` if it
    is no http(s) URL.

    `attempts`: how often something is sent that cannot apply twice. `http`: connections shared with others (see
    `open_http`). `pause`, `uniform` and `monotonic` are time and chance, for tests. Every `deadline` is in seconds
    for the whole, waiting included.
    """

    def __init__(
        self,
        base_url: str,
        authorization: Authorization,
        *,
        session_path: str = "/.well-known/jmap",
        trust_urls: bool = False,
        attempts: int = 4,
        http: httpx2.AsyncClient | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        origin_of(base_url)
        self.base_url = base_url.rstrip("/")
        self._authorization = authorization
        self._session_url = self.base_url + session_path
        self._trust_urls = trust_urls
        self._attempts = attempts
        self._connection = Connection(http=http, transport=transport)
        self.pause, self.uniform, self.monotonic = pause, uniform, monotonic
        self._session: Session | None = None
        self._named_state = ""
        self._limited = False
        self._session_turn = asyncio.Lock()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._upload_turns = asyncio.Semaphore(AT_ONCE)

    async def aclose(self) -> None:
        await self._connection.aclose()

    async def session(self, *, deadline: float) -> Session:
        """The session, asked for once and again when an answer says that it has changed. Raises `JmapError`s."""
        ends = self.monotonic() + deadline
        found = self._session
        if found is None:
            try:
                async with self._turn(self._session_turn, ends):
                    found = self._session
                    if found is None:
                        fetched = await self._again(lambda: self._fetch_session(ends), ends, repeatable=True)
                        found = self._use(fetched)
            except JmapError as error:
                error.never_applied = True  # whatever was to be done in this session
                raise
        return found

    def forget_session(self) -> None:
        """Ask for it again before the next request: perhaps the server has moved, or its limits have."""
        self._session = None

    async def call(self, request: Request, *, deadline: float) -> Answer:
        """What the server answered to each call. Raises `JmapError`s but those of single calls, which are raised
        when their answers are taken, and `ValueError` for a method of an unknown data type.

        Sent again by itself is only what certainly changed nothing, or only reads. A request too long for the server
        goes in parts; when a later part fails, `never_applied` is about all of them.
        """
        ends = self.monotonic() + deadline
        session = await self.session(deadline=deadline)
        parts = parts_of(request.calls, session.limits)
        bodies = [_body(body_of(calls, request.using), session.limits) for calls in parts.requests]
        responses: dict[str, list[tuple[str, Arguments]]] = {}
        changed = False
        for calls, body in zip(parts.requests, bodies, strict=True):
            reads = only_read(calls)
            try:
                answer = await self._again(lambda body=body: self._post(session, body, ends), ends, repeatable=reads)
            except JmapError as error:
                error.never_applied = error.never_applied and not changed
                raise
            changed = changed or not reads
            responses |= answer.responses
            self._compare(answer.session_state)
        return joined(Answer(responses), parts.chunks)

    async def upload(
        self,
        account_id: str,
        content: bytes | AsyncIterable[bytes],
        *,
        type: str,  # noqa: A002 - RFC 8620 §6.1 names it so
        size: int | None = None,
        deadline: float,
    ) -> Blob:
        """Store `content` at the server. It is sent once: a stream cannot be sent again. Raises `JmapError`s."""
        ends = self.monotonic() + deadline
        session = await self.session(deadline=deadline)
        most = session.limits.max_size_upload
        size = len(content) if isinstance(content, bytes) else size
        if size is not None and size > most:
            raise TooLarge("maxSizeUpload", f"{size} bytes are more than the mail server takes in one upload")
        headers = {"Content-Type": type}
        if not isinstance(content, bytes):
            content = _at_most(content, most)
            headers |= {"Content-Length": str(size)} if size is not None else {}
        url = session.upload_url(account_id)
        async with self._turn(self._upload_turns, ends):
            found = (await self._exchange("POST", url, headers, content, ends)).success()
        match found:
            case {"blobId": str(blob_id), "type": str(kind), "size": int(stored)}:
                return Blob(blob_id, kind, stored)
            case _:
                raise Unreadable("mail server's answer to an upload cannot be read")

    @asynccontextmanager
    async def download(
        self,
        account_id: str,
        blob_id: str,
        *,
        name: str = "blob",
        type: str = "application/octet-stream",  # noqa: A002 - RFC 8620 §6.2 names it so
        headers: Mapping[str, str] | None = None,
        deadline: float,
    ) -> AsyncGenerator[ReplyStream]:
        """The content of a blob as a stream; `deadline` is for its beginning, and bounds each wait for more of it.
        `headers` go with the request (`Range`, …): its status is 200, 206 or 304. Raises `JmapError`s."""
        ends = self.monotonic() + deadline
        url = (await self.session(deadline=deadline)).download_url(account_id, blob_id, name=name, type=type)
        async with self.stream(url, headers or {}, within=ends - self.monotonic()) as found:
            if found.status not in (200, 206, 304):
                raise (await found.read()).error()
            yield found

    @asynccontextmanager
    async def stream(self, url: str, headers: Mapping[str, str], *, within: float) -> AsyncGenerator[ReplyStream]:
        """GET a URL of the session, whatever its answer's status. Raises `NotSent` and `NotAnswered`."""
        headers = {**headers, **await self._credentials()}
        try:
            async with asyncio.timeout(within):
                found = await self._connection.open("GET", url, headers, within=within)
        except TimeoutError as error:
            raise NotAnswered("mail server did not answer within the deadline") from error
        try:
            yield found
        finally:
            await found.aclose()

    async def _fetch_session(self, ends: float) -> Session:
        url = self._session_url
        for _ in range(1 + _REDIRECTS):
            reply = await self._exchange("GET", url, {"Accept": "application/json"}, None, ends)
            if reply.status not in (301, 302, 303, 307, 308):
                return Session.read(reply.success(), url=url, base=self.base_url, trust_urls=self._trust_urls)
            url = redirected(reply.headers.get("location", ""), url)
        raise Unreadable("mail server redirects without end")

    async def _post(self, session: Session, body: bytes, ends: float) -> Answer:
        headers = {"Content-Type": "application/json"}
        async with self._turn(self._turns, ends):
            reply = await self._exchange("POST", session.api_url, headers, body, ends)
        try:
            return Answer.read(reply.success())
        except HttpError as error:
            if error.status != 401 and not error.temporary:
                self.forget_session()
            raise

    async def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | AsyncIterable[bytes] | None,
        ends: float,
    ) -> Reply:
        headers = {**headers, **await self._credentials()}
        left = max(0.001, ends - self.monotonic())
        try:
            async with asyncio.timeout(left):
                return await self._connection.exchange(method, url, headers, content, within=left)
        except TimeoutError as error:
            raise NotAnswered("mail server did not answer within the deadline") from error

    async def _again(self, send: Callable[[], Awaitable[T]], ends: float, *, repeatable: bool) -> T:
        """What `send` gives, sent again while that helps, is safe, and ends in time."""
        for attempt in range(1, self._attempts):
            try:
                return await send()
            except JmapError as error:
                if not error.temporary or not (error.never_applied or repeatable):
                    raise
                pause = pause_after(attempt, error, self.uniform)
                if self.monotonic() + pause >= ends:
                    raise
            await self.pause(pause)
        return await send()

    @asynccontextmanager
    async def _turn(self, turns: asyncio.Lock | asyncio.Semaphore, ends: float) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(ends - self.monotonic()):
                await turns.acquire()
        except TimeoutError as error:
            raise NotSent("mail server serves too many of our requests already") from error
        try:
            yield
        finally:
            turns.release()

    async def _credentials(self) -> dict[str, str]:
        known = self._authorization
        return {"Authorization": known if isinstance(known, str) else await known()}

    def _use(self, session: Session) -> Session:
        if not self._limited:  # later, requests under way hold turns of the first ones
            self._limited = True
            self._turns = asyncio.Semaphore(min(AT_ONCE, session.limits.max_concurrent_requests))
            self._upload_turns = asyncio.Semaphore(min(AT_ONCE, session.limits.max_concurrent_upload))
        self._session = session
        return session

    def _compare(self, state: str) -> None:
        """Forget the session if an answer names another state (RFC 8620 §3.4), once for each: there may be servers
        whose answers never name the state of their session."""
        if self._session and state not in ("", self._session.state, self._named_state):
            self._session = None
            self._named_state = state


def pause_after(attempt: int, error: JmapError, uniform: Callable[[float, float], float]) -> float:
    """Seconds before attempt number `attempt` is repeated: doubling, at random so that a crowd disperses, and never
    less than the server asked for."""
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)
    asked = error.retry_after if isinstance(error, HttpError) else None
    return (asked or 0.0) + uniform(longest / 2, longest)


def _body(content: bytes, limits: Limits) -> bytes:
    if len(content) > limits.max_size_request:
        raise TooLarge("maxSizeRequest", f"a request of {len(content)} bytes is more than the mail server takes")
    return content


async def _at_most(content: AsyncIterable[bytes], most: int) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in content:
        size += len(chunk)
        if size > most:
            raise TooLarge("maxSizeUpload", "the upload is larger than the mail server takes")
        yield chunk
