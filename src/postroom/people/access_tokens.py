"""Access tokens: they give a program access to a person's mail without the password, within scopes and for a time.

    postroom_<43 characters: 32 random bytes in URL-safe base64><6 characters: CRC-32 in base 62>

The prefix and the checksum let secret scanners find a published token, and distinguish a typing error from a revoked
token without a query. Only the SHA-256 is stored: 256 random bits need no slow hash.
"""

import base64
import hashlib
import re
import string
import zlib
from collections.abc import Callable, Set
from datetime import datetime, timedelta
from uuid import UUID

from postroom.domain.person import Scope
from postroom.errors import Refused
from postroom.people.ports import AccessToken, AccessTokens

PREFIX = "postroom_"
RANDOM_BYTES = 32

DEFAULT_DAYS = 90
MAX_DAYS = 365
MAX_LIVE = 20
"""Live tokens of one person."""
MAX_NAME = 100

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHECKSUM_LENGTH = 6  # 62^6 > 2^32
_SHAPE = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}[0-9A-Za-z]{{{_CHECKSUM_LENGTH}}}")


def token_text(random: bytes) -> str:
    """The token's text, which is shown once, made of `RANDOM_BYTES` random bytes."""
    body = PREFIX + base64.urlsafe_b64encode(random).decode().rstrip("=")
    return body + _checksum(body)


def hash_of(text: str) -> bytes | None:
    """The hash by which a token is stored and found; None for a text that cannot be a token."""
    if not _SHAPE.fullmatch(text):
        return None
    body, checksum = text[:-_CHECKSUM_LENGTH], text[-_CHECKSUM_LENGTH:]
    return _digest(text) if _checksum(body) == checksum else None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits


def new_access_token(
    token_id: UUID, identity_id: UUID, *, name: str, scopes: Set[Scope], days: int, now: datetime
) -> AccessToken:
    """Raises `Refused` for an invalid name."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not 1 <= len(shown) <= MAX_NAME:
        raise Refused("wrong_name", f"give the token a name of 1 to {MAX_NAME} characters that says what it is for")
    return AccessToken(token_id, identity_id, shown, frozenset(scopes), now, now + timedelta(days=days))


class TokenMaker:
    """`random_bytes` is `secrets.token_bytes`."""

    def __init__(
        self,
        tokens: AccessTokens,
        *,
        new_id: Callable[[], UUID],
        random_bytes: Callable[[int], bytes],
        now: Callable[[], datetime],
    ) -> None:
        self._tokens = tokens
        self._new_id = new_id
        self._random_bytes = random_bytes
        self._now = now

    async def make(
        self, identity_id: UUID, *, name: str, scopes: Set[Scope], days: int = DEFAULT_DAYS
    ) -> tuple[AccessToken, str]:
        """The stored token and its text, which cannot be recovered later.

        Raises `Refused`, also if the person already has `MAX_LIVE`, and `DatabaseUnavailable`.
        """
        token = new_access_token(self._new_id(), identity_id, name=name, scopes=scopes, days=days, now=self._now())
        text = token_text(self._random_bytes(RANDOM_BYTES))
        await self._tokens.add(token, _digest(text), limit=MAX_LIVE)
        return token, text
