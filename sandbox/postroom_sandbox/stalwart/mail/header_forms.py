"""The forms of a header field: raw, and parsed as text, addresses, ids, a date, URLs (RFC 8621 §4.1.2)."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message as MimeMessage
from email.utils import parsedate_to_datetime
from typing import Any

from postroom_sandbox.stalwart.json_value import JSON

_ANGLED = re.compile(r"<([^<>]*)>")
_COMMENT = re.compile(r"\([^()]*\)")
# RFC 5322 §3.2.4: parentheses in a quoted string are no comment.
_QUOTED_OR_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|(\([^()]*\))', re.DOTALL)
_SPECIAL = re.compile(r'"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)|<[^>]*>|[,;:]|[^,;:"(<]+|.', re.DOTALL)


def raw_items(mime: MimeMessage) -> Iterator[tuple[str, str]]:
    """Names and raw values, including line ends. Anything but ASCII is read as UTF-8."""
    for name, value in mime.raw_items():
        yield name, str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def raw(mime: MimeMessage, name: str) -> str | None:
    """The last instance of a field: JMAP uses the last if there is more than one (RFC 8621 §4.1.2)."""
    return next((value for found, value in reversed(list(raw_items(mime))) if found.lower() == name), None)


def decoded(value: str) -> str:
    """Unfolded, with its encoded words decoded (RFC 2047)."""
    unfolded = re.sub(r"\r?\n", "", value)
    if "=?" not in unfolded:
        return unfolded
    try:
        pieces = decode_header(unfolded)
    except (HeaderParseError, ValueError):
        return unfolded
    return "".join(p if isinstance(p, str) else text_of(p, charset or "utf-8")[0] for p, charset in pieces)


def text_of(content: bytes, charset: str) -> tuple[str, bool]:
    """The text, and whether there was a problem. In that case it is read as UTF-8 with replacement characters.

    Some charsets, such as UTF-7, can encode lone surrogates, which neither JSON nor SQLite can store.
    """
    try:
        text, problem = content.decode("utf-8" if charset.lower() in ("us-ascii", "ascii") else charset), False
    except (LookupError, ValueError):
        text, problem = content.decode("utf-8", "replace"), True
    return text.encode("utf-8", "replace").decode(), problem


def as_raw(value: str) -> str:
    return value.rstrip("\r\n")


def as_text(value: str) -> str:
    return decoded(value).strip()


def _no_text(_: str) -> None:
    return None


def as_addresses(value: str) -> list[JSON]:
    return [address for group in as_grouped_addresses(value) for address in group["addresses"]]


def as_grouped_addresses(value: str) -> list[JSON]:
    """Addresses outside of groups are returned in a group without a name."""
    groups: list[JSON] = []
    piece, group = "", None  # the current group

    def end() -> None:
        nonlocal piece
        address, piece = _address(piece), ""
        if address is None:
            return
        if group is None and (not groups or groups[-1]["name"] is not None):
            groups.append({"name": None, "addresses": []})
        groups[-1]["addresses"].append(address)

    for lexeme in _SPECIAL.findall(re.sub(r"\r?\n", "", value)):
        if lexeme == ":" and group is None and piece.strip():
            group = _phrase(piece)
            groups.append({"name": group, "addresses": []})
            piece = ""
        elif lexeme in (",", ";"):
            end()
            group = None if lexeme == ";" else group
        else:
            piece += lexeme
    end()
    return groups


def _address(text: str) -> JSON | None:
    """None if there is nothing between two commas."""
    bare = _QUOTED_OR_COMMENT.sub(lambda found: found[1] or "", text).strip()
    unquoted = _QUOTED_OR_COMMENT.sub(lambda found: "_" * len(found[0]), bare)  # a name may hold brackets
    if angled := re.fullmatch(r"(?s)(.*?)<([^>]*)>.*", unquoted):
        name, email = (bare[slice(*angled.span(number))] for number in (1, 2))
        return {"name": _phrase(name) or None, "email": "".join(email.split())}
    comments = [found[2] for found in _QUOTED_OR_COMMENT.finditer(text) if found[2]]
    name = decoded(comments[0][1:-1]).strip() if comments else None
    return {"name": name or None, "email": bare} if bare else None


def _phrase(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    return " ".join(decoded(text).split())


def as_message_ids(value: str) -> list[str] | None:
    found = ["".join(each.split()) for each in _ANGLED.findall(value)] or _COMMENT.sub("", value).split()
    return found or None


def as_date(value: str) -> str | None:
    """RFC 3339, in the time zone of the field."""
    date = _date(value)
    return date.isoformat().replace("+00:00", "Z") if date else None


def utc(value: str) -> str:
    """The date in UTC, for comparisons; empty if there is none."""
    date = _date(value)
    return date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if date else ""


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(_COMMENT.sub("", value).strip())
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        date.astimezone(UTC)  # fails if the date cannot be expressed in UTC
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return date


def as_urls(value: str) -> list[str] | None:
    return _ANGLED.findall(value) or None


Form = Callable[[str], Any]
FORMS: dict[str, Form] = {
    "asRaw": as_raw,
    "asText": as_text,
    "asAddresses": as_addresses,
    "asGroupedAddresses": as_grouped_addresses,
    "asMessageIds": as_message_ids,
    "asDate": as_date,
    "asURLs": as_urls,
}
PROPERTIES: dict[str, tuple[str, Form]] = {
    "messageId": ("message-id", as_message_ids),
    "inReplyTo": ("in-reply-to", as_message_ids),
    "references": ("references", as_message_ids),
    "sender": ("sender", as_addresses),
    "from": ("from", as_addresses),
    "to": ("to", as_addresses),
    "cc": ("cc", as_addresses),
    "bcc": ("bcc", as_addresses),
    "replyTo": ("reply-to", as_addresses),
    "subject": ("subject", as_text),
    "sentAt": ("date", as_date),
}
"""The field and form of each convenience property of an Email (RFC 8621 §4.1.3)."""


_WITHOUT_TEXT = frozenset(("from", "to", "cc", "bcc", "sender", "reply-to", "list-id"))
"""Fields that Stalwart reads as addresses whatever form is wanted: `:asText` of them is null."""


def selected(mime: MimeMessage, wanted: str) -> Any:
    """The value of a property `header:Name:asForm:all`. Raises ValueError if it is not such a property."""
    name, *rest = wanted.removeprefix("header:").split(":")
    wants_all = "all" in rest
    form_names = [word for word in rest if word != "all"]
    if not name or len(form_names) > 1 or rest[:-1].count("all"):
        raise ValueError(wanted)
    form = FORMS.get(form_names[0] if form_names else "asRaw")
    if form is None:
        raise ValueError(wanted)
    if form is as_text and name.lower() in _WITHOUT_TEXT:
        form = _no_text
    values = [form(value) for found, value in raw_items(mime) if found.lower() == name.lower()]
    if wants_all:
        return values
    return values[-1] if values else None
