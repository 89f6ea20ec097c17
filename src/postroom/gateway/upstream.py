"""The mail server behind the gateway: one pool of connections, and no more of a request or an answer than is listed."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from postroom.gateway.limits import GatewayLimits
from postroom.gateway.problems import away, crowded, not_found, of_answer, refuses_us, unusable
from postroom.jmap.limit_backoff import LimitBackoff
from postroom.mail.ports import MailAccount, MailAuthorization
from postroom.mail_server_http import Broken, HttpResponse, Late, MailServerHttp, Timeouts, Unreachable
from postroom.problems import Problem, problem
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

    @property
    def streams(self) -> bool:
        return not isinstance(self.content, bytes)

    def succeeded(self, status: int) -> bool:
        """204 for a stream of events: there are none, and nobody needs to ask again."""
        return status in SUCCESS or (status == NO_CONTENT and self.silence_seconds is not None)


class UpstreamResponse:
    """Iterate it for its body. What goes wrong then is a `Problem` outside of `Upstream.ask`."""

    def __init__(self, answer: HttpResponse) -> None:
        headers = answer.headers
        self._answer = answer
        self.status = answer.status
        self.content_type = headers.get("content-type")
        self.content_length = headers.get("content-length")
        self.content_encoding = headers.get("content-encoding", "identity")
        self.retry_after = headers.get("retry-after")

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._answer)

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

    def __init__(self, url: str, authorization: MailAuthorization, limits: GatewayLimits) -> None:
        self._authorization = authorization
        self._limits = limits
        self._http = MailServerHttp(url)

    async def aclose(self) -> None:
        await self._http.aclose()

    @asynccontextmanager
    async def ask(self, account: MailAccount, ask: Ask) -> AsyncGenerator[UpstreamResponse]:
        """The server's answer if it is a success. Raises `Problem` for every other, and `MailServerError`s."""
        turn, replaced = LimitBackoff(self._limits.queue_seconds, random.uniform), False
        while True:
            header = await self._authorization.header(account)
            async with self._exchange(ask, header) as answer:
                if ask.succeeded(answer.status):
                    yield answer
                    return
                told = None if answer.status == 401 else await _refusal(ask, answer)
            if told:
                await self._wait(turn, ask, told)
                continue
            # Once: each refusal counts towards a ban of this host.
            if not await self._authorization.refused(account, header) or replaced:
                raise refuses_us()
            if ask.streams:
                raise away()
            replaced = True

    async def _wait(self, turn: LimitBackoff, ask: Ask, told: Problem) -> None:
        """Returns when it may be sent again. Raises `told` unless the server was but crowded."""
        if not (too_crowded := crowded(told)):
            raise told
        pause = None if ask.streams else turn.refused(time.monotonic())
        if pause is None:
            raise too_crowded
        await asyncio.sleep(pause)

    @asynccontextmanager
    async def _exchange(self, ask: Ask, authorization: str) -> AsyncGenerator[UpstreamResponse]:
        """Whatever the server answers. Raises `Problem` when it does not."""
        limits = self._limits
        within = limits.answer_seconds if ask.silence_seconds is None else ask.silence_seconds or None
        timeouts = Timeouts(connect=limits.connect_seconds, send=limits.stall_seconds, response=within)
        headers = {**ask.headers, "Authorization": authorization, "Accept-Encoding": "identity"}
        try:
            async with self._http.exchange(ask.method, ask.target, headers, ask.content, timeouts) as found:
                answer = UpstreamResponse(found)
                if answer.content_encoding != "identity":
                    raise unusable()
                yield answer
        except (Unreachable, Broken, Late) as error:
            raise _told(error) from error


async def _refusal(ask: Ask, answer: UpstreamResponse) -> Problem:
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
    if isinstance(error, Late):
        return problem(
            "mail_server_silent", "the mail server did not answer in time; what was asked may have been done"
        )
    return problem("mail_server_broke_off", "the mail server broke off; what was asked may have been done")
