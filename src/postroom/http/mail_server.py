"""HTTP/1.1 to the mail server by aiohttp, without its redirects, cookies, proxies and decompression.

Errors say whether the request was sent: without a connection it was not (`Unreachable`); after that it may have been
(`Broken`, `Late`).
"""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
import httpx2
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from postroom.http.idle_connection import is_silent
from postroom.http.network_trouble import BROKEN_OFF, trouble_of

SUCCESS = (200, 201, 204)
# Up to this size a request is one write: the server wakes once, and we do not wait until it is written.
_SMALL = 64 * 1024
_TARGET = re.compile(r"/[\x21\x22\x24-\x7e]*")


class Unreachable(Exception):
    """There is no connection: nothing was sent."""


class Broken(Exception):
    """The connection broke, or the response is not HTTP."""


class Late(Exception):
    """No progress for too long."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long the server may take, in seconds: for a connection, for each part of a request, and for each part of a
    response, the head included (None: without a limit)."""

    connect: float
    send: float
    response: float | None


class HttpResponse:
    """Iterate it for its body. Raises `Broken`, `Late`, and what the request's `content` raises. The names in `headers`
    are in lower case."""

    def __init__(self, response: aiohttp.ClientResponse, upload: "_Upload | None") -> None:
        self._response = response
        self._upload = upload
        self.status = response.status
        self.headers: dict[str, str] = {}
        for name, value in response.raw_headers:
            # RFC 9110 §5.5: any byte may come. aiohttp takes them for UTF-8.
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text  # §5.3

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated(self._upload):
            while chunk := await self._response.content.readany():
                yield chunk


class MailServerHttp:
    """Connections to the host of `url`, reused where possible. Their number is not limited: the limit per account is
    enforced elsewhere. `context` replaces the default one for https."""

    def __init__(self, url: str, *, context: ssl.SSLContext | None = None) -> None:
        self._url = url.rstrip("/")
        secure = self._url.startswith("https:")
        self._context = context or (httpx2.create_ssl_context(trust_env=False) if secure else None)
        self._session: aiohttp.ClientSession | None = None
        self._under_way = 0
        self._closed = False

    async def aclose(self) -> None:
        """Close, but let exchanges under way end: aiohttp would let the readers of their responses hang."""
        self._closed = True
        await self._end_session()

    @asynccontextmanager
    async def exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        content: bytes | AsyncIterator[bytes],
        timeouts: Timeouts,
    ) -> AsyncGenerator[HttpResponse]:
        """The response once its head has come, even while the request is still being sent. `target` is a path below the
        URL's, and query, percent-encoded. Raises `Unreachable`, `Broken`, `Late`, and what `content` raises."""
        if not _TARGET.fullmatch(target):
            raise ValueError("the target is not a path")
        upload = None if isinstance(content, bytes) and len(content) <= _SMALL else _Upload(content, timeouts)
        if upload and isinstance(content, bytes):
            headers = {**headers, "Content-Length": str(len(content))}
        response: aiohttp.ClientResponse | None = None
        self._under_way += 1
        try:
            with _translated(upload):
                # Not left to aiohttp, which hangs after a 1xx response.
                async with upload.time if upload else asyncio.timeout(_for_head(timeouts)):
                    response = await self._open().request(
                        method,
                        URL(self._url + target, encoded=True),
                        headers=headers,
                        data=upload.parts() if upload else content or None,
                        allow_redirects=False,
                        timeout=aiohttp.ClientTimeout(connect=timeouts.connect, sock_read=timeouts.response),
                    )
                    if upload:
                        upload.is_answered = True
            yield HttpResponse(response, upload)
        finally:
            self._under_way -= 1
            if response:
                response.close()
            try:
                if upload:
                    await upload.settle()
            finally:
                await self._end_session()

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:
            raise Unreachable("closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=_Connector(self._context),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),  # a person's cookie would be sent with another person's request
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
                trust_env=False,  # a proxy from the environment would receive our credentials
            )
            # A repeated request may find no connection, which would hide that the first one was sent.
            self._session._retry_connection = False  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] — aiohttp has no public switch
        return self._session

    async def _end_session(self) -> None:
        if self._session and self._closed and not self._under_way:
            await self._session.close()


class _Upload:
    """A request's body in parts. `time` runs while a part is sent, not while we wait for our client."""

    def __init__(self, content: bytes | AsyncIterator[bytes], timeouts: Timeouts) -> None:
        self._content = _sliced(content) if isinstance(content, bytes) else content
        self._timeouts = timeouts
        self._reading = asyncio.Lock()
        self.time = asyncio.timeout(None)
        self.is_answered = False
        self.error: Exception | None = None
        """what `content` raised; aiohttp reports it as a connection error"""

    async def parts(self) -> AsyncIterator[bytes]:
        while part := await self._next():
            self._allow(self._timeouts.send)
            yield part
            self._allow(None)
        self._allow(self._timeouts.response)

    async def settle(self) -> None:
        """Return when no part is being read. aiohttp does not wait for the sending task that it cancels, and `content`
        cannot be closed while it runs."""
        async with self._reading:
            pass

    async def _next(self) -> bytes:
        async with self._reading:
            try:
                return await anext(self._content, b"")
            except Exception as error:  # any error: `_translated` raises it instead of aiohttp's
                self.error = error
                raise

    def _allow(self, seconds: float | None) -> None:
        if not self.is_answered:
            self.time.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)


def _for_head(timeouts: Timeouts) -> float | None:
    return None if timeouts.response is None else timeouts.connect + timeouts.response


async def _sliced(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), _SMALL):
        yield content[start : start + _SMALL]


@contextmanager
def _translated(upload: _Upload | None) -> Generator[None]:
    try:
        yield
    # ValueError: from a header that contains a line break
    except (TimeoutError, aiohttp.ClientError, HttpProcessingError, ValueError) as error:
        if upload and upload.error:
            raise upload.error from None
        kind = Late if isinstance(error, TimeoutError) else Broken
        raise kind(_why(error)) from error


def _why(error: Exception) -> str:
    if trouble := trouble_of(error):
        return str(trouble)
    match error:
        case aiohttp.ClientConnectionError() | aiohttp.ClientPayloadError() | RuntimeError():
            return BROKEN_OFF
        case aiohttp.ClientResponseError() | HttpProcessingError():
            return "what came is not HTTP"
        case _:
            return type(error).__name__


class _Connector(aiohttp.TCPConnector):
    """Every error here is raised before anything was sent."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(limit=0, ssl=context or True, socket_factory=_socket)  # pyright: ignore[reportUnknownMemberType] — an address is a tuple of no stated types
        self._factory = partial(_Protocol, loop=self._loop)  # aiohttp has no documented way to name a protocol

    async def connect(self, req: aiohttp.ClientRequest, traces: list[Any], timeout: aiohttp.ClientTimeout) -> Any:  # noqa: ASYNC109 — aiohttp's name
        try:
            return await super().connect(req, traces, timeout)
        # UnicodeError: from an invalid host name. RuntimeError: uvloop's, for a socket that has just broken.
        except (OSError, UnicodeError, RuntimeError) as error:
            raise Unreachable(_why(error)) from error


class _Protocol(ResponseHandler):
    """Decides which connection may be reused, and how one ends."""

    def is_connected(self) -> bool:
        """Whether it may be reused. Data that has arrived since the last response is unrequested: it would be taken for
        the response to the next request."""
        return (
            super().is_connected()
            and not self.should_close
            and not self._has_begun_another()
            and self.transport is not None
            and is_silent(self.transport.get_extra_info("socket").fileno())
        )

    def _has_begun_another(self) -> bool:
        """Whether part of another head has arrived after the last response and is already parsed."""
        try:
            return self._parser is not None and self._parser.feed_eof() is not None
        except HttpProcessingError:
            return True

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """aiohttp notifies only a reader of the head; without this, a reader of the body would hang."""
        super().set_exception(exc, exc_cause or exc)
        if self._payload is not None and not self._payload.is_eof():
            self._payload.set_exception(exc)

    def eof_received(self) -> None:
        """The server sends no more. Unsent data would keep the connection open, perhaps forever."""
        super().eof_received()
        if self.transport:
            self.transport.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        # A body of no stated length ends with the connection (RFC 9112 §6.3), but not with one that broke.
        if exc is not None:
            self.set_exception(aiohttp.ClientOSError(*exc.args), exc)
        super().connection_lost(exc)

    def feed_data(self, data: Any, size: int = 0) -> None:
        # Stalwart may close the connection of an unsuccessful response without announcing it (seen on 0.16.19, when it
        # had not read our body yet): the next request on it would fail with an unknown outcome.
        if data[0].code >= 200 and data[0].code not in SUCCESS:
            self.force_close()
        super().feed_data(data, size)

    def close(self) -> None:
        """Close at once. Unsent data would keep it open, perhaps forever."""
        self.abort()


def _socket(address: Any) -> socket.socket:
    made = socket.socket(*address[:3])
    # A stream without pings has no other way to notice that the server is gone.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return made
