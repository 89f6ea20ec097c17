"""Stalwart's encoding of numbers as JMAP ids, and of bytes: base 32 with a custom alphabet."""

import base64
import binascii

_ALPHABET = "abcdefghijklmnopqrstuvwxyz792013"
_RFC_4648 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_LETTERS = set(_ALPHABET)
_TO_DIGITS = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")
_TO_OURS = str.maketrans(_RFC_4648, _ALPHABET)
_FROM_OURS = str.maketrans(_ALPHABET, _RFC_4648)
_MAX_SIZE = 2**63 - 1  # what SQLite can hold

RECOVERY_ADMIN = 2**32 - 1
"""The account number of the recovery administrator, `d333333`, who has no row."""


SINGLETON = 20080258862541
"""The number whose encoding is `singleton`: the id of settings objects that exist once."""


def encode(number: int) -> str:
    text = _ALPHABET[number & 31]
    while number := number >> 5:
        text = _ALPHABET[number & 31] + text
    return text


def decode(text: object) -> int | None:
    """The number; None if the text is not an id."""
    if not isinstance(text, str) or not text or not set(text) <= _LETTERS:
        return None
    number = int(text.translate(_TO_DIGITS), 32)
    return number if number <= _MAX_SIZE else None


def base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").translate(_TO_OURS)


def from_base32(text: str) -> bytes | None:
    """None if a letter is not in the alphabet, or if the length does not encode whole bytes."""
    if not set(text) <= _LETTERS:
        return None
    try:
        return base64.b32decode(text.translate(_FROM_OURS) + "=" * (-len(text) % 8))
    except binascii.Error:
        return None
