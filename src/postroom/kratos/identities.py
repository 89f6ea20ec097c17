"""The ports `Identities`: Kratos' admin API, which lists every identity by id, 500 a page, and knows the state of each.

The order is that of random ids, not of time, and there is no filter by time: a full scan is the only sweep.
"""

import asyncio
import json
from uuid import UUID

import httpx2

from postroom.domain.identity import UnreadableIdentity
from postroom.errors import KratosUnavailable, PageTokenRefused
from postroom.kratos.identity_list import identities_of, identity_of, next_token
from postroom.kratos.response import KratosResponse, ask, require_success
from postroom.provisioning.ports import IdentityPage

PAGE_SIZE = 500
"""Kratos caps a page at 500, silently."""

PAGE_BYTES = 8 * 1024 * 1024
"""500 identities of 16 KiB. Reading such a page holds up everything else in the process for a tenth of a second."""

TIMEOUT = 30.0
"""Seconds for a whole page, however it drips."""

STATE_TIMEOUT = 3.0
"""Seconds for the state of one identity: a person waits for it."""

SMALL = 64 * 1024
"""Bytes of an answer about the health."""

NOT_ABOUT_THE_TOKEN = (401, 403, 408, 429)


class KratosIdentities:
    """`admin_url` is the base of the admin API (port 4434), which has no authentication of its own."""

    def __init__(self, admin_url: str, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._http = httpx2.AsyncClient(
            base_url=admin_url.rstrip("/"),
            timeout=TIMEOUT,
            trust_env=False,
            follow_redirects=False,
            transport=transport,
        )
        self._page_size = PAGE_SIZE
        """Less after a page that was too large or too slow, until pages are small and quick again"""

    async def aclose(self) -> None:
        await self._http.aclose()

    async def page(self, token: str | None) -> IdentityPage:
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._require_healthy()
                page = await self._page(token)
        except TimeoutError as error:
            size, self._page_size = self._page_size, _smaller(self._page_size)
            raise KratosUnavailable(f"Kratos does not give a page of {size} identities within {TIMEOUT:g} s") from error
        self._page_size = min(2 * self._page_size, PAGE_SIZE)
        return page

    async def is_active(self, identity_id: UUID) -> bool:
        try:
            async with asyncio.timeout(STATE_TIMEOUT):
                answer = await ask(self._http, f"/admin/identities/{identity_id}", at_most=PAGE_BYTES)
                if answer.status == 404:
                    # So answers whatever is no admin API of Kratos, too.
                    await self._require_healthy()
                    return False
        except TimeoutError as error:
            raise KratosUnavailable(f"Kratos does not tell an identity within {STATE_TIMEOUT} s") from error
        content = require_success(answer).content
        try:
            return identity_of(json.loads(content or b"")).active
        except (ValueError, RecursionError) as error:
            raise KratosUnavailable(f"Kratos' identity cannot be read ({type(error).__name__})") from error

    async def _require_healthy(self) -> None:
        # A Kratos with a sick database may list less than there is: never judge by one.
        require_success(await ask(self._http, "/admin/health/ready", at_most=SMALL))

    async def _page(self, token: str | None) -> IdentityPage:
        answer = await self._list(token)
        while answer.content is None and self._page_size > 1:
            self._page_size = _smaller(self._page_size)
            answer = await self._list(token)
        link = answer.headers.get("link", "")
        following = next_token(link)
        if following is not None and token is not None and not _goes_on(token, following):
            raise PageTokenRefused("Kratos names a page that came before as the next one")
        if answer.content is None:
            giant = UnreadableIdentity(None, f"it has more than {PAGE_BYTES} bytes; it comes after page token {token}")
            return IdentityPage([], following, [giant])
        try:
            identities, unreadable = identities_of(answer.content)
        except ValueError as error:
            raise KratosUnavailable(f"Kratos' list of identities cannot be read: {error}") from error
        if not link and len(identities) + len(unreadable) >= self._page_size:
            # Kratos links the first page always: whatever took that away would make every pass end here.
            raise KratosUnavailable(
                "Kratos' full page of identities came without its header Link; does a proxy remove it?"
            )
        return IdentityPage(identities, following, unreadable)

    async def _list(self, token: str | None) -> KratosResponse:
        query = {"page_size": str(self._page_size)} | ({"page_token": token} if token else {})
        answer = await ask(self._http, "/admin/identities", query=query, at_most=PAGE_BYTES)
        if token and 400 <= answer.status < 500 and answer.status not in NOT_ABOUT_THE_TOKEN:
            raise PageTokenRefused(f"Kratos refuses its own page token ({answer.status})")
        return require_success(answer)


def _smaller(page_size: int) -> int:
    return max(1, page_size // 10)


def _goes_on(token: str, following: str) -> bool:
    """Page tokens are the last id of a page, in the order of ids, or opaque: then only the same one leads nowhere."""
    try:
        return UUID(following) > UUID(token)
    except ValueError:
        return following != token
