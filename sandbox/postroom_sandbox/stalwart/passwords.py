"""How secrets are stored, and which passwords are strong enough."""

import hashlib
import hmac
import re
import secrets
from functools import lru_cache
from typing import Any

from postroom_sandbox.stalwart.errors import SetError, invalid_patch

MASK = "****"
"""Shown instead of a secret; sent back, it means "unchanged"."""
_READY_HASH = re.compile(
    r"\$(argon2|pbkdf2|scrypt|2[abxy]\$|1\$|5\$|6\$|sha1\$)|\{(SHA|SSHA|MD5|CRYPT|ARGON2)[A-Z0-9]*\}"
)
_COMMON = ("password", "qwerty", "letmein", "welcome", "123456", "iloveyou")


def hashed(secret: Any) -> str:
    """The secret as it is stored. A secret that already is a hash is stored unchanged. Raises SetError.

    Stalwart measures the strength with zxcvbn; this check gives the same result in obvious cases.
    """
    if not isinstance(secret, str):
        raise invalid_patch("credentials")
    if _READY_HASH.match(secret):
        return secret
    if not 8 <= len(secret) <= 128:
        bound = "at least 8" if len(secret) < 8 else "at most 128"
        raise SetError("invalidProperties", f"Password must be {bound} characters long.", properties=["secret"])
    if len(set(secret)) < 7 or (len(secret) < 14 and any(word in secret.lower() for word in _COMMON)):
        description = "Password is too weak. Add another word or two."
        raise SetError("invalidProperties", description, properties=["secret"])
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}:{_scrypt(secret, salt)}"


def _scrypt(secret: str, salt: bytes) -> str:
    return hashlib.scrypt(secret.encode(), salt=salt, n=2**12, r=8, p=1).hex()  # 10 ms, enough for a sandbox


@lru_cache(maxsize=1000)  # Stalwart, too, checks a password once and not at each request
def matches(secret: str, stored: str) -> bool:
    """Whether the secret is the stored one. A hash that was made elsewhere matches no secret."""
    if _READY_HASH.match(stored):
        return False
    salt, _, known = stored.partition(":")
    return hmac.compare_digest(known, _scrypt(secret, bytes.fromhex(salt)))


def digest(secret: str) -> str:
    """The hash of app passwords and keys: they are long and random, need no slow hash, and are found by it."""
    return hashlib.sha256(secret.encode()).hexdigest()
