"""HTTP Basic (RFC 7617): a person's address as the name, an access token of hers as the password.

The token alone says who asks. The address is for programs that know nothing but a name and a password, and it must be
hers: else a program whose settings were mixed up would show and send the mail of somebody else.
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
from postroom.mail.access_tokens import PREFIX
from postroom.mail.token_cache import CACHE_SECONDS, CACHE_SIZE


def address_and_token(encoded: str) -> tuple[str, str]:
    """Raises `NoSession` for what holds no access token: another password is sent to nobody."""
    try:
        address, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # of base64 or of UTF-8; its text would hold the password
        raise NoSession("Authorization: Basic is not the base64 of UTF-8") from None
    if not token.startswith(PREFIX):
        raise NoSession("Authorization: Basic takes a mail address, and as the password an access token of it")
    return address, token


class OwnAddresses:
    """The address of each identity, remembered for as long as a token is. `read` is `Requests.read`, `monotonic` the
    passing of time."""

    def __init__(
        self,
        read: Callable[[UUID], Awaitable[tuple[Request, Account | None] | None]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._found = TTLCache[UUID, str](CACHE_SIZE, CACHE_SECONDS, monotonic)

    async def fits(self, address: str, identity_id: UUID) -> bool:
        """Whether it is the identity's own, however it is written. Raises `DatabaseUnavailable`."""
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
