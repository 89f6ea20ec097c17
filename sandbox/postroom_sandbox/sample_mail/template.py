"""What may be written: conversations, single mails and newsletters, read from `words/`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from postroom_sandbox.sample_mail.correspondent import words

_FILES = (
    *("conversations_en", "conversations_de", "conversations_more", "notices_en", "notices_de", "newsletters_en"),
    *("newsletters_de", "other_scripts", "warnings", "spam", "drafts"),
)
_UNITS = {"m": 60, "h": 3600, "d": 86_400}
_GAP = "3h"  # between two messages of a conversation
ME = "me"


@dataclass(frozen=True, slots=True)
class Letter:
    """One message. `layout` names its HTML, if it has one of its own, and `fields` what that shows. `files` are
    attachments and `pictures` those within the HTML, each as `kind:name`."""

    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    text: str
    after: timedelta
    authentication: str = "pass"
    files: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    layout: str | None = None
    fields: dict[str, str] = field(default_factory=dict[str, str])
    copies: int = 1
    is_draft: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """`always` are in every mailbox, before all others, and lie in the inbox or in `place`. `age` is that of the last
    message, if it is given. `folder` is where the others lie when they are old."""

    kind: str
    subject: str
    language: str
    letters: tuple[Letter, ...]
    folder: str | None = None
    place: str | None = None
    labels: tuple[str, ...] = ()
    always: bool = False
    age: timedelta | None = None
    unread: bool | None = None
    starred: bool | None = None
    reply_to: str | None = None
    list_name: str | None = None
    mailing: bool = False


def duration(text: str) -> timedelta:
    """`90m`, `2h` or `3d`."""
    return timedelta(seconds=int(text[:-1]) * _UNITS[text[-1]])


@cache
def templates() -> tuple[Template, ...]:
    return tuple(each for name in _FILES for each in _read(name))


def _read(name: str) -> Iterator[Template]:
    content = words(name)
    shared = content.pop("all", {})
    for kind, entries in content.items():
        for entry in entries:
            yield _template(kind, shared | entry)


def _template(kind: str, entry: dict[str, Any]) -> Template:
    letters = [_letter(each) for each in entry.get("message", [entry])]
    optional = ("folder", "place", "unread", "starred", "reply_to", "list_name")
    own = {name: entry[name] for name in optional if name in entry}
    return Template(
        kind=kind,
        subject=entry["subject"],
        language=entry.get("language", "en"),
        letters=tuple(copy for letter in letters for copy in [letter] * letter.copies),
        labels=tuple(entry.get("labels", ())),
        always=entry.get("always", False),
        age=duration(entry["age"]) if "age" in entry else None,
        mailing=kind == "newsletter",
        **own,
    )


def _letter(entry: dict[str, Any]) -> Letter:
    return Letter(
        sender=entry["from"],
        to=tuple(entry.get("to", () if entry["from"] == ME else (ME,))),
        cc=tuple(entry.get("cc", ())),
        text=_paragraphs(entry.get("text", "")),
        after=duration(entry.get("after", _GAP)),
        authentication=entry.get("authentication", "pass"),
        files=tuple(entry.get("files", ())),
        pictures=tuple(entry.get("pictures", ())),
        layout=entry.get("layout"),
        fields=entry.get("show", {}),
        copies=entry.get("copies", 1),
        is_draft=entry.get("draft", False),
    )


def _paragraphs(text: str) -> str:
    """The lines of a paragraph joined, except those that begin with a space or a mark of a list."""
    return re.sub(r"(?<=[^\n])\n(?=[^\n\s•*>-])", " ", text.strip())
