"""Codes of an authenticator app (RFC 6238) with the default parameters: SHA-1, 30 s, 6 digits."""

import base64
import hmac
import io
import secrets
import struct
from datetime import datetime
from urllib.parse import quote

import segno

STEP = 30
QR_SIDE = 256
_SECRET_BYTES = 20


def new_secret() -> str:
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def is_totp(secret: str, given: str, now: datetime) -> bool:
    """Whether the code is valid now. A clock that is 30 s behind or ahead is accepted."""
    step = int(now.timestamp()) // STEP
    valid = (_code(secret, each) for each in (step - 1, step, step + 1))
    return any(hmac.compare_digest(code.encode(), given.encode()) for code in valid)


def _code(secret: str, step: int) -> str:
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), "sha1")
    (number,) = struct.unpack_from(">I", digest, digest[-1] & 15)
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


def qr_code(secret: str, account: str) -> str:
    """The QR code for the app, as a data URL."""
    written = io.BytesIO()
    url = f"otpauth://totp/Postroom:{quote(account)}?issuer=Postroom&secret={secret}"
    segno.make(url, micro=False).save(written, kind="png", scale=4)
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode()}"
