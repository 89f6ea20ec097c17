"""The mail server behind the gateway: one pool of connections, and no more of a request or an answer than is listed.

httpcore2 is used without httpx2 on top: that one follows redirects, takes proxies from the environment and keeps
cookies, and a cookie kept from one person's answer would go up with the next one's request.
"""

import socket
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpcore2
import httpx2

from postroom.gateway.limits import Limits
from postroom.gateway.problems import Problem, away, broke_off, not_found, of_answer, refuses_us, silent, unusable
from postroom.gateway.sockets import Sockets
from postroom.mail.ports import MailAccount, MailAuthorization
from postroom.telemetry import log

SUCCESS = (200, 201)
NO_CONTENT = 204
# A problem whose `detail` echoes the largest request, escaped.
_MAX_PROBLEM = 32_000_000
_ERRORS = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to the mail server. `target` is a path and query, percent-encoded; `headers` are all that goes up,
    but for Host, Authorization and what frames the body. A body that streams cannot be sent twice."""

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes | AsyncIterator[bytes] = b""
    blob: bool = False
    """whether it names a blob, which may not be there"""
    silence_seconds: float | None = None
    """of a stream of events: how long the server may be silent (0: for ever); None: this is an ordinary request"""

    @property
    def ordinary(self) -> bool:
        return self.silence_seconds is None

    def succeeded(self, status: int) -> bool:
        """204 for a stream of events: there are none, and nobody needs to ask again."""
        return status in SUCCESS or (status == NO_CONTENT and not self.ordinary)


class UpstreamAnswer:
    """Iterate it for its body. Raises `Problem` when the mail server breaks off."""

    def __init__(self, response: httpcore2.Response) -> None:
        headers = {name.lower(): value.decode("latin-1") for name, value in response.headers}
        self._response = response
        self._connection: httpcore2.AsyncNetworkStream = response.extensions[  # pyright: ignore[reportUnknownMemberType]
            "network_stream"
        ]
        self.status = response.status
        self.content_type = headers.get(b"content-type")
        self.content_length = headers.get(b"content-length")
        self.content_encoding = headers.get(b"content-encoding", "identity")
        self.retry_after = headers.get(b"retry-after")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.aiter_stream():
                yield chunk
        except _ERRORS as error:
            raise _told(error) from error

    async def read(self, at_most: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for chunk in self:
            size += len(chunk)
            if size > at_most:
                raise unusable()
            parts.append(chunk)
        return b"".join(parts)

    async def close(self) -> None:
        # Stalwart may close the connection of an answer that is no success without saying so (seen on 0.16.19, when
        # it had not read our body yet): the next request on it would break with an unknown outcome.
        if self.status not in SUCCESS:
            await self._connection.aclose()
        await self._response.aclose()


class Upstream:
    """`url` is the mail server's base, and nothing that it or a client says changes where requests go."""

    def __init__(self, url: str, authorization: MailAuthorization, limits: Limits) -> None:
        self._url = url.rstrip("/")
        self._host = urlsplit(self._url).netloc
        self._authorization = authorization
        self._limits = limits
        context = httpx2.create_ssl_context(trust_env=False)
        # Without a limit: what one account may have under way is counted elsewhere.
        self._requests = httpcore2.AsyncConnectionPool(
            context,
            max_connections=None,
            max_keepalive_connections=32,
            keepalive_expiry=15.0,
            network_backend=Sockets(),
        )
        # Apart: a pool walks through all its connections for each request.
        self._events = httpcore2.AsyncConnectionPool(
            context,
            max_connections=None,
            max_keepalive_connections=0,
            # A stream without pings finds out in no other way that the server is gone.
            socket_options=[(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)],
            network_backend=Sockets(),
        )

    async def aclose(self) -> None:
        await self._requests.aclose()
        await self._events.aclose()

    @asynccontextmanager
    async def ask(self, account: MailAccount, ask: Ask) -> AsyncGenerator[UpstreamAnswer]:
        """The server's answer if it is a success. Raises `Problem` for every other, and `MailServerError`s."""
        answer = await self._authorized(account, ask)
        try:
            if not ask.succeeded(answer.status):
                raise await _refusal(ask, answer)
            yield answer
        finally:
            await answer.close()

    async def _authorized(self, account: MailAccount, ask: Ask) -> UpstreamAnswer:
        header = await self._authorization.header(account)
        answer = await self._send(ask, header)
        if answer.status != 401:
            return answer
        await answer.close()
        fresh = await self._authorization.refused(account, header)
        if not fresh or not isinstance(ask.content, bytes):
            raise refuses_us() if not fresh else away()
        # Once: each refusal counts towards a ban of this host.
        header = await self._authorization.header(account)
        answer = await self._send(ask, header)
        if answer.status == 401:
            await answer.close()
            await self._authorization.refused(account, header)
            raise refuses_us()
        return answer

    async def _send(self, ask: Ask, authorization: str) -> UpstreamAnswer:
        limits = self._limits
        headers: dict[str | bytes, str | bytes] = {
            "Host": self._host,
            **ask.headers,
            "Authorization": authorization,
            "Accept-Encoding": "identity",
        }
        if isinstance(ask.content, bytes):
            if ask.content or ask.method == "POST":
                headers["Content-Length"] = str(len(ask.content))
        elif "Content-Length" not in headers:
            headers["Transfer-Encoding"] = "chunked"
        request = httpcore2.Request(
            ask.method,
            self._url + ask.target,
            headers=headers,
            content=ask.content,
            extensions={
                "timeout": {
                    "connect": limits.connect_seconds,
                    "pool": limits.connect_seconds,
                    "write": limits.stall_seconds,
                    "read": limits.answer_seconds if ask.ordinary else ask.silence_seconds or None,
                }
            },
        )
        try:
            answer = UpstreamAnswer(
                await (self._requests if ask.ordinary else self._events).handle_async_request(request)
            )
        except _ERRORS as error:
            raise _told(error) from error
        if answer.content_encoding != "identity":
            await answer.close()
            raise unusable()
        return answer


async def _refusal(ask: Ask, answer: UpstreamAnswer) -> Problem:
    if answer.status == 404 and ask.blob:
        return not_found()
    if answer.status not in (400, 413, 429):  # these are about what the client sent
        log.warning("Mail server refused a request of the gateway", method=ask.method, status=answer.status)
    return of_answer(answer.status, answer.retry_after, await answer.read(_MAX_PROBLEM))


def _told(error: Exception) -> Problem:
    # Its text may name the server.
    log.warning("Mail server did not answer the gateway", error=type(error).__name__)
    if isinstance(error, httpcore2.ConnectError | httpcore2.ConnectTimeout | httpcore2.PoolTimeout):
        return away()
    return silent() if isinstance(error, httpcore2.TimeoutException) else broke_off()
