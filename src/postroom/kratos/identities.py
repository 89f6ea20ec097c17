"""The ports `IdentityList`, `IdentityReads` and `IdentityStates` on Kratos' admin API.

It lists 500 identities a page. The list is ordered by random ids, not by time, and has no filter by time: a sweep must
scan all identities.
"""

import asyncio
import json
from collections.abc import Sequence
from uuid import UUID

import httpx2

from postroom.domain.identity import Identity, UnreadableIdentity
from postroom.errors import KratosUnavailable, PageTokenRefused
from postroom.kratos.identity_list import identities_of, identity_of, next_token
from postroom.kratos.response import KratosResponse, ask, require_success
from postroom.provisioning.ports import IdentityPage

PAGE_SIZE = 500
"""Kratos silently limits a page to 500."""

PAGE_BYTES = 8 * 1024 * 1024
"""500 identities of 16 KiB. Parsing such a page blocks everything else in the process for a tenth of a second."""

TIMEOUT = 30.0
"""Seconds for a complete page, however slowly it arrives."""

STATE_TIMEOUT = 3.0
"""Seconds for the state of one identity: a person waits for it."""

ASKED_AT_ONCE = 100
"""Identities of which one request asks by their ids: many proxies refuse a URL of more than 8 KB."""

HEALTH_BYTES = 64 * 1024
"""Bytes of a response about Kratos' health."""

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
        """Reduced after a page that was too large or too slow, and doubled after each success"""

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
        identity = await self.read(identity_id)
        return identity is not None and identity.active

    async def read(self, identity_id: UUID) -> Identity | None:
        try:
            async with asyncio.timeout(STATE_TIMEOUT):
                response = await ask(self._http, f"/admin/identities/{identity_id}", at_most=PAGE_BYTES)
                if response.status == 404:
                    # A server that is not Kratos' admin API answers like this, too.
                    await self._require_healthy()
                    return None
        except TimeoutError as error:
            raise KratosUnavailable(f"Kratos does not return an identity within {STATE_TIMEOUT} s") from error
        content = require_success(response).content
        try:
            return identity_of(json.loads(content or b""))
        except (ValueError, RecursionError) as error:
            raise KratosUnavailable(f"Kratos' identity cannot be read ({type(error).__name__})") from error

    async def with_identifier(self, address: str) -> list[Identity]:
        """The identities that log in by this address: one at most, or none where people log in by something else."""
        query = {"credentials_identifier": address}
        try:
            async with asyncio.timeout(STATE_TIMEOUT):
                response = await ask(self._http, "/admin/identities", query=query, at_most=PAGE_BYTES)
        except TimeoutError as error:
            raise KratosUnavailable(f"Kratos does not look up a login within {STATE_TIMEOUT} s") from error
        try:
            return identities_of(require_success(response).content or b"")[0]
        except ValueError as error:
            raise KratosUnavailable(f"Kratos' identities cannot be read: {error}") from error

    async def existing(self, identity_ids: Sequence[UUID]) -> set[UUID]:
        found = set[UUID]()
        for start in range(0, len(identity_ids), ASKED_AT_ONCE):
            asked = identity_ids[start : start + ASKED_AT_ONCE]
            query = [("page_size", str(ASKED_AT_ONCE)), *(("ids", str(each)) for each in asked)]
            try:
                async with asyncio.timeout(TIMEOUT):
                    response = require_success(
                        await ask(self._http, "/admin/identities", query=query, at_most=PAGE_BYTES)
                    )
            except TimeoutError as error:
                raise KratosUnavailable(f"Kratos does not return identities by id within {TIMEOUT:g} s") from error
            if response.content is None:
                found.update(asked)
                continue
            try:
                identities, unreadable = identities_of(response.content)
            except ValueError as error:
                raise KratosUnavailable(f"Kratos' identities cannot be read: {error}") from error
            # One that cannot be read may be any of them.
            found.update(asked if unreadable else (each.id for each in identities))
        return found

    async def _require_healthy(self) -> None:
        # With a failing database Kratos may list only some identities: do not rely on it.
        require_success(await ask(self._http, "/admin/health/ready", at_most=HEALTH_BYTES))

    async def _page(self, token: str | None) -> IdentityPage:
        response = await self._list(token)
        while response.content is None and self._page_size > 1:
            self._page_size = _smaller(self._page_size)
            response = await self._list(token)
        link = response.headers.get("link", "")
        following = next_token(link)
        if following is not None and token is not None and not _is_next(token, following):
            raise PageTokenRefused("Kratos names an earlier page as the next one")
        if response.content is None:
            giant = UnreadableIdentity(None, f"it has more than {PAGE_BYTES} bytes; it comes after page token {token}")
            return IdentityPage([], following, [giant])
        try:
            identities, unreadable = identities_of(response.content)
        except ValueError as error:
            raise KratosUnavailable(f"Kratos' list of identities cannot be read: {error}") from error
        if not link and len(identities) + len(unreadable) >= self._page_size:
            # Kratos always links the first page: without the header every sweep would end here.
            raise KratosUnavailable("Kratos' full page of identities has no Link header; does a proxy remove it?")
        return IdentityPage(identities, following, unreadable)

    async def _list(self, token: str | None) -> KratosResponse:
        query = {"page_size": str(self._page_size)} | ({"page_token": token} if token else {})
        response = await ask(self._http, "/admin/identities", query=query, at_most=PAGE_BYTES)
        if token and 400 <= response.status < 500 and response.status not in NOT_ABOUT_THE_TOKEN:
            raise PageTokenRefused(f"Kratos refuses its own page token ({response.status})")
        return require_success(response)


def _smaller(page_size: int) -> int:
    return max(1, page_size // 10)


def _is_next(token: str, following: str) -> bool:
    """A page token is the last id of a page, so it must increase; an opaque one must at least differ."""
    try:
        return UUID(following) > UUID(token)
    except ValueError:
        return following != token
