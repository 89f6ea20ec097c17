"""The mail server behind the gateway: one pool of connections, and no more of a request or an answer than is listed."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from postroom.gateway.client import first_of
from postroom.gateway.limits import Limits
from postroom.gateway.problems import Problem, away, broke_off, not_found, of_answer, refuses_us, silent, unusable
from postroom.http1.connection import Broken, Connection, Late, head_of
from postroom.http1.connections import Connections, Unreachable
from postroom.mail.ports import MailAccount, MailAuthorization
from postroom.telemetry import log

SUCCESS = (200, 201)
NO_CONTENT = 204
# A problem whose `detail` echoes the largest request, escaped.
_MAX_PROBLEM = 32_000_000


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

    def succeeded(self, status: int) -> bool:
        """204 for a stream of events: there are none, and nobody needs to ask again."""
        return status in SUCCESS or (status == NO_CONTENT and self.silence_seconds is not None)


class UpstreamAnswer:
    """Iterate it for its body. Raises `Problem` when the mail server breaks off."""

    def __init__(self, connection: Connection, *, within: float | None) -> None:
        headers = connection.headers
        self._connection = connection
        self._within = within
        self.status = connection.status
        self.content_type = headers.get("content-type")
        self.content_length = headers.get("content-length")
        self.content_encoding = headers.get("content-encoding", "identity")
        self.retry_after = headers.get("retry-after")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while chunk := await self._connection.receive(within=self._within):
                yield chunk
        except (Broken, Late) as error:
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


class Upstream:
    """`url` is the mail server's base, and nothing that it or a client says changes where requests go."""

    def __init__(self, url: str, authorization: MailAuthorization, limits: Limits) -> None:
        parts = urlsplit(url)
        self._host, self._path = parts.netloc, parts.path.rstrip("/")
        self._authorization = authorization
        self._limits = limits
        self._connections = Connections(url)

    async def aclose(self) -> None:
        self._connections.close()

    @asynccontextmanager
    async def ask(self, account: MailAccount, ask: Ask) -> AsyncGenerator[UpstreamAnswer]:
        """The server's answer if it is a success. Raises `Problem` for every other, and `MailServerError`s."""
        header = await self._authorization.header(account)
        async with self._exchange(ask, header) as answer:
            if answer.status != 401:
                yield await _succeeded(ask, answer)
                return
        if not await self._authorization.refused(account, header):
            raise refuses_us()
        if not isinstance(ask.content, bytes):
            raise away()
        # Once: each refusal counts towards a ban of this host.
        header = await self._authorization.header(account)
        async with self._exchange(ask, header) as answer:
            if answer.status != 401:
                yield await _succeeded(ask, answer)
                return
        await self._authorization.refused(account, header)
        raise refuses_us()

    @asynccontextmanager
    async def _exchange(self, ask: Ask, authorization: str) -> AsyncGenerator[UpstreamAnswer]:
        """Whatever the server answers. Raises `Problem` when it does not."""
        limits = self._limits
        within = limits.answer_seconds if ask.silence_seconds is None else ask.silence_seconds or None
        headers = {"Host": self._host, **ask.headers, "Authorization": authorization, "Accept-Encoding": "identity"}
        if ask.method == "GET":
            pass
        elif isinstance(ask.content, bytes):
            headers["Content-Length"] = str(len(ask.content))
        elif "Content-Length" not in headers:
            headers["Transfer-Encoding"] = "chunked"
        head = head_of(ask.method, self._path + ask.target, headers)
        try:
            connection = await self._connections.take(within=limits.connect_seconds)
        except Unreachable as error:
            raise _told(error) from error
        try:
            answer = await self._answered(connection, ask.content, head, within)
            if answer.content_encoding != "identity":
                raise unusable()
            yield answer
        finally:
            if connection.status not in SUCCESS:
                # Stalwart may close the connection of an answer that is no success without saying so (seen on 0.16.19,
                # when it had not read our body yet): the next request on it would break with an unknown outcome.
                connection.abort()
            self._connections.give_back(connection)

    async def _answered(
        self, connection: Connection, content: bytes | AsyncIterator[bytes], head: bytes, within: float | None
    ) -> UpstreamAnswer:
        stall = self._limits.stall_seconds
        connection.begin()
        try:
            if isinstance(content, bytes):
                await connection.send(head, content, within=stall)
            else:
                chunked = b"\r\nTransfer-Encoding: chunked\r\n" in head
                # An answer is taken as soon as it comes, also while its client is slow to send the rest.
                await first_of(
                    connection.send_parts(head, content, chunked=chunked, within=stall),
                    connection.receive_head(within=None),
                )
            await connection.receive_head(within=within)
        except (Broken, Late) as error:
            raise _told(error) from error
        return UpstreamAnswer(connection, within=within)


async def _succeeded(ask: Ask, answer: UpstreamAnswer) -> UpstreamAnswer:
    """Raises `Problem` for any other answer."""
    if not ask.succeeded(answer.status):
        raise await _refusal(ask, answer)
    return answer


async def _refusal(ask: Ask, answer: UpstreamAnswer) -> Problem:
    if answer.status == 404 and ask.blob:
        return not_found()
    if answer.status not in (400, 413, 429):  # these are about what the client sent
        log.warning("Mail server refused a request of the gateway", method=ask.method, status=answer.status)
    return of_answer(answer.status, answer.retry_after, await answer.read(_MAX_PROBLEM))


def _told(error: Unreachable | Broken | Late) -> Problem:
    # Its text may name the server.
    log.warning("Mail server did not answer the gateway", error=type(error).__name__)
    if isinstance(error, Unreachable):
        return away()
    return silent() if isinstance(error, Late) else broke_off()
