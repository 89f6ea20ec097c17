"""HTTP to a mail server that is replaced by a function, or by a script."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urljoin

import httpx2

from postroom.http.mail_server import Broken, HttpResponse, MailServerHttp, Timeouts, Unreachable
from postroom.jmap.http_connection import JmapConnection

URL = "http://mail.example.org:8080"

Answer = httpx2.Response | Exception | Callable[[httpx2.Request], httpx2.Response]


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


class ScriptedServer:
    """`answers` (or those that `will` sets) are played in order; the last one repeats. The pauses of a client take no
    time."""

    def __init__(self, *answers: Answer) -> None:
        self.requests: list[httpx2.Request] = []
        self.paused: list[float] = []
        self.clock = 0.0
        self.will(*answers)

    def will(self, *answers: Answer) -> None:
        self._answers = list(answers)

    async def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.clock += seconds

    def calls(self, place: int = -1) -> list[list[Any]]:
        """The method calls of a request."""
        return json.loads(self.requests[place].content)["methodCalls"]

    def _next(self, request: httpx2.Request) -> httpx2.Response:
        return played(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0], request)


def played(answer: Answer, request: httpx2.Request) -> httpx2.Response:
    if isinstance(answer, Exception):
        raise answer
    if isinstance(answer, httpx2.Response):
        # A response can be read once, but the last one is sent many times.
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)
    return answer(request)
