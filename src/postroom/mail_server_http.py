"""HTTP/1.1 to the mail server by aiohttp, without what it does beyond that: redirects, cookies, proxies, decompression.

"Was it sent?" has a certain answer: while there was no connection, nothing was (`Unreachable`); after that it may have
been (`Broken`, `Late`).
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

from postroom.idle_connection import is_silent

SUCCESS = (200, 201, 204)
# The server is woken once for a request that is no larger, and nobody waits until it is written.
_SMALL = 64 * 1024
_TARGET = re.compile(r"/[\x21\x22\x24-\x7e]*")


class Unreachable(Exception):
    """There is no connection: nothing was sent."""


class Broken(Exception):
    """The connection broke off, or what came is no HTTP."""


class Late(Exception):
    """Nothing moved for too long."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the server may take, in seconds: for a connection, for each part of a request, and for each part of an
    answer, of which its head is one (None: for ever)."""

    connect: float
    take: float
    answer: float | None


class HttpResponse:
    """Iterate it for its body. Raises `Broken`, `Late`, and what the request's `content` raises. `headers`: their names
    in lower case."""

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
        with _told(self._upload):
            while chunk := await self._response.content.readany():
                yield chunk


class MailServerHttp:
    """Connections to the host of `url`, kept for the next exchange where they can be. As many at once as are asked
    for: what an account may have under way is counted elsewhere. `context` is for https, in the place of the usual
    one."""

    def __init__(self, url: str, *, context: ssl.SSLContext | None = None) -> None:
        self._url = url.rstrip("/")
        secure = self._url.startswith("https:")
        self._context = context or (httpx2.create_ssl_context(trust_env=False) if secure else None)
        self._session: aiohttp.ClientSession | None = None
        self._under_way = 0
        self._closed = False

    async def aclose(self) -> None:
        """What is under way goes on: aiohttp would let who reads its answer wait for ever."""
        self._closed = True
        await self._end_session()

    @asynccontextmanager
    async def exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        content: bytes | AsyncIterator[bytes],
        patience: Patience,
    ) -> AsyncGenerator[HttpResponse]:
        """The answer as soon as its head has come, also while the request is still sent. `target` is a path below the
        URL's, and query, percent-encoded. Raises `Unreachable`, `Broken`, `Late`, and what `content` raises."""
        if not _TARGET.fullmatch(target):
            raise ValueError("the target is no path")
        upload = None if isinstance(content, bytes) and len(content) <= _SMALL else _Upload(content, patience)
        if upload and isinstance(content, bytes):
            headers = {**headers, "Content-Length": str(len(content))}
        response: aiohttp.ClientResponse | None = None
        self._under_way += 1
        try:
            with _told(upload):
                # Not left to aiohttp: after a 1xx answer it waits for ever.
                async with upload.time if upload else asyncio.timeout(_for_head(patience)):
                    response = await self._open().request(
                        method,
                        URL(self._url + target, encoded=True),
                        headers=headers,
                        data=upload.parts() if upload else content or None,
                        allow_redirects=False,
                        timeout=aiohttp.ClientTimeout(connect=patience.connect, sock_read=patience.answer),
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
                cookie_jar=aiohttp.DummyCookieJar(),  # one of a person would go with the next one's request
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
                trust_env=False,  # a proxy from there would receive our credentials
            )
            # What is sent again may find no connection, and then nobody would be told that it was sent before.
            self._session._retry_connection = False  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] — aiohttp has no public switch
        return self._session

    async def _end_session(self) -> None:
        if self._session and self._closed and not self._under_way:
            await self._session.close()


class _Upload:
    """A request's body, part by part. `time` runs while the server takes one; not while we wait for its client."""

    def __init__(self, content: bytes | AsyncIterator[bytes], patience: Patience) -> None:
        self._content = _sliced(content) if isinstance(content, bytes) else content
        self._patience = patience
        self._asking = asyncio.Lock()
        self.time = asyncio.timeout(None)
        self.is_answered = False
        self.error: Exception | None = None
        """what `content` raised, which aiohttp tells as an error of the connection"""

    async def parts(self) -> AsyncIterator[bytes]:
        while part := await self._next():
            self._allow(self._patience.take)
            yield part
            self._allow(None)
        self._allow(self._patience.answer)

    async def settle(self) -> None:
        """Returns when nobody asks for a part any more. aiohttp does not wait for the task that sends when it cancels
        it, and `content` cannot be closed while it runs."""
        async with self._asking:
            pass

    async def _next(self) -> bytes:
        async with self._asking:
            try:
                return await anext(self._content, b"")
            except Exception as error:  # whatever it is, `_told` raises it in the place of aiohttp's
                self.error = error
                raise

    def _allow(self, seconds: float | None) -> None:
        if not self.is_answered:
            self.time.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)


def _for_head(patience: Patience) -> float | None:
    return None if patience.answer is None else patience.connect + patience.answer


async def _sliced(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), _SMALL):
        yield content[start : start + _SMALL]


@contextmanager
def _told(upload: _Upload | None) -> Generator[None]:
    try:
        yield
    # ValueError: of a header that would be two
    except (TimeoutError, aiohttp.ClientError, HttpProcessingError, ValueError) as error:
        if upload and upload.error:
            raise upload.error from None
        told = Late if isinstance(error, TimeoutError) else Broken
        raise told(type(error).__name__) from error


class _Connector(aiohttp.TCPConnector):
    """Whatever goes wrong here, nothing was sent yet."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(limit=0, ssl=context or True, socket_factory=_socket)  # pyright: ignore[reportUnknownMemberType] — an address is a tuple of no stated types
        self._factory = partial(_Protocol, loop=self._loop)  # aiohttp has no documented way to name a protocol

    async def connect(self, req: aiohttp.ClientRequest, traces: list[Any], timeout: aiohttp.ClientTimeout) -> Any:  # noqa: ASYNC109 — aiohttp's name
        try:
            return await super().connect(req, traces, timeout)
        # UnicodeError: of a host that is no name. RuntimeError: uvloop's, for a socket that broke a moment ago.
        except (OSError, UnicodeError, RuntimeError) as error:
            raise Unreachable(type(error).__name__) from error


class _Protocol(ResponseHandler):
    """Which connection may be used again, and how one ends."""

    def is_connected(self) -> bool:
        """Asked before it is used again. Whatever came since, nobody asked for: the next answer would be taken for one
        to another question."""
        return (
            super().is_connected()
            and not self.should_close
            and not self._has_begun_another()
            and self.transport is not None
            and is_silent(self.transport.get_extra_info("socket").fileno())
        )

    def _has_begun_another(self) -> bool:
        """Whether part of a head came after the last answer, which the loop has read already."""
        try:
            return self._parser is not None and self._parser.feed_eof() is not None
        except HttpProcessingError:
            return True

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """aiohttp tells who waits for the head. Who reads the body would wait for ever."""
        super().set_exception(exc, exc_cause or exc)
        if self._payload is not None and not self._payload.is_eof():
            self._payload.set_exception(exc)

    def eof_received(self) -> None:
        """No more will come. What is still to be written would hold the connection open, perhaps for ever."""
        super().eof_received()
        if self.transport:
            self.transport.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        # A body of no stated length ends with the connection (RFC 9112 §6.3), but not with one that broke.
        if exc is not None:
            self.set_exception(aiohttp.ClientOSError(*exc.args), exc)
        super().connection_lost(exc)

    def feed_data(self, data: Any, size: int = 0) -> None:
        # Stalwart may close the connection of an answer that is no success without saying so (seen on 0.16.19, when it
        # had not read our body yet): the next request on it would break with an unknown outcome.
        if data[0].code >= 200 and data[0].code not in SUCCESS:
            self.force_close()
        super().feed_data(data, size)

    def close(self) -> None:
        """At once. What is still to be written would hold it open, perhaps for ever."""
        self.abort()


def _socket(address: Any) -> socket.socket:
    made = socket.socket(*address[:3])
    # A stream without pings finds out in no other way that the server is gone.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return made
