"""Sends single HTTP requests to the mail server. It never repeats one: that is decided elsewhere."""

import string
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote, urljoin, urlsplit

from postroom.http.mail_server import Broken, HttpResponse, Late, MailServerHttp, Timeouts, Unreachable
from postroom.jmap.errors import NotAnswered, NotSent
from postroom.jmap.response import JmapResponse

CONNECT_WITHIN = 3.0

MOST_READ = 16 * 1024 * 1024
"""Bytes of a response's body: 500 accounts with 32 KiB each. Parsing them blocks all else for a tenth of a second."""


class JmapConnection:
    """Connections to the host of `url`, whatever host the URL of a request names. `http` is for tests."""

    def __init__(self, url: str, *, http: MailServerHttp | None = None) -> None:
        self._http = http or MailServerHttp(urljoin(url, "/"))
        self.requests = 0
        """HTTP requests sent so far"""

    async def aclose(self) -> None:
        """Requests in flight go on."""
        await self._http.aclose()

    async def exchange(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b"", *, within: float
    ) -> JmapResponse:
        """The response, whatever its status. `within` limits each wait for the network, in seconds. Raises `NotSent`
        and `NotAnswered`."""
        async with self.open(method, url, headers, content, within=within) as response:
            return await read(response)

    @asynccontextmanager
    async def open(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b"", *, within: float
    ) -> AsyncGenerator[HttpResponse]:
        """The response before its body. Raises as `exchange`, also while the body is read."""
        self.requests += 1
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        timeouts = Timeouts(connect=min(CONNECT_WITHIN, within), send=within, response=within)
        headers = {"Accept": "*/*", **headers, "Accept-Encoding": "identity"}
        try:
            # A server may name URLs with characters that are not percent-encoded.
            target = quote(target, safe=string.punctuation, errors="replace")
            async with self._http.exchange(method, target, headers, content, timeouts) as response:
                yield response
        except Unreachable as error:
            raise NotSent(f"mail server cannot be reached ({error})") from error
        except (Broken, Late) as error:
            raise NotAnswered(f"mail server did not answer ({error})") from error


async def read(response: HttpResponse) -> JmapResponse:
    """The complete response. Raises `NotAnswered` if it is too large."""
    content = bytearray()
    async for chunk in response:
        content += chunk
        if len(content) > MOST_READ:
            raise NotAnswered(f"mail server's response is too large (more than {MOST_READ} bytes)")
    return JmapResponse(response.status, response.headers, bytes(content))
