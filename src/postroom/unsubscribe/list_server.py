"""The one request to the server of a mailing list (RFC 8058). Its URL is a stranger's: the name is looked up once, all
its addresses must be public, and the connection goes to one of them. A name that is looked up again could lead into our
own network by then (DNS rebinding)."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpx2

from postroom.errors import ListServerFailed
from postroom.http.network_trouble import trouble_of
from postroom.process.telemetry import log
from postroom.unsubscribe.list_uri import HTTPS_PORT, HttpsUrl
from postroom.unsubscribe.one_click import ONE_CLICK
from postroom.unsubscribe.public_address import is_public

DEADLINE = 5.0
"""Seconds for all of it, the lookup of the name included."""

MOST_READ = 64 * 1024
"""Bytes of a response's body. Its head is limited by h11."""

_CONNECT_WITHIN = 2.0
_REST_WITHIN = 1.0
_CLOSE_WITHIN = 0.5
_MOST_ADDRESSES = 3
_THREADS = 8

Address = IPv4Address | IPv6Address
Resolve = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class TrialListServer:
    """A server on this host, for trials and tests. Its certificate is checked by the one in the file `certificate`."""

    host: str
    port: int
    certificate: str


def trial_list_server(setting: str | None) -> TrialListServer | None:
    """The server that POSTROOM_TRIAL_LIST_SERVER names."""
    if setting is None:
        return None
    server, _, certificate = setting.partition("=")
    host, _, port = server.rpartition(":")
    return TrialListServer(host, int(port), certificate)


def resolved(host: str) -> Sequence[str]:
    """The addresses of a name. Raises `OSError` and `UnicodeError`."""
    # The dot at its end completes the name: this host's resolver adds no search domain to it.
    found = socket.getaddrinfo(f"{host}.", HTTPS_PORT, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class ListServerHttp:
    """The port `ListServer`. `resolve` is called in a thread."""

    def __init__(
        self, *, trial: TrialListServer | None = None, resolve: Resolve = resolved, deadline: float = DEADLINE
    ) -> None:
        self._trial = trial
        self._resolve = resolve
        self._deadline = deadline
        self._context = httpx2.create_ssl_context(trust_env=False)
        # A pool of its own: a name server that never responds must not hold a thread that anything else waits for.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="list-server")

    async def aclose(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def accepts(self, url: HttpsUrl) -> bool:
        return url.port == HTTPS_PORT or self._is_trial(url)

    async def unsubscribe(self, url: HttpsUrl) -> None:
        ends = asyncio.get_running_loop().time() + self._deadline
        try:
            # A time-out around the one in `_post`, as a last resort: closing a connection must not take for ever.
            async with asyncio.timeout_at(ends + _REST_WITHIN + _CLOSE_WITHIN):
                status = await self._post(url, ends)
        except (TimeoutError, httpx2.TimeoutException):
            raise ListServerFailed("list_server_silent", "the list's server did not respond in time") from None
        if 300 <= status < 400:
            raise ListServerFailed("list_server_redirects", "the list's server names another address; open it yourself")
        if not 200 <= status < 300:
            raise ListServerFailed("list_server_failed", f"the list's server did not take the request ({status})")

    async def _post(self, url: HttpsUrl, ends: float) -> int:
        async with asyncio.timeout_at(ends):
            addresses = await self._addresses(url)
        for address in addresses:
            try:
                return await self._post_to(address, url, ends)
            except httpx2.ReadTimeout:
                raise
            except httpx2.HTTPError as error:
                reason = str(trouble_of(error) or type(error).__name__)
                log.info("List server not reached", host=url.host, reason=reason)
                # Only without a connection is it certain that nothing was sent.
                if not isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
                    break
        raise _unreachable()

    async def _addresses(self, url: HttpsUrl) -> Sequence[Address]:
        """Raises the same error for a name without addresses and for a name with one that is not public: strangers must
        not learn which names exist in our own network."""
        if self._is_trial(url):
            return [ip_address("127.0.0.1")]
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, self._resolve, url.host)
            addresses = [ip_address(each) for each in found]
        except (OSError, ValueError) as error:  # a UnicodeError is a ValueError
            log.info("List server not found", host=url.host, reason=type(error).__name__)
            raise _unreachable() from error
        if hidden := [each for each in addresses if not is_public(each)]:
            log.warning("List server refused: its address is not public", host=url.host, address=str(hidden[0]))
            raise _unreachable()
        return addresses[:_MOST_ADDRESSES]

    async def _post_to(self, address: Address, url: HttpsUrl, ends: float) -> int:
        """The status of the response. Raises `httpx2.HTTPError`, and `TimeoutError` at `ends`."""
        port = "" if url.port == HTTPS_PORT else f":{url.port}"
        pinned = httpx2.URL(scheme="https", host=str(address), port=url.port, raw_path=url.target.encode("ascii"))
        headers = {"Host": url.host + port, "Content-Type": "application/x-www-form-urlencoded", **_HEADERS}
        left = ends - asyncio.get_running_loop().time()
        async with AsyncExitStack() as stack:
            async with asyncio.timeout_at(ends):
                client = await stack.enter_async_context(self._client(url, left))
                stream = client.stream(
                    "POST",
                    pinned,
                    content=ONE_CLICK.encode(),
                    headers=headers,
                    extensions={"sni_hostname": url.host},
                )
                response = await stack.enter_async_context(stream)
            with suppress(TimeoutError, httpx2.HTTPError):  # the status says it all
                async with asyncio.timeout(_REST_WITHIN):
                    await _read(response)
            return response.status_code

    def _client(self, url: HttpsUrl, left: float) -> httpx2.AsyncClient:
        """A client for one request, which may take `left` seconds: no cookie and no connection outlasts it."""
        context = self._context
        if self._trial and self._is_trial(url):
            context = ssl.create_default_context(cafile=self._trial.certificate)
        return httpx2.AsyncClient(
            verify=context,
            # httpx2 has to give up on a connection before our own time-out cancels it: a cancelled one stays open until
            # it is collected. TCP gets half of the time, TLS the other half.
            timeout=httpx2.Timeout(max(0.001, left), connect=max(0.001, min(_CONNECT_WITHIN, left / 2 - 0.01))),
            follow_redirects=False,
            trust_env=False,  # a proxy from the environment would look the name up again
        )

    def _is_trial(self, url: HttpsUrl) -> bool:
        return self._trial is not None and (url.host, url.port) == (self._trial.host, self._trial.port)


_HEADERS = {"User-Agent": "Postroom", "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}


async def _read(response: httpx2.Response) -> None:
    """Some servers stop when a client leaves before they have written their response."""
    left = MOST_READ
    async for chunk in response.aiter_raw():
        left -= len(chunk)
        if left <= 0:
            return


def _unreachable() -> ListServerFailed:
    return ListServerFailed("list_server_failed", "the list's server cannot be reached")
