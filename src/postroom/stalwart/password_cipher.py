"""Encrypts the app passwords that Postroom stores: a copy of the database alone gives access to no mailbox."""

import base64
import binascii

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from postroom.errors import ConfigurationError
from postroom.mailboxes.ports import MailAccount

_BYTES = 32


class PasswordCipher:
    """`key` encrypts and decrypts, `previous` only decrypts. Both are 32 bytes in base64, plain or URL-safe.

    Raises `ConfigurationError`.
    """

    def __init__(self, key: str, previous: str | None = None) -> None:
        keys = [_fernet(key, "POSTROOM_ENCRYPTION_KEY")]
        if previous:
            keys.append(_fernet(previous, "POSTROOM_ENCRYPTION_KEY_PREVIOUS"))
        self._fernet = MultiFernet(keys)

    def encrypt(self, account: MailAccount, secret: str) -> bytes:
        # The owner is encrypted with it: an attacker with write access to the database must not gain access to another
        # mailbox by copying a row.
        return self._fernet.encrypt(f"{_owner(account)}\n{secret}".encode())

    def decrypt(self, account: MailAccount, encrypted: bytes) -> str | None:
        """The secret; None if it was encrypted with another key, or for another account."""
        try:
            owner, _, secret = self._fernet.decrypt(encrypted).decode().rpartition("\n")
        except InvalidToken:
            return None
        return secret if owner == _owner(account) else None


def _owner(account: MailAccount) -> str:
    return f"{account.identity_id}\n{account.account_id}"


def _fernet(key: str, setting: str) -> Fernet:
    try:
        raw = base64.b64decode(key.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _BYTES:
        # Without the value, and without the cause, which may quote it.
        raise ConfigurationError(
            f"{setting}: {_BYTES} bytes in base64 are needed; make them by: openssl rand -base64 {_BYTES}"
        ) from None
    return Fernet(base64.urlsafe_b64encode(raw))
