"""The token with which a browser connects to Centrifugo."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import jwt

AUDIENCE = "centrifugo"
ISSUER = "postroom"
TOKEN_SECONDS = 300
"""Seconds. Centrifugo cannot revoke a token, so it must be short-lived. Its client fetches the next one by itself."""


@dataclass(frozen=True, slots=True)
class CentrifugoForBrowsers:
    """`url` is where browsers connect; `token_key` is Centrifugo's `client.token.hmac_secret_key`."""

    url: str
    token_key: str


def connection_token(identity_id: UUID, *, key: str, now: datetime, session_expires_at: datetime | None) -> str:
    """A JWT (HS256) that expires with the session at the latest."""
    expires_at = now + timedelta(seconds=TOKEN_SECONDS)
    if session_expires_at is not None:
        expires_at = min(expires_at, session_expires_at)
    claims = {"sub": str(identity_id), "exp": expires_at, "iat": now, "aud": AUDIENCE, "iss": ISSUER}
    return jwt.encode(claims, key, algorithm="HS256")
