"""One hostile mail as data, and how its text is made for a run."""

import base64
import re
from dataclasses import dataclass

# No space, no quote and no semicolon: it fits into an attribute, a URL and a list of values alike.
SCRIPT = "void(console.info(`ran:%ID%`),new(Image)().src=`http://%HOST%/script`)"

DOMAIN = "evil.test"
LONG = 10_000
"""Characters."""
ATTACHMENT = ".attachment"
"""The selector of a file where nothing protects. An interface has its own."""


@dataclass(frozen=True, kw_only=True)
class HostileMail:
    """An attack, why it is here, and what a person does with it (`click`, `key`).

    In the text, %JS% stands for a script that reaches out, %HOST% for a host of this mail's own, %URL% for that
    host with http, and %ID% for the mail's id.
    """

    id: str
    why: str  # the attack in one line, with its CVE where it has one
    html: str | None = None  # the body; a mail without it is a whole message (`raw`)
    raw: bytes | None = None
    click: str | None = None  # a selector; where it is gone, the middle of the message is clicked
    key: str | None = None
    silent: str | None = None  # why nothing reaches out even where nothing protects, to which the control holds it
    connects: str | None = None  # what leaves a frame that has only its CSP and its sandbox
    large: bool = False  # the page may say that it is too large instead of showing it

    def body(self, domain: str) -> str:
        return filled(self.html or "", self.id, domain)

    def message(self, domain: str) -> bytes:
        return filled((self.raw or b"").decode("latin-1"), self.id, domain).encode("latin-1")

    def names_its_host(self) -> bool:
        """Whether its text names its host, so that it could call it."""
        return DOMAIN.encode() in self.body(DOMAIN).encode() + self.message(DOMAIN)

    def needs_a_hand(self) -> bool:
        return bool(self.click or self.key)

    def is_heavy(self) -> bool:
        """It would slow others that are open beside it."""
        return self.large or len(self.html or self.raw or "") > LONG

    def delivered(self, domain: str, to: str, conversation: str) -> bytes:
        """As it is handed to a mail server. HTML is wrapped in base64, so that nothing on the way changes it. Mails
        with the subject Hello, and with no reference of their own, lie in the conversation."""
        head = f"X-Hostile: {self.id}\nReferences: <{conversation}@example.org>\n"
        if self.html is None:
            return re.sub(rb"\r?\n", b"\r\n", head.encode() + self.message(domain))
        text = base64.encodebytes(self.body(domain).encode("utf-8", "replace"))
        head += f"From: Mallory <mallory@example.org>\nTo: {to}\nSubject: Hello\n"
        head += f"Message-ID: <{self.id}@example.org>\nDate: Wed, 25 Nov 2026 14:32:00 +0000\nMIME-Version: 1.0\n"
        head += "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
        return (head.encode() + text).replace(b"\n", b"\r\n")


def filled(text: str, id: str, domain: str) -> str:  # noqa: A002 - the field's name
    text = text.replace("%JS%", SCRIPT).replace("%URL%", "http://%HOST%")
    return text.replace("%HOST%", f"%ID%.{domain}").replace("%ID%", id)


def html(id: str, why: str, text: str, **more: str | bool | None) -> HostileMail:  # noqa: A002 - the name in MIME or HTML
    return HostileMail(id=id, why=why, html=text, **more)  # type: ignore[arg-type]


def raw(id: str, why: str, message: str | bytes, **more: str | bool | None) -> HostileMail:  # noqa: A002 - the name in MIME or HTML
    data = message.encode() if isinstance(message, str) else message
    return HostileMail(id=id, why=why, raw=data, **more)  # type: ignore[arg-type]
