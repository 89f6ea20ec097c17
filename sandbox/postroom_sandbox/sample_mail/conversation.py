"""One use of a template: its messages with their times, each composed on demand."""

import hashlib
import html
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from functools import cached_property

from postroom_sandbox.sample_mail import body_part, header_field, letter_text
from postroom_sandbox.sample_mail.body_part import BodyPart
from postroom_sandbox.sample_mail.correspondent import Correspondent, correspondent
from postroom_sandbox.sample_mail.file import sample_file
from postroom_sandbox.sample_mail.slots import Slots, long_date
from postroom_sandbox.sample_mail.template import ME, Letter, Template

_DEEPEST_QUOTATION = 2
_MOST_REFERENCES = 10
_CRLF = "\r\n"
_RESULTS = {
    "pass": "spf=pass smtp.mailfrom={0};\r\n dkim=pass header.d={0} header.s=mail;\r\n dmarc=pass header.from={0}",
    "none": "spf=softfail smtp.mailfrom={0};\r\n dkim=none;\r\n dmarc=none header.from={0}",
    "fail": "spf=fail smtp.mailfrom={0};\r\n dkim=fail header.d={0};\r\n dmarc=fail (p=reject) header.from={0}",
}
_WROTE = {"en": "On {0}, {1} wrote:", "de": "Am {0} schrieb {1}:"}


@dataclass(frozen=True)
class Conversation:
    """`authority` is the name of the mail server in `Authentication-Results` (RFC 8601 §2.5)."""

    template: Template
    seed: str
    person: Correspondent
    moments: tuple[datetime, ...]
    authority: str

    @cached_property
    def _slots(self) -> Slots:
        return Slots(self.seed, self.template.language, self.person, self.moments[-1])

    @cached_property
    def _token(self) -> str:
        return hashlib.sha256(self.seed.encode()).hexdigest()[:16]

    def letter(self, number: int) -> Letter:
        return self.template.letters[number]

    def is_mine(self, number: int) -> bool:
        return self.letter(number).sender == ME

    def octets(self, number: int) -> bytes:
        """The message as the mail server stores it."""
        part = self._content(number)
        head = [*self._trace(number), *self._fields(number), "MIME-Version: 1.0", part.head]
        return _CRLF.join(head).encode() + b"\r\n\r\n" + part.body

    def _who(self, key: str) -> Correspondent:
        if key == ME:
            return self.person
        return correspondent(self._text(key, 0))

    def _text(self, text: str, number: int) -> str:
        return letter_text.filled(text, lambda name: self._slots.value(name, number))

    # Header fields

    def _message_id(self, number: int) -> str:
        return f"<{self._token}.{number}@{self._who(self.letter(number).sender).domain}>"

    def _trace(self, number: int) -> Iterator[str]:
        """What the mail server adds to incoming mail."""
        if self.is_mine(number):
            return
        authentication = self.letter(number).authentication
        domain = self._who(self.letter(number).sender).domain
        results = _RESULTS[authentication].format(domain)
        yield f"Authentication-Results: {self.authority};\r\n {results}"
        date = format_datetime(self.moments[number])
        host = "unknown" if authentication == "fail" else f"mx.{domain}"
        ip = f"192.0.2.{int(self._token[:2], 16)}"
        yield f"Received: from {host} ({host} [{ip}])\r\n by {self.authority} with ESMTPS; {date}"

    def _fields(self, number: int) -> Iterator[str]:
        letter = self.letter(number)
        sender = self._who(letter.sender)
        zone = timezone(timedelta(hours=sender.zone))
        yield "From: " + header_field.mailbox(sender.name, sender.email, sender.charset)
        for name, keys in (("To", letter.to), ("Cc", letter.cc)):
            if keys:
                people = [self._who(key) for key in keys]
                yield header_field.addresses(
                    name, [header_field.mailbox(each.name, each.email, sender.charset) for each in people]
                )
        if self.template.reply_to:
            yield f"Reply-To: {self.template.reply_to}"
        subject = self._text(self.template.subject, 0)
        if number and self.template.kind != "builds":
            subject = f"{_reply(sender)} {subject}"
        yield header_field.unstructured("Subject", subject, sender.charset)
        yield f"Date: {format_datetime(self.moments[number].astimezone(zone))}"
        yield f"Message-ID: {self._message_id(number)}"
        if number:
            before = [self._message_id(each) for each in range(number)]
            named = before if len(before) <= _MOST_REFERENCES else [before[0], *before[1 - _MOST_REFERENCES :]]
            yield f"In-Reply-To: {before[-1]}"
            yield "References: " + "\r\n ".join(named)
        if sender.program:
            yield f"User-Agent: {sender.program}"
        yield from self._list_fields(sender)

    def _list_fields(self, sender: Correspondent) -> Iterator[str]:
        """Of a newsletter (RFC 2919, 2369, 8058) or a mailing list."""
        if name := self.template.list_name:
            yield f"List-Id: <{name}>"
        if self.template.mailing:
            link = f"https://{sender.domain}/unsubscribe/{self._token}"
            yield f"List-Unsubscribe: <{link}>,\r\n <mailto:unsubscribe@{sender.domain}?subject={self._token}>"
            yield "List-Unsubscribe-Post: List-Unsubscribe=One-Click"
            yield "Precedence: bulk"

    # Content

    def _content(self, number: int) -> BodyPart:
        letter, boundary = self.letter(number), f"=_{self._token}_{number}"
        body = body_part.multipart("alternative", list(self._alternatives(number)), boundary + "a")
        if letter.pictures:
            body = body_part.multipart("related", [body, *self._inline_pictures(number)], boundary + "r")
        attached = [self._attachment(number, place) for place in range(len(letter.files))]
        return body_part.multipart("mixed", [body, *attached], boundary + "m")

    def _alternatives(self, number: int) -> Iterator[BodyPart]:
        letter = self.letter(number)
        sender = self._who(letter.sender)
        if plain := self._plain(number):
            yield body_part.text(letter_text.wrapped(plain) + "\n", "plain", sender.charset, sender.encoding)
        if letter.layout:
            yield body_part.text(self._laid_out(number), "html", "utf-8", "quoted-printable")
        elif sender.writes_html:
            yield body_part.text(self._typed_html(number), "html", sender.charset, sender.encoding)

    def _plain(self, number: int, depth: int = 0) -> str:
        """The words, the signature and the quotation, in the order that the sender's program likes."""
        letter = self.letter(number)
        sender = self._who(letter.sender)
        words = self._text(letter.text, number)
        signed = f"{words}\n\n-- \n{sender.signature.strip()}" if sender.signature and words else words
        if number == 0 or depth == _DEEPEST_QUOTATION or sender.quotes == "never" or not words:
            return signed
        quotation = letter_text.quoted(letter_text.wrapped(self._plain(number - 1, depth + 1)))
        if sender.quotes == "above":
            return f"{self._attribution(number - 1)}\n{quotation}\n\n{signed}"
        return f"{signed}\n\n{self._attribution(number - 1)}\n\n{quotation}"

    def _attribution(self, number: int) -> str:
        sender = self._who(self.letter(number).sender)
        zone = timezone(timedelta(hours=sender.zone))
        language = self.template.language if self.template.language in _WROTE else "en"
        return _WROTE[language].format(long_date(self.moments[number].astimezone(zone), language), sender.name)

    def _typed_html(self, number: int) -> str:
        sender = self._who(self.letter(number).sender)
        words, signature = self._text(self.letter(number).text, number), sender.signature.strip()
        if number == 0 or sender.quotes == "never":
            return letter_text.as_html(words, signature, "", "")
        return letter_text.as_html(
            words, signature, self._attribution(number - 1), self._plain(number - 1, _DEEPEST_QUOTATION)
        )

    def _laid_out(self, number: int) -> str:
        letter = self.letter(number)
        sender = self._who(letter.sender)
        shown = {name: html.escape(self._text(value, number)) for name, value in letter.fields.items()}
        fixed = {
            "sender": html.escape(sender.name),
            "domain": sender.domain,
            "token": self._token,
            "language": self.template.language,
            "subject": html.escape(self._text(self.template.subject, 0)),
            "text": "".join(f"<p>{html.escape(each)}</p>" for each in self._text(letter.text, number).split("\n\n")),
            "pictures": "".join(
                f'<p><img src="cid:{self._content_id(number, place)}" alt="" width="480"></p>'
                for place in range(len(letter.pictures))
            ),
        }
        return letter_text.layout(letter.layout or "").safe_substitute(fixed | shown).replace("\n", _CRLF)

    def _content_id(self, number: int, place: int) -> str:
        return f"picture{place}.{self._token}.{number}@{self._who(self.letter(number).sender).domain}"

    def _inline_pictures(self, number: int) -> Iterator[BodyPart]:
        for place, text in enumerate(self.letter(number).pictures):
            file = sample_file(self._text(text, number), self._variant + place)
            yield body_part.inline_picture(file.type, file.encoded, file.name, self._content_id(number, place))

    def _attachment(self, number: int, place: int) -> BodyPart:
        sender = self._who(self.letter(number).sender)
        file = sample_file(self._text(self.letter(number).files[place], number), self._variant + place + 3)
        old = sender.charset != "utf-8"
        return body_part.attachment(file.type, file.encoded, file.name, charset=sender.charset, old_name=old)

    @property
    def _variant(self) -> int:
        return int(self._token[:4], 16)


def _reply(sender: Correspondent) -> str:
    """`AW:` is what some German programs write instead of `Re:`."""
    return "AW:" if sender.program.startswith("Postwagen") else "Re:"
