"""The header section of a message (RFC 5322 §2.2), read from its bytes by the grammar and by nothing more.

Programs recover in different ways from a line that is no field, from a blank in a name or before the colon, and from a
CR or LF alone. Stalwart 0.16.19 takes `Fr om` for From, and what follows a Date in the zone `Z` for a part of it.
"""

import re

_FIELD = re.compile(rb"([!-9;-~]++):((?:[^\r\n\x00]|\r\n[ \t])*+)\r\n")


def fields_of(start: bytes) -> list[tuple[str, str]] | None:
    """The names of the fields, in lower case, and their values. `start` is the beginning of the message; None if the
    header section does not follow the grammar, or `start` does not show the empty line that ends it. Bytes that are
    not UTF-8 (RFC 6532) become U+FFFD."""
    fields: list[tuple[str, str]] = []
    end = 0
    while field := _FIELD.match(start, end):
        fields.append((field[1].decode().lower(), field[2].decode(errors="replace")))
        end = field.end()
    return fields if start.startswith(b"\r\n", end) else None
