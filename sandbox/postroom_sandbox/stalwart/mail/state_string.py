"""State strings in the format of Stalwart: `n` before the first change, then `s` and the number of the last change.

The number is encoded in LEB128 (seven bits per byte, lowest first), and these bytes in the alphabet of ids.
"""

from postroom_sandbox.stalwart import ids

_NONE = "n"
_MAX_BYTES = 9


def encode(change_id: int) -> str:
    if change_id == 0:
        return _NONE
    encoded: list[int] = []
    while change_id > 127:
        encoded.append(change_id & 127 | 128)
        change_id >>= 7
    encoded.append(change_id)
    return "s" + ids.base32(bytes(encoded))


def decode(state: str) -> int | None:
    """The number of the change; None if the text is not a state."""
    if state == _NONE:
        return 0
    encoded = ids.from_base32(state[1:]) if state.startswith("s") else None
    if not encoded or len(encoded) > _MAX_BYTES:
        return None
    return sum((byte & 127) << 7 * place for place, byte in enumerate(encoded))
