"""The ports `Identities`: Kratos' admin API, which lists every identity by id, 500 a page, and knows the state of each.

The order is that of random ids, not of time, and there is no filter by time: a full scan is the only sweep.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx2

from postroom.domain.identity import Identity
from postroom.errors import KratosAway
from postroom.ports import IdentityPage

PAGE_SIZE = 500
"""Kratos caps a page at 500, silently."""

TIMEOUT = 30.0
WAITED_FOR = 3.0
"""Seconds for the state of one identity: a person waits for it."""


class KratosIdentities:
    """`admin_url` is the base of the admin API (port 4434), which has no authentication of its own."""

    def __init__(self, admin_url: str, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._http = httpx2.AsyncClient(
            base_url=admin_url.rstrip("/"), timeout=TIMEOUT, trust_env=False, transport=transport
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def page(self, token: str | None) -> IdentityPage:
        # A Kratos with a sick database may list less than there is: never judge by one.
        await self._get("/admin/health/ready", {})
        parameters = {"page_size": str(PAGE_SIZE)} | ({"page_token": token} if token else {})
        answer = await self._get("/admin/identities", parameters)
        try:
            listed = json.loads(answer.content)
            identities = [_identity_of(each) for each in listed]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise KratosAway(f"Kratos' list of identities cannot be read ({type(error).__name__})") from error
        following = next_token(answer.headers.get("link", ""))
        if following is not None and following == token:
            raise KratosAway("Kratos names the same page as the next one")
        return IdentityPage(identities, following)

    async def is_active(self, identity_id: UUID) -> bool:
        try:
            async with asyncio.timeout(WAITED_FOR):
                answer = await self._ask(f"/admin/identities/{identity_id}", {})
                if answer.status_code == 404:
                    # So answers whatever is no admin API of Kratos, too.
                    await self._get("/admin/health/ready", {})
                    return False
        except TimeoutError as error:
            raise KratosAway(f"Kratos does not tell an identity within {WAITED_FOR} s") from error
        _require_success(answer)
        try:
            return _identity_of(json.loads(answer.content)).active
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise KratosAway(f"Kratos' identity cannot be read ({type(error).__name__})") from error

    async def _get(self, path: str, parameters: Mapping[str, str]) -> httpx2.Response:
        answer = await self._ask(path, parameters)
        _require_success(answer)
        return answer

    async def _ask(self, path: str, parameters: Mapping[str, str]) -> httpx2.Response:
        try:
            return await self._http.get(path, params=dict(parameters))
        except httpx2.HTTPError as error:
            raise KratosAway(f"Kratos does not answer {path} ({type(error).__name__})") from error


def _require_success(answer: httpx2.Response) -> None:
    if answer.status_code != 200:
        raise KratosAway(f"Kratos answered {answer.url.path} with {answer.status_code}")


def next_token(link: str) -> str | None:
    """The page token of `rel="next"` in a Link header, whose URLs are relative; None on the last page."""
    for part in link.split(","):
        target, _, parameters = part.partition(";")
        if 'rel="next"' in parameters:
            tokens = parse_qs(urlsplit(target.strip().strip("<>")).query).get("page_token")
            return tokens[0] if tokens else None
    return None


def _identity_of(listed: Mapping[str, Any]) -> Identity:
    traits = listed.get("traits")
    return Identity(
        id=UUID(listed["id"]),
        traits=cast(Mapping[str, object], traits) if isinstance(traits, dict) else {},
        # Versions before states existed list none: such an identity can log in.
        active=listed.get("state", "active") == "active",
    )
