"""JMAP requests to Stalwart: one HTTP request in, checked method responses out."""

import json
from collections.abc import Sequence
from typing import Any, TypeVar, cast

import httpx2
from pydantic import BaseModel

from postroom.errors import Transient
from postroom.stalwart.answers import check_http, check_method
from postroom.stalwart.shapes import Envelope, read

USING = ["urn:ietf:params:jmap:core", "urn:stalwart:jmap"]

Call = tuple[str, dict[str, Any]]
Response = dict[str, Any]

T = TypeVar("T", bound=BaseModel)


class Answers:
    """Method responses, checked one by one: what an earlier method did stays done when a later one fails."""

    def __init__(self, envelope: Envelope) -> None:
        self._responses = envelope.responses

    def read(self, place: int, shape: type[T]) -> T:
        """The arguments of the response at `place`. Raises what an `error` there means."""
        if place >= len(self._responses):
            raise Transient("mail server answered fewer methods than it was asked", outcome_unknown=True)
        name, arguments, _ = self._responses[place]
        check_method(name, arguments)
        return read(shape, arguments)


class StalwartClient:
    """`url` is the server's base; credentials go nowhere else, and no redirect is followed.

    `authorization` is the header's value (`Bearer API_…` or `Basic …`).
    """

    def __init__(
        self,
        url: str,
        authorization: str,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._http = httpx2.AsyncClient(
            base_url=self.url,
            # No compression: answers are small, and a 400 is read as it comes.
            headers={"Authorization": authorization, "Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(10.0, connect=3.0),
            limits=httpx2.Limits(max_connections=32, max_keepalive_connections=8),
            follow_redirects=False,
            transport=transport,
            # A proxy from the environment would receive our key.
            trust_env=False,
        )
        self.requests = 0
        """HTTP requests sent so far"""

    async def aclose(self) -> None:
        await self._http.aclose()

    async def get(self, path: str, *, deadline: float) -> Response:
        """The JSON object at `path`. Raises `MailServerError`s, `Busy` and `WrongGeneration`."""
        return await self._send("GET", path, None, deadline)

    async def call(self, calls: Sequence[Call], *, deadline: float, using: Sequence[str] = USING) -> Answers:
        """The method responses, in order. Raises what the HTTP answer means."""
        body = {
            "using": list(using),
            "methodCalls": [[name, arguments, str(place)] for place, (name, arguments) in enumerate(calls)],
        }
        return Answers(read(Envelope, await self._send("POST", "/jmap/", body, deadline)))

    async def _send(self, method: str, path: str, body: object, deadline: float) -> Response:
        self.requests += 1
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {} if content is None else {"Content-Type": "application/json"}
        timeout = httpx2.Timeout(deadline, connect=min(3.0, deadline))
        try:
            async with self._http.stream(method, path, content=content, headers=headers, timeout=timeout) as answer:
                found = _json_object(await _read(answer))
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            # Nothing left this machine.
            raise Transient(f"mail server cannot be reached ({type(error).__name__})") from error
        except httpx2.HTTPError as error:
            raise Transient(f"mail server did not answer ({type(error).__name__})", outcome_unknown=True) from error
        check_http(answer.status_code, answer.headers, found)
        if not found:
            raise Transient("mail server's answer is no JSON object", outcome_unknown=True)
        return found


async def _read(answer: httpx2.Response) -> bytes:
    """The body. The connection of a 400 is not used again.

    Stalwart may close that one without saying so (seen on 0.16.19, when it had not read our body yet); the next
    request on it would break with an unknown outcome. Hence the raw stream: once a response is read to its end
    by the usual means, its connection serves somebody else already.
    """
    if answer.status_code != 400:
        return await answer.aread()
    content = b"".join([chunk async for chunk in cast(httpx2.AsyncByteStream, answer.stream)])
    connection = answer.extensions.get("network_stream")
    if connection is not None:  # a mock transport has none
        await connection.aclose()
    return content


def _json_object(content: bytes) -> Response:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return cast(Response, found) if isinstance(found, dict) else {}
