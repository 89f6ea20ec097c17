"""One answer of Kratos, read no further than it is of use."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx2

from postroom.errors import KratosUnavailable


@dataclass(frozen=True, slots=True)
class KratosResponse:
    path: str
    status: int
    headers: httpx2.Headers
    content: bytes | None
    """None if there was more than the asker wanted to read"""


async def ask(
    http: httpx2.AsyncClient,
    path: str,
    *,
    at_most: int,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> KratosResponse:
    """The answer to `GET path`, of `at_most` bytes. Raises `KratosUnavailable` if none comes.

    The caller bounds the time: the client's own time-outs hold for each piece of an answer, which may drip for ever.
    """
    try:
        async with http.stream("GET", path, params=query, headers=headers) as answer:
            content = bytearray()
            async for piece in answer.aiter_bytes():
                content += piece
                if len(content) > at_most:
                    return KratosResponse(path, answer.status_code, answer.headers, None)
            return KratosResponse(path, answer.status_code, answer.headers, bytes(content))
    except httpx2.HTTPError as error:
        raise KratosUnavailable(f"Kratos does not answer {path} ({type(error).__name__})") from error


def require_success(answer: KratosResponse) -> KratosResponse:
    """Raises `KratosUnavailable` for everything but a 200, a redirect included: it leads to something that is not
    Kratos."""
    if answer.status != 200:
        raise KratosUnavailable(
            f"Kratos answered {answer.path} with {answer.status}",
            retry_after=_seconds(answer.headers.get("retry-after")),
        )
    return answer


def _seconds(retry_after: str | None) -> float | None:
    """None if it is absent, or a date (RFC 9110 §10.2.3), which neither Kratos nor a usual proxy before it sends."""
    stated = (retry_after or "").strip()
    return float(stated) if stated.isascii() and stated.isdigit() else None
