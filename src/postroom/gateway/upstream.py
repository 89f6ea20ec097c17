"""The mail server behind the gateway: one connection pool, and only the listed parts of a request or response pass."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from postroom.gateway.limits import GatewayLimits
from postroom.gateway.problems import concurrency_limit, misconfigured, not_found, of_response, unreachable, unusable
from postroom.http.mail_server import Broken, HttpResponse, Late, MailServerHttp, Timeouts, Unreachable
from postroom.http.problems import Problem, problem
from postroom.jmap.limit_backoff import LimitBackoff
from postroom.mailboxes.ports import MailAccount, MailAuthorization
from postroom.process.telemetry import log

SUCCESS = (200, 201)
NO_CONTENT = 204
# A problem whose `detail` echoes the largest request, escaped.
_MAX_PROBLEM = 32_000_000


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """A request to the mail server. `target` is a percent-encoded path with its query. `headers` are complete but for
    Host, Authorization and those that frame the body. A streamed body cannot be sent twice."""

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes | AsyncIterator[bytes] = b""
    blob: bool = False
    """whether it names a blob, which may not exist"""
    silence_seconds: float | None = None
    """for an event stream: how long the server may be silent (0: without limit); None: an ordinary request"""

    @property
    def streams(self) -> bool:
        return not isinstance(self.content, bytes)

    def succeeded(self, status: int) -> bool:
        """A 204 ends an event stream: there are no events, and the client need not reconnect."""
        return status in SUCCESS or (status == NO_CONTENT and self.silence_seconds is not None)


class UpstreamResponse:
    """Iterate over it for the body. Errors while reading become a `Problem` in `Upstream.send`."""

    def __init__(self, response: HttpResponse) -> None:
        headers = response.headers
        self._response = response
        self.status = response.status
        self.content_type = headers.get("content-type")
        self.content_length = headers.get("content-length")
        self.content_encoding = headers.get("content-encoding", "identity")
        self.retry_after = headers.get("retry-after")

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._response)

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
    """`url` is the mail server's base URL; neither a client nor the mail server can change where requests go."""

    def __init__(self, url: str, authorization: MailAuthorization, limits: GatewayLimits) -> None:
        self._authorization = authorization
        self._limits = limits
        self._http = MailServerHttp(url)

    async def aclose(self) -> None:
        await self._http.aclose()

    @asynccontextmanager
    async def send(self, account: MailAccount, request: UpstreamRequest) -> AsyncGenerator[UpstreamResponse]:
        """The mail server's response if it is a success. Raises `Problem` for every other, and `MailServerError`s."""
        backoff, replaced = LimitBackoff(self._limits.queue_seconds, random.uniform), False
        while True:
            header = await self._authorization.header(account)
            async with self._exchange(request, header) as response:
                if request.succeeded(response.status):
                    yield response
                    return
                found = None if response.status == 401 else await _refusal(request, response)
            if found:
                await self._wait(backoff, request, found)
                continue
            # Only once: each refusal counts towards a ban of this host.
            if not await self._authorization.refused(account, header) or replaced:
                raise misconfigured()
            if request.streams:
                raise unreachable()
            replaced = True

    async def _wait(self, backoff: LimitBackoff, request: UpstreamRequest, found: Problem) -> None:
        """Return when the request may be sent again. Raises `found` unless it is a limit of concurrent requests."""
        if not (limited := concurrency_limit(found)):
            raise found
        pause = None if request.streams else backoff.refused(time.monotonic())
        if pause is None:
            raise limited
        await asyncio.sleep(pause)

    @asynccontextmanager
    async def _exchange(self, request: UpstreamRequest, authorization: str) -> AsyncGenerator[UpstreamResponse]:
        """The mail server's response, whatever its status. Raises `Problem` if there is none."""
        limits = self._limits
        within = limits.response_seconds if request.silence_seconds is None else request.silence_seconds or None
        timeouts = Timeouts(connect=limits.connect_seconds, send=limits.stall_seconds, response=within)
        headers = {**request.headers, "Authorization": authorization, "Accept-Encoding": "identity"}
        try:
            async with self._http.exchange(request.method, request.target, headers, request.content, timeouts) as found:
                response = UpstreamResponse(found)
                if response.content_encoding != "identity":
                    raise unusable()
                yield response
        except (Unreachable, Broken, Late) as error:
            raise _problem_of(error) from error


async def _refusal(request: UpstreamRequest, response: UpstreamResponse) -> Problem:
    if response.status == 404 and request.blob:
        return not_found()
    if response.status not in (400, 413, 429):  # these are about what the client sent
        log.warning("Mail server refused a request of the gateway", method=request.method, status=response.status)
    return of_response(response.status, response.retry_after, await response.read(_MAX_PROBLEM))


def _problem_of(error: Unreachable | Broken | Late) -> Problem:
    # The error's text may name the server's internal address.
    log.warning("Mail server did not answer the gateway", error=type(error).__name__)
    if isinstance(error, Unreachable):
        return unreachable()
    if isinstance(error, Late):
        return problem(
            "mail_server_silent", "the mail server did not answer in time; the request may have been carried out"
        )
    return problem(
        "mail_server_broke_off", "the mail server closed the connection; the request may have been carried out"
    )
