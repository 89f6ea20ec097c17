"""Attached files, made in code: a few of each kind, kept in base64, because a large mailbox needs them often."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from random import Random

from postroom_sandbox.sample_mail import documents, pictures
from postroom_sandbox.sample_mail.body_part import in_base64

_EACH = 6  # different pictures of a kind
_TYPES = {
    "photo": "image/jpeg",
    "chart": "image/png",
    "pdf": "application/pdf",
    "table": "text/csv; charset=utf-8",
    "date": "text/calendar; charset=utf-8",
    "note": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class SampleFile:
    """`encoded` is the content in base64."""

    name: str
    type: str
    encoded: bytes


def sample_file(text: str, variant: int) -> SampleFile:
    """The file for `kind:name`. Pictures of the same variant are the same."""
    kind, _, name = text.partition(":")
    content = _picture(kind, variant % _EACH) if kind in ("photo", "chart") else in_base64(_document(kind, name))
    return SampleFile(name, _TYPES[kind], content)


@cache
def _picture(kind: str, variant: int) -> bytes:
    return in_base64(pictures.jpeg(Random(variant)) if kind == "photo" else pictures.png(Random(variant)))


def _document(kind: str, name: str) -> bytes:
    title = name.rpartition(".")[0].replace("_", " ")
    match kind:
        case "pdf":
            return documents.pdf(title, ["This page is a sample.", "It was made for a mailbox of Postroom's trial."])
        case "table":
            rows = [[str(row), f"{title} {row}", f"{row * 7 % 23},{row * 13 % 100:02}"] for row in range(1, 25)]
            return documents.table([["No", "Item", "Amount"], *rows])
        case "date":
            return documents.calendar(
                title, datetime(2026, 12, 4, 18, 0, tzinfo=UTC), f"{title.replace(' ', '-')}@example.org"
            )
        case _:
            return f"{title}\r\n\r\nA note that was made for a mailbox of Postroom's trial.\r\n".encode()
