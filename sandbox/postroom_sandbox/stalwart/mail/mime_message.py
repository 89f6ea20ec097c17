"""A MIME message (RFC 2045 to 2049, RFC 5322), divided into the body parts of JMAP (RFC 8621 §4.1.4).

The parser with the standard library's `compat32` policy reads any input, however malformed. The modern policy is about
50 times slower and fails on hostile headers.
"""

import email
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message as MimeMessage
from email.policy import Compat32
from email.utils import collapse_rfc2231_value
from functools import cached_property
from typing import Any

from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.mail import header_forms as forms

_INLINE_MEDIA = ("image/", "audio/", "video/")
_PREVIEW_OCTETS = 256
_DOTS = "..."
_TAGS = re.compile(r"<(script|style|head|title)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.DOTALL | re.IGNORECASE)


class _Policy(Compat32):
    """Keeps the white space after the colon, as the raw form does (RFC 8621 §4.1.2.1), and removes it at the end, as
    Stalwart does."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, _, value = "".join(sourcelines).partition(":")
        return name, value.rstrip(" \t\r\n")

    def fold_binary(self, name: str, value: str) -> bytes:
        """As it came: a message within a message is a file, too."""
        return f"{name}:{value}{self.linesep}".encode("ascii", "surrogateescape")

    def header_fetch_parse(self, name: str, value: str) -> Any:
        return super().header_fetch_parse(name, value.strip())


_POLICY = _Policy()
_BLANK_BEFORE_COLON = re.compile(rb"^([!-9;-~]+)[ \t]+:", re.MULTILINE)


def _without_blanks(content: bytes) -> bytes:
    """`From : x` is a From field (RFC 5322 §4.5.1). The parser would take the line for the beginning of the body."""
    end = len(content) if (at := content.find(b"\r\n\r\n")) == -1 else at
    return _BLANK_BEFORE_COLON.sub(rb"\1:", content[:end]) + content[end:]


@dataclass
class Part:
    """`number` is its partId. All parts are counted in order, including multiparts, although these have no partId."""

    number: int
    mime: MimeMessage
    children: list["Part"] = field(default_factory=list["Part"])

    @cached_property
    def type(self) -> str:
        return self.mime.get_content_type()

    @property
    def is_multipart(self) -> bool:
        return self.type.startswith("multipart/")

    @cached_property
    def content(self) -> bytes:
        """The content without its transfer encoding."""
        if self.type == "message/rfc822" and self.mime.is_multipart():
            inner: Any = self.mime.get_payload(0)
            return inner.as_bytes(policy=_POLICY.clone(linesep="\r\n"))
        payload: Any = self.mime.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else b""

    @cached_property
    def disposition(self) -> str | None:
        return self.mime.get_content_disposition()

    @cached_property
    def name(self) -> str | None:
        name = self._parameter("filename", "content-disposition") or self._parameter("name", "content-type")
        return forms.decoded(name) if name else None

    def _parameter(self, name: str, field: str) -> str | None:
        try:
            value = self.mime.get_param(name, None, field)
            text = collapse_rfc2231_value(value) if value else None
            return text.encode("utf-8", "replace").decode() if text else None
        except (TypeError, ValueError, LookupError):  # the standard library fails on contradictory parameters
            return None

    @property
    def charset(self) -> str | None:
        """The declared charset, else the default of RFC 2046 §4.1.2 for text; None for other types."""
        if declared := self._parameter("charset", "content-type"):
            return declared
        return "us-ascii" if self.type.startswith("text/") else None

    def text(self) -> tuple[str, bool]:
        """The text with `\\n` as line ends, and whether there was a problem with its encoding."""
        text, problem = forms.text_of(self.content, self.charset or "utf-8")
        return text.replace("\r\n", "\n"), problem

    def shown(self) -> JSON:
        """The properties of EmailBodyPart (RFC 8621 §4.1.4), except blobId."""
        cid = forms.raw(self.mime, "content-id")
        language = forms.raw(self.mime, "content-language")
        location = forms.raw(self.mime, "content-location")
        return {
            "partId": None if self.is_multipart else str(self.number),
            "size": 0 if self.is_multipart else len(self.content),
            "name": self.name,
            "type": self.type,
            "charset": self.charset,
            "disposition": self.disposition,
            "cid": cid.strip().strip("<>") if cid else None,
            "language": [tag.strip() for tag in language.split(",")] if language else None,
            "location": location.strip() if location else None,
        }


class Message:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.mime: MimeMessage = email.message_from_bytes(_without_blanks(content), policy=_POLICY)

    @cached_property
    def parts(self) -> list[Part]:
        """All parts. A message within the message is one part, and is not parsed."""
        found: list[Part] = []

        def walk(mime: MimeMessage) -> Part:
            part = Part(len(found), mime)
            found.append(part)
            if part.is_multipart and mime.is_multipart():
                inner: Any = mime.get_payload()
                part.children = [walk(child) for child in inner]
            return part

        walk(self.mime)
        return found

    def part_content(self, number: int) -> bytes | None:
        found = self.parts[number] if number < len(self.parts) else None
        return None if found is None or found.is_multipart else found.content

    @cached_property
    def _bodies(self) -> "_Bodies":
        found = _Bodies()
        found.sort([self.parts[0]], "mixed", in_alternative=False, html=found.html, text=found.text)
        return found

    @property
    def bodies(self) -> tuple[list[Part], list[Part], list[Part]]:
        """textBody, htmlBody and attachments, by the algorithm of RFC 8621 §4.1.4. Media that are shown within a body
        are attachments as well, as in Stalwart."""
        return self._bodies.text, self._bodies.html, self._bodies.attachments

    @property
    def has_attachment(self) -> bool:
        return self._bodies.has_attachment

    def preview(self) -> str:
        text, html_body, _ = self.bodies
        for part in [part for part in (*text, *html_body) if part.type.startswith("text/")]:
            value = part.text()[0]
            if part.type == "text/html":
                value = " ".join(html.unescape(_TAGS.sub(" ", value)).split())
            return _shortened(value)
        return ""

    def searchable(self) -> str:
        """The text of all text parts."""
        texts = [(part.type, part.text()[0]) for part in self.parts if part.type.startswith("text/")]
        return "\n".join(_TAGS.sub(" ", text) if kind == "text/html" else text for kind, text in texts)

    def headers(self) -> Iterator[tuple[str, str]]:
        return forms.raw_items(self.mime)


def _shortened(text: str) -> str:
    octets = text.encode()
    if len(octets) <= _PREVIEW_OCTETS:
        return text
    return octets[: _PREVIEW_OCTETS - len(_DOTS)].decode(errors="ignore") + _DOTS


@dataclass
class _Bodies:
    text: list[Part] = field(default_factory=list[Part])
    html: list[Part] = field(default_factory=list[Part])
    attachments: list[Part] = field(default_factory=list[Part])
    has_attachment: bool = False  # not counting media that are shown within a body

    def sort(
        self, parts: list[Part], kind: str, *, in_alternative: bool, html: list[Part] | None, text: list[Part] | None
    ) -> None:
        """`html` or `text` is None within an alternative that already has the other form."""
        before_text, before_html = len(text or ()), len(html or ())
        for place, part in enumerate(parts):
            if part.is_multipart:
                subtype = part.type.partition("/")[2]
                within = in_alternative or subtype == "alternative"
                self.sort(part.children, subtype, in_alternative=within, html=html, text=text)
            elif not self._is_inline(part, place, kind):
                self.attachments.append(part)
                self.has_attachment = True
            elif kind == "alternative":
                self._put_alternative(part, html, text)
            else:
                html, text = self._put_inline(part, html, text, in_alternative=in_alternative)
        if kind == "alternative" and text is not None and html is not None:
            if before_text == len(text) and before_html != len(html):
                text += html[before_html:]
            elif before_html == len(html) and before_text != len(text):
                html += text[before_text:]

    def _put_alternative(self, part: Part, html: list[Part] | None, text: list[Part] | None) -> None:
        wanted = {"text/plain": text, "text/html": html}.get(part.type, self.attachments)
        if wanted is not None:
            wanted.append(part)

    def _put_inline(
        self, part: Part, html: list[Part] | None, text: list[Part] | None, *, in_alternative: bool
    ) -> tuple[list[Part] | None, list[Part] | None]:
        if in_alternative and part.type == "text/plain":
            html = None
        if in_alternative and part.type == "text/html":
            text = None
        for body in (text, html):
            if body is not None:
                body.append(part)
        if part.type.startswith(_INLINE_MEDIA):
            self.attachments.append(part)
        return html, text

    def _is_inline(self, part: Part, place: int, kind: str) -> bool:
        is_body = part.type in ("text/plain", "text/html") or part.type.startswith(_INLINE_MEDIA)
        first_or_unnamed = place == 0 or (
            kind != "related" and (part.type.startswith(_INLINE_MEDIA) or part.name is None)
        )
        return part.disposition != "attachment" and is_body and first_or_unnamed
