"""States as Stalwart spells them: `n` before the first change, then `s` and the number of the last one.

The number is in LEB128, seven bits a byte with the lowest first, and those bytes in the alphabet of ids.
"""

import base64
import binascii

from postroom_sandbox.stalwart.ids import ALPHABET

_NONE = "n"
_MOST_BYTES = 9
_RFC_4648 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TO_OURS = str.maketrans(_RFC_4648, ALPHABET)
_FROM_OURS = str.maketrans(ALPHABET, _RFC_4648)
_LETTERS = set(ALPHABET)


def encode(change_id: int) -> str:
    if change_id == 0:
        return _NONE
    encoded: list[int] = []
    while change_id > 127:
        encoded.append(change_id & 127 | 128)
        change_id >>= 7
    encoded.append(change_id)
    return "s" + base32(bytes(encoded))


def decode(state: str) -> int | None:
    """The number of the change, or None where the text is no state."""
    if state == _NONE:
        return 0
    encoded = from_base32(state[1:]) if state.startswith("s") else None
    if not encoded or len(encoded) > _MOST_BYTES:
        return None
    return sum((byte & 127) << 7 * place for place, byte in enumerate(encoded))


def base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").translate(_TO_OURS)


def from_base32(text: str) -> bytes | None:
    """None where a letter is none of the alphabet, or the length none that whole bytes have."""
    if not set(text) <= _LETTERS:
        return None
    try:
        return base64.b32decode(text.translate(_FROM_OURS) + "=" * (-len(text) % 8))
    except binascii.Error:
        return None
