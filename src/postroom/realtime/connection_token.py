"""What lets a browser connect to Centrifugo."""

from datetime import datetime, timedelta
from uuid import UUID

import jwt

AUDIENCE = "centrifugo"
ISSUER = "postroom"
LIFE = 300
"""Seconds. Centrifugo cannot revoke a token, so it must be short; its client asks for the next one by itself."""


def connection_token(
    identity_id: UUID, *, key: str, now: datetime, session_expires_at: datetime | None, ttl: int = LIFE
) -> str:
    """A JWT (HS256) that ends with the session at the latest."""
    expires_at = now + timedelta(seconds=ttl)
    if session_expires_at is not None:
        expires_at = min(expires_at, session_expires_at)
    claims = {"sub": str(identity_id), "exp": expires_at, "iat": now, "aud": AUDIENCE, "iss": ISSUER}
    return jwt.encode(claims, key, algorithm="HS256")
