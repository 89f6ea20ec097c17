"""One HTTP request to the mail server, and never a second: whether to ask again is decided elsewhere."""

from collections.abc import AsyncGenerator, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import cast

import httpx2

from postroom.jmap.answer import Reply
from postroom.jmap.errors import NotAnswered, NotSent, Unreadable

CONNECT_WITHIN = 3.0


def open_http(
    *, transport: httpx2.AsyncBaseTransport | None = None, max_connections: int | None = 32, max_keepalive: int = 8
) -> httpx2.AsyncClient:
    """Connections that many `Connection`s may share; they carry no credentials. An event source holds one of
    `max_connections` (None: any number) as long as it listens."""
    return httpx2.AsyncClient(
        # No compression: answers are small, and a 400 is read as it comes.
        headers={"Accept-Encoding": "identity"},
        limits=httpx2.Limits(max_connections=max_connections, max_keepalive_connections=max_keepalive),
        follow_redirects=False,
        transport=transport,
        # No cookies: one of a person, or of a proxy that knows a person by it, would go with the next one's request.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        # A proxy from the environment would receive our credentials.
        trust_env=False,
    )


class ReplyStream:
    """A reply whose body is still to come, once: by `chunks` or by `read`. Close it."""

    def __init__(self, answer: httpx2.Response) -> None:
        self._answer = answer
        self.status = answer.status_code
        self.headers: Mapping[str, str] = answer.headers

    async def chunks(self) -> AsyncGenerator[bytes]:
        """The body as it arrives, not decoded. Raises `NotAnswered` when it breaks off."""
        try:
            async for chunk in _raw(self._answer):
                yield chunk
        except httpx2.HTTPError as error:
            raise NotAnswered(f"mail server's answer broke off ({type(error).__name__})") from error

    async def read(self) -> Reply:
        """Raises `NotAnswered`."""
        try:
            return Reply(self.status, self.headers, await _read(self._answer))
        except httpx2.HTTPError as error:
            raise NotAnswered(f"mail server did not answer ({type(error).__name__})") from error

    async def aclose(self) -> None:
        await self._answer.aclose()


class Connection:
    """`http` is shared and stays open; without it there is an own one, which `aclose` closes."""

    def __init__(
        self, *, http: httpx2.AsyncClient | None = None, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._own = http is None
        self._http = http or open_http(transport=transport)
        self.requests = 0
        """HTTP requests sent so far"""

    async def aclose(self) -> None:
        if self._own:
            await self._http.aclose()

    async def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None = None,
        *,
        within: float,
    ) -> Reply:
        """The reply, whatever its status. `within` bounds each wait for the network, in seconds. Raises `NotSent`,
        `NotAnswered`, and `Unreadable` for a URL that cannot be called."""
        stream = await self.open(method, url, headers, content, within=within)
        try:
            return await stream.read()
        finally:
            await stream.aclose()

    async def open(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None = None,
        *,
        within: float,
    ) -> ReplyStream:
        """The reply before its body. Raises as `exchange`."""
        self.requests += 1
        timeout = httpx2.Timeout(within, connect=min(CONNECT_WITHIN, within))
        try:
            request = self._http.build_request(method, url, headers=headers, content=content, timeout=timeout)
            return ReplyStream(await self._http.send(request, stream=True))
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            # Nothing left this machine.
            raise NotSent(f"mail server cannot be reached ({type(error).__name__})") from error
        except httpx2.InvalidURL as error:
            raise Unreadable("mail server named a URL that cannot be called") from error
        except httpx2.HTTPError as error:
            raise NotAnswered(f"mail server did not answer ({type(error).__name__})") from error


async def _read(answer: httpx2.Response) -> bytes:
    """The body. The connection of a 400 is not used again.

    Stalwart may close that one without saying so (seen on 0.16.19, when it had not read our body yet); the next
    request on it would break with an unknown outcome. Hence the raw stream: once a response is read to its end
    by the usual means, its connection serves somebody else already.
    """
    if answer.status_code != 400:
        return await answer.aread()
    content = b"".join([chunk async for chunk in _raw(answer)])
    connection = answer.extensions.get("network_stream")
    if connection is not None:  # a mock transport has none
        await connection.aclose()
    return content


def _raw(answer: httpx2.Response) -> httpx2.AsyncByteStream:
    return cast(httpx2.AsyncByteStream, answer.stream)
