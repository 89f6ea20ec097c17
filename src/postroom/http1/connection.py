"""One connection to the mail server: HTTP/1.1 (RFC 9112), one exchange at a time, bytes as they come.

A client library does more than is wanted here (redirects, cookies, proxies) and takes 0.3 ms for an exchange, which is
a fifth of what a list of mail takes at the mail server: see `python -m benchmarks.gateway`. The parser is llhttp.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import TypeVar, cast

import httptools

from postroom.kept_connection import is_silent

T = TypeVar("T")

MAX_HEAD = 64 * 1024
# Bytes that wait for their reader before the mail server is made to wait.
_HIGH, _LOW = 256 * 1024, 64 * 1024
# Copied behind a request's head, so that the mail server is woken once.
_SMALL = 64 * 1024
_TARGET = re.compile(r"/[\x21-\x7e]*")
_NAME = re.compile(r"[A-Za-z-]+")
_VALUE = re.compile(r"[\x20-\x7e\x80-\xff\t]*")


class Broken(Exception):
    """The connection broke off, or what came is no HTTP."""


class Late(Exception):
    """Nothing moved for too long."""


def head_of(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """Of a request. Raises ValueError for what would be read as something else."""
    if not _TARGET.fullmatch(target):
        raise ValueError("the target is no path")
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"the header {name!r} is none")
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "\r\n"]
    return "\r\n".join(lines).encode("latin-1")


class Connection(asyncio.Protocol):
    """`begin` an exchange, `send` its parts, `receive_head`, and then `receive` until nothing comes. It is good for
    another one if `is_idle` says so afterwards; otherwise `abort` it."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        """Names in lower case"""
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._lost = False
        self._full = False
        self._paused = False
        self._changed = asyncio.Event()
        self._forget()

    def _forget(self) -> None:
        self._head_size = 0
        self._has_head = False
        self._complete = False
        self._sent = False
        self._reusable = True
        self._error = ""
        self._chunks: list[bytes] = []
        self._waiting = 0

    # One exchange

    def begin(self) -> None:
        self._forget()
        self.status, self.headers = 0, {}
        self._parser = httptools.HttpResponseParser(self)

    async def send(self, head: bytes, body: bytes, *, within: float) -> None:
        """All of a request, or as much as the server takes before it answers. Raises `Late`. That the connection broke
        is seen when the answer is received: a server may answer before it has read all, and close."""
        if len(body) <= _SMALL:
            await self._write(head + body, within)
        else:
            await self._write(head, within)
            await self._write(body, within)
        self._sent = not self._full

    async def send_parts(self, head: bytes, parts: AsyncIterator[bytes], *, chunked: bool, within: float) -> None:
        """A request whose body comes by and by; `chunked` when nothing says how long it is. As `send`, but while it
        waits for a part it does not see the answer: receive its head meanwhile."""
        await self._write(head, within)
        async for part in parts:
            if self._is_answered:
                return
            await self._write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part, within)
        if chunked:
            await self._write(b"0\r\n\r\n", within)
        self._sent = not self._full

    async def receive_head(self, *, within: float | None) -> None:
        """Sets `status` and `headers`. Raises `Broken` and `Late`."""
        while not self._has_head:
            self._check()
            await self._change(within)

    async def receive(self, *, within: float | None) -> bytes:
        """What has come of the body, b"" after its end. Raises `Broken` and `Late`."""
        while not self._chunks:
            if self._complete:
                return b""
            self._check()
            await self._change(within)
        found = b"".join(self._chunks)
        self._chunks.clear()
        self._waiting = 0
        if self._paused:
            self._paused = False
            self._open.resume_reading()
        return found

    @property
    def is_idle(self) -> bool:
        return self._complete and self._sent and self._reusable and not (self._lost or self._chunks or self._error)

    @property
    def is_silent(self) -> bool:
        """Whether it is there and nobody has said anything since: only then it may be used again."""
        return not self._lost and is_silent(self.socket.fileno())

    @property
    def is_lost(self) -> bool:
        return self._lost

    @property
    def socket(self) -> socket.socket:
        return self._open.get_extra_info("socket")

    def abort(self) -> None:
        self._lost = True
        if self._transport:
            self._transport.abort()

    def _check(self) -> None:
        if self._error or self._lost:
            raise Broken(self._error or "the connection was closed")

    async def _write(self, data: bytes, within: float) -> None:
        if not self._lost:
            self._open.write(data)
        while self._full and not self._is_answered:
            await self._change(within)

    @property
    def _is_answered(self) -> bool:
        """Or will never be: what is left of the request is of no interest to anybody."""
        return self._has_head or self._lost or bool(self._error)

    async def _change(self, within: float | None) -> None:
        self._changed.clear()
        await in_time(self._changed.wait(), within)

    @property
    def _open(self) -> asyncio.Transport:
        assert self._transport
        return self._transport

    # What asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its type

    def data_received(self, data: bytes) -> None:
        if self._parser is None or self._error or self._complete:
            # Nobody asked for it: the next answer would be taken for one to another question.
            self._reusable = False
            self.abort()
            return
        if not self._has_head:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(str(error))
        if not self._has_head and self._head_size > MAX_HEAD:
            self._fail("the head of the answer has no end")
        if self._waiting > _HIGH and not self._paused:
            self._paused = True
            self._open.pause_reading()
        self._changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        # RFC 9112 §6.3: a body of no stated length ends with the connection.
        if self._has_head and exc is None and not (self._lost or self._error or self._states_length()):
            self._complete = True
        self._lost = True
        self._changed.set()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._changed.set()

    def _states_length(self) -> bool:
        return "content-length" in self.headers or "transfer-encoding" in self.headers

    def _fail(self, error: str) -> None:
        if self._complete:
            self._reusable = False
        else:
            self._error = error or "what came is no HTTP"

    # What the parser tells

    def on_message_begin(self) -> None:
        if self._complete:
            self._reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_head:  # otherwise it is a trailer
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text  # RFC 9110 §5.3

    def on_headers_complete(self) -> None:
        assert self._parser
        status = self._parser.get_status_code()
        if self._complete:
            return
        if status >= 200:
            self.status, self._has_head = status, True
            self._reusable = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        if not self._complete:
            self._chunks.append(body)
            self._waiting += len(body)

    def on_message_complete(self) -> None:
        if self._has_head:
            self._complete = True
        else:
            self.headers = {}  # RFC 9110 §15.2: of an answer that precedes the answer


async def in_time(work: Awaitable[T], seconds: float | None) -> T:
    """Raises `Late`."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError as error:
        raise Late from error
