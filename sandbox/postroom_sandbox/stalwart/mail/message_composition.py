"""Builds the message that an Email/set create describes (RFC 8621 §4.6)."""

import base64
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from email.generator import BytesGenerator
from email.header import Header
from email.message import Message as MimeMessage
from email.policy import compat32
from email.utils import format_datetime, quote
from io import BytesIO
from quopri import encodestring
from typing import Any

from postroom_sandbox.stalwart.json_value import JSON, is_list, is_object
from postroom_sandbox.stalwart.mail import header_forms as forms
from postroom_sandbox.stalwart.mail.data_type import invalid

_POLICY = compat32.clone(linesep="\r\n", max_line_length=0)
_MAX_LINE = 990
_MAX_ATTACHMENTS = 50_000_000  # maxSizeAttachmentsPerEmail of the session
_BODIES = ("textBody", "htmlBody", "attachments")
_TYPES = {"textBody": "text/plain", "htmlBody": "text/html"}
_PART_FIELDS = (
    ("cid", "Content-ID", "asMessageIds"),
    ("location", "Content-Location", "asRaw"),
    ("language", "Content-Language", "asTokens"),
)
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+_-]*/[a-z0-9][a-z0-9.+_-]*")
ReadBlob = Callable[[Any, str], bytes]
"""Returns the octets of a blobId, the value of the named property. Raises SetError."""


def composed(value: JSON, read_blob: ReadBlob) -> bytes:
    """Raises SetError."""
    head: list[tuple[str, str]] = []
    for name, given in value.items():
        if name in forms.PROPERTIES or name.startswith("header:"):
            head += _fields(name, given)
        elif name not in (*_BODIES, "bodyStructure", "bodyValues"):
            raise invalid(name, description="Invalid property or value.")
    names = [name.lower() for name, _ in head]
    if "date" not in names:
        head.append(("Date", format_datetime(datetime.now(UTC))))
    if "message-id" not in names:
        head.append(("Message-ID", f"<{uuid.uuid4().hex}@{_host(value)}>"))
    body = _Body(value.get("bodyValues") or {}, read_blob).root(value)
    fields = "".join(f"{name}: {text}\r\n" for name, text in [*head, ("MIME-Version", "1.0")])
    return fields.encode("utf-8", "replace") + _written(body)  # the body begins with its own header fields


def _host(value: JSON) -> str:
    sender = value.get("from")
    address = sender[0].get("email", "") if is_list(sender) and sender and is_object(sender[0]) else ""
    return str(address).rpartition("@")[2] or "localhost"


# Header fields


def _fields(name: str, given: Any) -> list[tuple[str, str]]:
    if name in forms.PROPERTIES:
        field, form = forms.PROPERTIES[name]
        kind = next(key for key, known in forms.FORMS.items() if known is form)
        return [] if given is None or given == [] else [(_field_name(field), _text(name, kind, given, field))]
    field, *rest = name.removeprefix("header:").split(":")
    kinds = [word for word in rest if word != "all"] or ["asRaw"]
    if not field or not field.isascii() or " " in field or len(kinds) > 1 or kinds[0] not in forms.FORMS:
        raise invalid(name)
    if field.lower().startswith("content-"):  # Stalwart writes it beside its own field, which is ambiguous
        raise invalid(name, description="Content fields belong to the body parts.")
    values = given if "all" in rest else [given]
    if not is_list(values):
        raise invalid(name)
    return [(field, _text(name, kinds[0], each, field)) for each in values if each is not None]


def _field_name(field: str) -> str:
    return "Message-ID" if field == "message-id" else "-".join(word.capitalize() for word in field.split("-"))


def _text(name: str, form: str, value: Any, field: str) -> str:
    """The value of a header field that is given in this form. Raises SetError."""
    try:
        match form:
            case "asRaw":
                text = value.strip(" \t")
            case "asText":
                text = _encoded(value, len(field) + 2)
            case "asAddresses":
                text = ",\r\n ".join(map(_mailbox, value))
            case "asGroupedAddresses":
                text = ",\r\n ".join(map(_group, value))
            case "asMessageIds":
                text = "\r\n ".join(f"<{each}>" for each in ([value] if isinstance(value, str) else value))
            case "asTokens":
                text = ", ".join(value)
            case "asDate":
                text = format_datetime(datetime.fromisoformat(value).astimezone(UTC))
            case _:
                text = ",\r\n ".join(f"<{each}>" for each in value)
    except (TypeError, ValueError, AttributeError, KeyError):
        raise invalid(name, description="Invalid property or value.") from None
    # A value must not end the field early and so add fields of its own. Stalwart 0.16.19 accepts such a value, a
    # vulnerability that the stand-in does not copy.
    if any(not line.startswith((" ", "\t")) for line in text.replace("\r\n", "\n").split("\n")[1:]) or "\0" in text:
        raise invalid(name, description="A line end within a header field must be folded.")
    return text


def _encoded(text: str, used: int) -> str:
    text = " ".join(text.splitlines())
    # An encoded word can be divided, a word that is too long for a line cannot.
    fits = text.isascii() and max(map(len, text.split() or [""])) < _MAX_LINE
    charset = "us-ascii" if fits else "utf-8"
    return Header(text, charset, header_name=" " * used).encode(linesep="\r\n")


def _mailbox(address: JSON) -> str:
    email = address["email"]
    if not isinstance(email, str) or any(letter in email for letter in "\r\n<>,"):
        raise ValueError("address")
    name = address.get("name")
    if not name:
        return f"<{email}>"
    shown = f'"{quote(" ".join(name.splitlines()))}"' if name.isascii() else _encoded(name, 10)
    return f"{shown} <{email}>"


def _group(group: JSON) -> str:
    members = ", ".join(map(_mailbox, group["addresses"]))
    if group.get("name") is None:
        return members
    name = group["name"]
    return f"{f'{chr(34)}{quote(name)}{chr(34)}' if name.isascii() else _encoded(name, 10)}: {members};"


# The body


class _Body:
    def __init__(self, values: JSON, read_blob: ReadBlob) -> None:
        if not is_object(values) or not all(map(is_object, values.values())):
            raise invalid("bodyValues")
        self._values = values
        self._read_blob = read_blob
        self._size = 0  # of the blobs

    def root(self, value: JSON) -> MimeMessage:
        if value.get("bodyStructure") is not None:
            if both := [name for name in value if name in _BODIES]:
                raise invalid(both[0], "bodyStructure", description="Cannot set both properties on a same request.")
            return self._part(value["bodyStructure"], "bodyStructure")
        bodies = {name: self._list(value, name) for name in _BODIES}
        for name, kind in _TYPES.items():
            if len(bodies[name]) > 1:
                raise invalid(name, description="Only one part is allowed.")
            if any(part.get("type", kind) != kind for part in bodies[name]):
                raise invalid(f"{name}/type", description=f'Expected one body part of type "{kind}"')
        texts = [self._part({"type": _TYPES[name]} | part, name) for name in _TYPES for part in bodies[name]]
        attached = [self._part(part, "attachments") for part in bodies["attachments"]]
        if not texts and not attached:
            texts = [_leaf(b"", {"type": "text/plain"}, is_value=True)]
        body = texts[0] if len(texts) == 1 else _multipart("alternative", texts) if texts else None
        if body is None or attached:
            return _multipart("mixed", [*([body] if body else []), *attached])
        return body

    def _list(self, value: JSON, name: str) -> list[JSON]:
        parts: Any = value.get(name) or []
        if not is_list(parts) or not all(map(is_object, parts)):
            raise invalid(name)
        return parts

    def _part(self, part: Any, name: str) -> MimeMessage:
        if not is_object(part):
            raise invalid(name)
        kind = str(part.get("type") or "text/plain").lower()
        if kind.startswith("multipart/"):
            return _multipart(kind.partition("/")[2], [self._part(each, name) for each in self._list(part, "subParts")])
        if part.get("blobId") is not None:
            content = self._read_blob(part["blobId"], f"{name}/blobId")
            self._size += len(content)
            if self._size > _MAX_ATTACHMENTS:
                raise invalid(name, description=f"Message exceeds maximum size of {_MAX_ATTACHMENTS} bytes.")
            return _leaf(content, part | {"type": kind}, is_value=False)
        if part.get("charset") is not None:
            raise invalid(f"{name}/charset", description="The server chooses the charset of a body value.")
        value = self._values.get(str(part.get("partId")))
        if value is None or not isinstance(value.get("value"), str):
            raise invalid(f"{name}/partId", description=f"Missing body value for partId {part.get('partId')}")
        text = value["value"].replace("\r\n", "\n").replace("\n", "\r\n")
        return _leaf(text.encode("utf-8", "replace"), part | {"type": kind, "charset": "utf-8"}, is_value=True)


def _multipart(subtype: str, parts: list[MimeMessage]) -> MimeMessage:
    mime = MimeMessage(_POLICY)
    mime["Content-Type"] = f"multipart/{subtype}"
    mime.set_boundary(uuid.uuid4().hex)
    for part in parts:
        mime.attach(part)
    return mime


def _leaf(content: bytes, part: JSON, *, is_value: bool) -> MimeMessage:
    mime = MimeMessage(_POLICY)
    kind = str(part["type"])
    if not _MEDIA_TYPE.fullmatch(kind):
        raise invalid("type", description="Invalid media type.")
    mime.add_header("Content-Type", kind)
    _put_parameter(mime, "charset", part.get("charset"), "Content-Type")
    if part.get("disposition"):
        mime.add_header("Content-Disposition", "inline" if part["disposition"] == "inline" else "attachment")
        _put_parameter(mime, "filename", part.get("name"), "Content-Disposition")
    else:
        _put_parameter(mime, "name", part.get("name"), "Content-Type")
    for name, field, form in _PART_FIELDS:
        if part.get(name):
            mime.add_header(field, _text(name, form, part[name], field))
    for key, value in part.items():
        if key.startswith("header:"):
            for field, text in _fields(key, value):
                mime.add_header(field, text)
    _put_content(mime, content, is_value=is_value)
    return mime


def _put_parameter(mime: MimeMessage, name: str, value: Any, field: str) -> None:
    if value:
        text = " ".join(str(value).split())
        mime.set_param(name, text, header=field, charset="" if text.isascii() else "utf-8")


def _put_content(mime: MimeMessage, content: bytes, *, is_value: bool) -> None:
    """Choose the transfer encoding that the content needs (RFC 2045 §6). A blob must be read back unchanged, including
    its line ends. Even a message is encoded, as Stalwart 0.16.19 does against RFC 2046 §5.2.1."""
    short = max(map(len, content.split(b"\r\n"))) < _MAX_LINE
    plain = short and content.isascii() and not set(b"\0\r\n") & set(content.replace(b"\r\n", b""))
    kind = mime.get_content_maintype()
    if plain and kind == "text":
        encoding, payload = "7bit", content
    elif is_value:
        encoding, payload = "quoted-printable", encodestring(content.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    else:
        encoding, payload = "base64", base64.encodebytes(content).replace(b"\n", b"\r\n")
    mime.add_header("Content-Transfer-Encoding", encoding)
    mime.set_payload(payload.decode("ascii", "surrogateescape"))


def _written(mime: MimeMessage) -> bytes:
    out = BytesIO()
    BytesGenerator(out, mangle_from_=False, policy=_POLICY).flatten(mime)
    return out.getvalue()
