"""HTTP Basic (RFC 7617): a person's address as the user name, one of their access tokens as the password.

The token alone identifies the person. The address is for programs that require a name and a password, and it must be
the person's own: otherwise a program with mixed-up settings would show and send the mail of another person.
"""

import base64
import hmac
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

from cachetools import TTLCache

from postroom.domain.address import normalise_address
from postroom.domain.mailbox import Account
from postroom.domain.request import Request
from postroom.errors import NoSession, Refused
from postroom.people.access_tokens import PREFIX
from postroom.people.token_cache import CACHE_SECONDS, CACHE_SIZE


def address_and_token(encoded: str) -> tuple[str, str]:
    """Raises `NoSession` unless the password is an access token: any other password is passed to no server."""
    try:
        address, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # of base64 or of UTF-8; its text would hold the password
        raise NoSession("Authorization: Basic is not the base64 of UTF-8") from None
    if not token.startswith(PREFIX):
        raise NoSession("Authorization: Basic needs a mail address, and one of its access tokens as the password")
    return address, token


class OwnAddresses:
    """The address of each identity, cached for as long as a token. `read` is `Requests.read`, `monotonic` a monotonic
    clock."""

    def __init__(
        self,
        read: Callable[[UUID], Awaitable[tuple[Request, Account | None] | None]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._found = TTLCache[UUID, str](CACHE_SIZE, CACHE_SECONDS, monotonic)

    async def matches(self, address: str, identity_id: UUID) -> bool:
        """Whether it is the identity's own address, in any spelling. Raises `DatabaseUnavailable`."""
        own = self._found.get(identity_id)
        if own is None:
            found = await self._read(identity_id)
            if found is None:
                return False
            own = self._found[identity_id] = found[0].email
        try:
            stated = str(normalise_address(address))
        except Refused:
            return False
        return hmac.compare_digest(stated.encode(), own.encode())
