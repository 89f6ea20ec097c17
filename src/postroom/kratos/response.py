"""HTTP responses of Kratos, with a limit on their size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx2

from postroom.errors import KratosUnavailable


@dataclass(frozen=True, slots=True)
class KratosResponse:
    path: str
    status: int
    headers: httpx2.Headers
    content: bytes | None
    """None if it was larger than the caller allowed"""


async def ask(
    http: httpx2.AsyncClient,
    path: str,
    *,
    at_most: int,
    query: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> KratosResponse:
    """The response to `GET path`, of `at_most` bytes. Raises `KratosUnavailable` if there is none.

    The caller limits the total time: the client's own time-outs apply to each chunk, so a slow response might never
    end.
    """
    try:
        async with http.stream(
            "GET", path, params=query if isinstance(query, Mapping) or query is None else list(query), headers=headers
        ) as response:
            content = bytearray()
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > at_most:
                    return KratosResponse(path, response.status_code, response.headers, None)
            return KratosResponse(path, response.status_code, response.headers, bytes(content))
    except httpx2.HTTPError as error:
        raise KratosUnavailable(f"Kratos does not answer {path} ({type(error).__name__})") from error


def require_success(response: KratosResponse) -> KratosResponse:
    """Raises `KratosUnavailable` for everything but a 200, also for a redirect: its target is not Kratos."""
    if response.status != 200:
        raise KratosUnavailable(
            f"Kratos answered {response.path} with {response.status}",
            retry_after=_seconds(response.headers.get("retry-after")),
        )
    return response


def _seconds(retry_after: str | None) -> float | None:
    """None if it is absent, or a date (RFC 9110 §10.2.3), which neither Kratos nor common proxies send."""
    stated = (retry_after or "").strip()
    return float(stated) if stated.isascii() and stated.isdigit() else None
