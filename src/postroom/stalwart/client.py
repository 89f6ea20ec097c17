"""JMAP requests to Stalwart: one HTTP request in, checked method responses out."""

import json
from collections.abc import Sequence
from typing import Any, cast

import httpx2

from postroom.errors import Transient
from postroom.stalwart.answers import check_http, check_method

USING = ["urn:ietf:params:jmap:core", "urn:stalwart:jmap"]

Call = tuple[str, dict[str, Any]]
Response = dict[str, Any]


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

    async def call(self, calls: Sequence[Call], *, deadline: float, using: Sequence[str] = USING) -> list[Response]:
        """The arguments of each method's response, in order.

        Raises what the first method that failed means; what an earlier method did stays done.
        """
        body = {
            "using": list(using),
            "methodCalls": [[name, arguments, str(place)] for place, (name, arguments) in enumerate(calls)],
        }
        answer = await self._send("POST", "/jmap/", body, deadline)
        responses = answer.get("methodResponses")
        if not isinstance(responses, list):
            raise Transient("mail server's answer holds no methodResponses", outcome_unknown=True)
        found: list[Response] = []
        for name, arguments, _ in cast(list[tuple[str, Response, str]], responses):
            if name == "error" and found:
                break  # the caller sees fewer responses than calls and decides what that means
            check_method(name, arguments)
            found.append(arguments)
        return found

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
