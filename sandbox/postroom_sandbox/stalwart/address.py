"""How Stalwart normalises local parts and domain names, including unusual ones."""

import re
from typing import Any

import idna

from postroom_sandbox.stalwart.errors import invalid_patch

_SPECIAL = "!#$%&'*+/=?^_`{|}~-"
_NO_SUFFIX = {"example", "invalid"}  # not in Stalwart's list of public suffixes; others may be missing, too


def local_part(value: Any, name: str) -> str:
    """The local part without white space, in lower case: `Dora Mixed` becomes `doramixed`. Raises SetError."""
    if not isinstance(value, str) or not value:
        raise invalid_patch(name)
    folded = "".join(value.split()).lower()
    pieces = folded.split(".")
    if not all(pieces) or not all(letter.isalnum() or letter in _SPECIAL for letter in "".join(pieces)):
        raise invalid_patch(name, "Invalid email local part")
    return folded


def domain_name(value: Any) -> str:
    """The name without white space, in lower case and ASCII: `münchen.de` becomes `xn--mnchen-3ya.de`. Raises SetError.

    Like Stalwart, it accepts names that no domain registry would: `x_y.org`, `-dash.org`.
    """
    refusal = invalid_patch("name", "Invalid domain name")
    labels = "".join(str(value).split()).lower().split(".")
    try:
        labels = [label if label.isascii() else idna.alabel(label).decode() for label in labels]
    except idna.IDNAError:
        raise refusal from None
    if len(labels) < 2 or not all(labels) or labels[-1] in _NO_SUFFIX:
        raise refusal
    return ".".join(labels)


def words(*texts: str | None) -> list[str]:
    """The distinct words for the text index: two or more letters and digits."""
    joined = " ".join(text for text in texts if text).lower()
    return list(dict.fromkeys(re.findall(r"[^\W_]{2,}", joined)))
