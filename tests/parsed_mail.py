"""A message as independent programs read it, in one form: Python's `email`, Go's library, and a JMAP server."""

import base64
import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32, default
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any

from tests.go_programs import MAIL_PARSER

RECEIPT = "disposition-notification-to"
PEOPLE = ("from", "to", "cc", "bcc", RECEIPT)
_RAW = compat32.clone(linesep="\r\n", mangle_from_=False)

Person = tuple[str, str]
JSON = dict[str, Any]


@dataclass(frozen=True)
class Leaf:
    """`content`: the octets of a file; the text of a body, in UTF-8 and with line feeds."""

    type: str
    name: str
    cid: str
    disposition: str
    content: bytes

    def __repr__(self) -> str:
        shown = self.content if len(self.content) < 200 else f"{len(self.content)} octets"
        return f"Leaf({self.type}, {self.name!r}, {self.cid!r}, {self.disposition!r}, {shown!r})"


Tree = Leaf | tuple[Any, ...]
"""A leaf, or the type of a multipart and what is in it."""


@dataclass(frozen=True)
class Parsed:
    people: Mapping[str, Sequence[Person]]
    subject: str
    ids: Mapping[str, Sequence[str]]
    sent_at: float
    body: Tree


def differences(found: Parsed, wanted: Parsed) -> list[str]:
    """Each in a line: a letter is too long to be compared by eye."""
    pairs: list[tuple[str, Any, Any]] = [("subject", found.subject, wanted.subject)]
    pairs += [(name, found.people.get(name, []), wanted.people.get(name, [])) for name in PEOPLE]
    pairs += [(name, found.ids.get(name, []), wanted.ids.get(name, [])) for name in {*found.ids, *wanted.ids}]
    pairs += [("date", found.sent_at, wanted.sent_at), *_different_parts(found.body, wanted.body)]
    lines: list[str] = []
    for name, one, other in pairs:
        if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            lines += [f"{name}: {a!r} is not {b!r}" for a, b in zip(one, other, strict=True) if a != b]
        elif one != other:
            lines.append(f"{name}: {one!r} is not {other!r}")
    return lines


def _different_parts(found: Tree, wanted: Tree) -> list[tuple[str, Any, Any]]:
    if isinstance(found, tuple) and isinstance(wanted, tuple) and len(found) == len(wanted):
        inner = [_different_parts(a, b) for a, b in zip(found[1:], wanted[1:], strict=True)]
        return [("type", found[0], wanted[0]), *(pair for pairs in inner for pair in pairs)]
    return [("part", found, wanted)]


def leaf(kind: str, name: str, cid: str, disposition: str, content: bytes, charset: str) -> Leaf:
    if not disposition and kind.startswith("text/"):
        assert charset in ("utf-8", "us-ascii"), charset
        content = content.decode(charset).replace("\r\n", "\n").rstrip("\n").encode()
    return Leaf(kind, name, cid, disposition, content)


def by_python(message: bytes) -> Parsed:
    # Its parser of octets does not decode UTF-8 in headers (RFC 6532).
    head = message_from_string(message.partition(b"\r\n\r\n")[0].decode() + "\r\n\r\n", policy=default)
    raw = message_from_string(message.partition(b"\r\n\r\n")[0].decode() + "\r\n\r\n", policy=compat32)
    return Parsed(
        {name: _people(str(raw[name])) for name in PEOPLE if raw[name]},
        str(head["subject"] or "").strip(),
        {name: _ids(str(head[name])) for name in ("message-id", "in-reply-to", "references") if head[name]},
        parsedate_to_datetime(str(head["date"])).timestamp(),
        _python_part(message_from_bytes(message, policy=_RAW)),
    )


def _people(field: str) -> list[Person]:
    """The newer parser puts blanks between the encoded words of a name (RFC 2047 §6.2), up to Python 3.13."""
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", field)
    return [(str(make_header(decode_header(name))) if name else "", each) for name, each in getaddresses([unfolded])]


def _python_part(part: Message) -> Tree:
    kind = part.get_content_type()
    payload: Any = part.get_payload()
    if kind.startswith("multipart/"):
        return (kind, *map(_python_part, payload))
    content: Any = payload[0].as_bytes(policy=_RAW) if kind == "message/rfc822" else part.get_payload(decode=True)
    modern: Any = message_from_bytes(b"\r\n".join(_fields(part)) + b"\r\n\r\n", policy=default)
    cid = str(part.get("content-id") or "").strip("<> ")
    disposition, charset = part.get_content_disposition() or "", str(part.get_content_charset() or "us-ascii")
    return leaf(kind, modern.get_filename() or "", cid, disposition, content, charset)


def _fields(part: Message) -> list[bytes]:
    return [f"{name}: {value}".encode() for name, value in part.items() if name.lower().startswith("content-")]


def by_go(message: bytes) -> Parsed:
    ran = subprocess.run([MAIL_PARSER.found_or_skipped()], input=message, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    found: JSON = json.loads(ran.stdout)
    headers = found["headers"]
    return Parsed(
        {name: [(each["name"], each["address"]) for each in people] for name, people in found["addresses"].items()},
        headers.get("subject", ""),
        {name: _ids(headers[name]) for name in ("message-id", "in-reply-to", "references") if headers.get(name)},
        parsedate_to_datetime(headers["date"]).timestamp(),
        _go_part(found["body"]),
    )


def _go_part(part: JSON) -> Tree:
    if part["type"].startswith("multipart/"):
        return (part["type"], *map(_go_part, part["parts"]))
    charset = part["charset"] or "us-ascii"
    content = base64.b64decode(part["content"] or "")
    return leaf(part["type"], part["name"], part["cid"], part["disposition"], content, charset)


def _ids(field: str) -> list[str]:
    return [each.strip("<>") for each in field.split()]
