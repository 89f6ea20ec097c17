"""To Stalwart's registry, as `jmap.connection` and without what httpx2 takes: the way from a hook to its mailbox is one
request here."""

from collections.abc import Mapping

from postroom.jmap.answer import Reply
from postroom.jmap.connection import CONNECT_WITHIN
from postroom.jmap.errors import NotAnswered, NotSent
from postroom.mail_server_http import Broken, Late, MailServerHttp, Patience, Unreachable


class RegistryConnection:
    """To the server at `url`, below which all URLs are."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._http = MailServerHttp(self._url)
        self.requests = 0
        """HTTP requests sent so far"""

    async def aclose(self) -> None:
        await self._http.aclose()

    async def exchange(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b"", *, within: float
    ) -> Reply:
        """The reply, whatever its status. `within` bounds each wait for the network, in seconds. Raises `NotSent` and
        `NotAnswered`."""
        self.requests += 1
        target = url.removeprefix(self._url)
        patience = Patience(connect=min(CONNECT_WITHIN, within), take=within, answer=within)
        headers = {**headers, "Accept": "*/*", "Accept-Encoding": "identity"}
        try:
            async with self._http.exchange(method, target, headers, content, patience) as answer:
                return Reply(answer.status, answer.headers, b"".join([chunk async for chunk in answer]))
        except Unreachable as error:
            raise NotSent(f"mail server cannot be reached ({error})") from error
        except (Broken, Late) as error:
            raise NotAnswered(f"mail server did not answer ({error})") from error
