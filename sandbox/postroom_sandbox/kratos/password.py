"""Password hashes of the stand-in. Their work factor is far below what real passwords need, to keep the tests fast."""

import hashlib
import hmac
import os
from typing import Any

from postroom_sandbox.kratos import form_messages
from postroom_sandbox.kratos.form_messages import Problem

MIN_LENGTH = 8
_SALT_BYTES = 16


def _derive(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**8, r=8, p=1)


def password_problem(password: Any) -> Problem | None:
    """Why a new password is refused; None if it is accepted."""
    if not isinstance(password, str) or not password:
        return form_messages.missing("password")
    return form_messages.password_too_short(len(password), MIN_LENGTH) if len(password) < MIN_LENGTH else None


def hash_password(password: str) -> str:
    salt = os.urandom(_SALT_BYTES)
    return (salt + _derive(password, salt)).hex()


def is_password(password: str, hashed: str) -> bool:
    stored = bytes.fromhex(hashed)
    salt, key = stored[:_SALT_BYTES], stored[_SALT_BYTES:]
    return hmac.compare_digest(_derive(password, salt), key)
