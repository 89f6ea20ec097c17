"""Exchanges of our HTTP client for the mail server with a scripted server.

async with http_to(answering(ONE)) as http:
    status, headers, body = await exchange(http)
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from http_server import Serve, server
from postroom.http.mail_server import MailServerHttp, Timeouts

OK = b"HTTP/1.1 200 OK\r\n"
ONE = OK + b"Content-Length: 1\r\n\r\na"
SOON = 5.0
DEFAULT_TIMEOUTS = Timeouts(connect=SOON, send=SOON, response=SOON)


@asynccontextmanager
async def http_to(serve: Serve) -> AsyncIterator[MailServerHttp]:
    async with server(serve) as url, opened(url) as http:
        yield http


@asynccontextmanager
async def opened(url: str, context: ssl.SSLContext | None = None) -> AsyncIterator[MailServerHttp]:
    http = MailServerHttp(url, context=context)
    try:
        yield http
    finally:
        await http.aclose()


async def exchange(
    http: MailServerHttp,
    content: bytes | AsyncIterator[bytes] = b"",
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, dict[str, str], bytes]:
    async with http.exchange("POST", "/jmap/x?y=z", headers or {}, content, timeouts) as answer:
        return answer.status, answer.headers, b"".join([chunk async for chunk in answer])


class Counting:
    """Serves like `serve`, and counts the connections."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.made = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.made += 1
        await self._serve(reader, writer)
