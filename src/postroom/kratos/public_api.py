"""Kratos' public API, as a browser uses it through us: one exchange, with limits on its time and size."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2

from postroom.errors import KratosAnswerUnusable, KratosUnavailable

PATH = "/.ory/kratos/public"
"""Where browsers reach it on our own origin: the path of Ory's own proxies."""

TIMEOUT = 30.0
"""Seconds for a complete exchange: Kratos hashes a password on purpose for a second, and asks social sign-in providers
meanwhile."""

CONNECT_TIMEOUT = 3.0

ANSWER_BYTES = 1024 * 1024
"""Bytes; a flow with a QR code has some 10,000."""


@dataclass(frozen=True, slots=True)
class KratosAnswer:
    status: int
    headers: Mapping[str, str]
    """by lower-case name, without `Set-Cookie`"""
    set_cookie: Sequence[str]
    content: bytes


class KratosPublicApi:
    """`url` is its base URL. Neither a client nor Kratos can change where requests go."""

    def __init__(
        self, url: str, *, timeout: float = TIMEOUT, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._url = httpx2.URL(url.rstrip("/"))
        self._timeout = timeout
        self._http = httpx2.AsyncClient(
            timeout=httpx2.Timeout(timeout, connect=CONNECT_TIMEOUT),
            trust_env=False,
            follow_redirects=False,
            transport=transport,
            # Store no cookies: one person's would be sent with the next person's request.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def exchange(
        self, method: str, target: str, headers: Mapping[str, str], content: bytes = b""
    ) -> KratosAnswer:
        """`target` is a path below the base URL, and query, percent-encoded. Raises `KratosUnavailable` without a
        complete answer."""
        url = self._url.copy_with(raw_path=(self._url.path.rstrip("/") + target).encode("ascii"))
        path = target.partition("?")[0]  # the query may hold a code
        # As bytes: a browser's cookie may hold any (RFC 9110 §5.5).
        sent = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
        sent[b"Accept-Encoding"] = b"identity"
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._http.stream(method, url, headers=sent, content=content or None) as response,
            ):
                # A value may hold any byte (RFC 9110 §5.5), and goes on to the browser as it came.
                response.headers.encoding = "latin-1"
                return KratosAnswer(
                    response.status_code,
                    {name: value for name, value in response.headers.items() if name != "set-cookie"},
                    response.headers.get_list("set-cookie"),
                    await _content(response, path),
                )
        except (httpx2.HTTPError, TimeoutError) as error:
            raise KratosUnavailable(f"Kratos does not answer {path} ({type(error).__name__})") from error


async def _content(response: httpx2.Response, path: str) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise KratosAnswerUnusable(f"Kratos answered {path} in a coding that was not asked for")
    content = bytearray()
    async for piece in response.aiter_raw():
        content += piece
        if len(content) > ANSWER_BYTES:
            raise KratosAnswerUnusable(f"Kratos answered {path} with more than {ANSWER_BYTES} bytes")
    return bytes(content)
