"""An Email as it is stored, so that lists of mail parse no message again, and as /get shows it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from postroom_sandbox.stalwart.errors import MethodError
from postroom_sandbox.stalwart.json_value import JSON, is_count
from postroom_sandbox.stalwart.mail import blobs, threads
from postroom_sandbox.stalwart.mail import header_forms as forms
from postroom_sandbox.stalwart.mail.mime_message import Message, Part

_DEFAULT_PROPERTIES = [
    *("id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt"),
    *forms.PROPERTIES,
    *("hasAttachment", "preview", "bodyValues", "textBody", "htmlBody", "attachments"),
]
_DEFAULT_BODY_PROPERTIES = [
    *("partId", "blobId", "size", "name", "type", "charset", "disposition", "cid", "language", "location")
]
_BODY_PROPERTIES = {*_DEFAULT_BODY_PROPERTIES, "headers", "subParts"}
_KNOWN = {*_DEFAULT_PROPERTIES, "headers", "bodyStructure"}
_BODIES = ("textBody", "htmlBody", "attachments")


@dataclass(frozen=True)
class Parsed:
    """What is stored of a message: the properties that never change, and the columns for searching and sorting."""

    document: JSON
    columns: JSON
    text: tuple[str, str, str, str, str, str]  # from, to, cc, bcc, subject, bodies
    message_ids: frozenset[str]


def parsed(content: bytes) -> Parsed:
    message = Message(content)
    document = _properties(message)
    document["parts"] = [part.shown() for part in message.parts]
    document["structure"] = _tree(message.parts[0])
    for name, parts in zip(_BODIES, message.bodies, strict=True):
        document[name] = [part.number for part in parts]
    columns = {
        "sent_at": forms.utc(forms.raw(message.mime, "date") or ""),
        "sender": _sorted_by(document["from"]),
        "recipient": _sorted_by(document["to"]),
        "subject": threads.base_subject(document["subject"] or ""),
        "has_attachment": document["hasAttachment"],
    }
    people = [_searched(document[name]) for name in ("from", "to", "cc", "bcc")]
    named = [*(document["messageId"] or ()), *(document["inReplyTo"] or ()), *(document["references"] or ())]
    text = (people[0], people[1], people[2], people[3], document["subject"] or "", message.searchable())
    return Parsed(document, columns, text, frozenset(named))


def _properties(message: Message) -> JSON:
    latest = {name.lower(): value for name, value in message.headers()}
    found: JSON = {}
    for name, (field, form) in forms.PROPERTIES.items():
        found[name] = form(latest[field]) if field in latest else None
    found["subject"] = found["subject"] or None
    return found | {"hasAttachment": message.has_attachment, "preview": message.preview()}


def _tree(part: Part) -> list[Any]:
    return [part.number, [_tree(child) for child in part.children]]


def _sorted_by(addresses: list[JSON] | None) -> str:
    """RFC 8621 §4.4.2: the name of the first address, or the address."""
    first = addresses[0] if addresses else {"name": "", "email": ""}
    return (first["name"] or first["email"]).lower()


def _searched(addresses: list[JSON] | None) -> str:
    return " ".join(f"{address['name'] or ''} {address['email']}" for address in addresses or ())


@dataclass(frozen=True)
class Wanted:
    """The arguments of Email/get and Email/parse that select what is shown of a message (RFC 8621 §4.2)."""

    properties: list[str]
    body_properties: list[str]
    text_values: bool
    html_values: bool
    all_values: bool
    max_bytes: int

    @classmethod
    def of(cls, arguments: JSON) -> "Wanted":
        """Unknown properties are ignored, although RFC 8620 §5.1 would refuse them. Raises MethodError."""
        named: list[str] | None = arguments.get("properties")
        named = _DEFAULT_PROPERTIES if named is None else ["id", *named]
        names = dict.fromkeys(as_answered(name) for name in named)
        properties = [name for name in names if name in _KNOWN or _is_header(name)]
        named = arguments.get("bodyProperties")
        named = _DEFAULT_BODY_PROPERTIES if named is None else named
        body = [name for name in named if name in _BODY_PROPERTIES or _is_header(name)]
        most = arguments.get("maxBodyValueBytes") or 0
        if not is_count(most):
            raise MethodError("invalidArguments", "maxBodyValueBytes is not a whole number")
        fetched = [arguments.get(f"fetch{name}BodyValues") is True for name in ("Text", "HTML", "All")]
        return cls(properties, body, fetched[0], fetched[1], fetched[2], most)


def as_answered(name: str) -> str:
    """Stalwart leaves the default form out of the name of a header property, also in what it sends back."""
    return name.replace(":asRaw", "")


def _is_header(name: str) -> bool:
    if not name.startswith("header:"):
        return False
    try:
        forms.selected(Message(b"").mime, name)
    except ValueError:
        return False
    return True


class EmailDocument:
    """Shows a stored message. The message itself is read only if a property needs it."""

    def __init__(self, document: JSON, digest: str, content: bytes | None, reader: blobs.Blobs) -> None:
        self._document = document
        self._digest = digest
        self._content = content
        self._reader = reader

    @cached_property
    def _message(self) -> Message:
        return Message(self._reader.content(self._digest) if self._content is None else self._content)

    def shown(self, wanted: Wanted, own: JSON) -> JSON:
        """`own` holds the properties that are not part of the message: id, keywords, …"""
        return {name: own[name] if name in own else self._value(name, wanted) for name in wanted.properties}

    def _value(self, name: str, wanted: Wanted) -> Any:
        if name.startswith("header:"):
            return forms.selected(self._message.mime, name)
        match name:
            case "textBody" | "htmlBody" | "attachments":
                return [self._part(number, wanted) for number in self._document[name]]
            case "bodyStructure":
                return self._branch(self._document["structure"], wanted)
            case "bodyValues":
                return {str(number): self._body_value(number, wanted) for number in self._valued(wanted)}
            case "headers":
                return [{"name": field, "value": value} for field, value in self._message.headers()]
            case _:
                return self._document.get(name)

    def _part(self, number: int, wanted: Wanted) -> JSON:
        part: JSON = self._document["parts"][number]
        shown: JSON = {}
        for name in wanted.body_properties:
            if name == "blobId":
                shown[name] = blobs.part_id(self._digest, number) if part["partId"] is not None else None
            elif name == "headers":
                fields = forms.raw_items(self._message.parts[number].mime)
                shown[name] = [{"name": field, "value": value} for field, value in fields]
            elif name.startswith("header:"):
                shown[name] = forms.selected(self._message.parts[number].mime, name)
            elif name in part:
                shown[name] = part[name]
        return shown

    def _branch(self, tree: list[Any], wanted: Wanted) -> JSON:
        number, children = tree
        shown = self._part(number, wanted)
        if children or "subParts" in wanted.body_properties:
            shown["subParts"] = [self._branch(child, wanted) for child in children]
        return shown

    def _valued(self, wanted: Wanted) -> Iterator[int]:
        """The parts whose text is requested."""
        document = self._document
        numbers: set[int] = set()
        if wanted.all_values:
            numbers |= {number for name in ("textBody", "htmlBody") for number in document[name]}
        if wanted.text_values:
            numbers |= set(document["textBody"])
        if wanted.html_values:
            numbers |= set(document["htmlBody"])
        for number in sorted(numbers):
            if document["parts"][number]["type"].startswith("text/"):
                yield number

    def _body_value(self, number: int, wanted: Wanted) -> JSON:
        text, problem = self._message.parts[number].text()
        encoded = text.encode()
        truncated = 0 < wanted.max_bytes < len(encoded)
        if truncated:  # but not within a character
            text = encoded[: wanted.max_bytes].decode("utf-8", "ignore")
        return {"value": text, "isEncodingProblem": problem, "isTruncated": truncated}


def kept(document: JSON) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
