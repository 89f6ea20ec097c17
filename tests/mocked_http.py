"""HTTP to a mail server that is replaced by a function."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urljoin

import httpx2

from postroom.jmap.http_connection import JmapConnection
from postroom.mail_server_http import Broken, HttpResponse, MailServerHttp, Timeouts, Unreachable


class MockedHttp(MailServerHttp):
    """`handle` returns the response, as for httpx2's MockTransport."""

    def __init__(self, url: str, handle: Any) -> None:
        super().__init__(url)
        self._client = httpx2.AsyncClient(base_url=url, transport=httpx2.MockTransport(handle))

    @asynccontextmanager
    async def exchange(
        self, method: str, target: str, headers: Mapping[str, str], content: Any, timeouts: Timeouts
    ) -> AsyncGenerator[HttpResponse]:
        timeout = httpx2.Timeout(timeouts.response, connect=timeouts.connect)
        try:
            async with self._client.stream(
                method, target, headers=headers, content=content, timeout=timeout
            ) as response:
                yield _Answer(response)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise Unreachable(type(error).__name__) from error
        except httpx2.HTTPError as error:
            raise Broken(type(error).__name__) from error


class _Answer(HttpResponse):
    def __init__(self, response: httpx2.Response) -> None:
        self.status, self.headers, self._body = response.status_code, dict(response.headers), response.aiter_bytes()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._body


def mocked(url: str, handle: Any) -> JmapConnection:
    return JmapConnection(url, http=MockedHttp(urljoin(url, "/"), handle))
