"""Letters that people write, as the interface holds them, for the tests of what becomes of them."""

from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]
PNG = b"\x89PNG\r\n\x1a\n\0\r\n\xff\n\r"
OLD = b"From: old@example.net\r\nSubject: Old\r\nMIME-Version: 1.0\r\n\r\nOld text\r\n.\r\nFrom here\r\n"
LONGEST = 998
"""Octets of a line without its end (RFC 5322 §2.1.1)."""


@dataclass(frozen=True)
class File:
    name: str
    type: str
    content: bytes
    cid: str | None = None
    charset: str | None = None


@dataclass(frozen=True)
class Letter:
    """`html` None: plain text. `more`: further properties of the draft."""

    text: str = ""
    html: str | None = None
    subject: str = "Pallet 3"
    to: tuple[tuple[str, str], ...] = (("Mara", "mara@example.net"),)
    files: tuple[File, ...] = ()
    more: JSON = field(default_factory=dict)

    def draft(self, blobs: list[JSON]) -> JSON:
        """As TypeScript has it, with what the mail server said of its uploaded files."""
        files = [
            {"id": str(at), "name": each.name, "type": each.type, "size": blob["size"], "blobId": blob["blobId"]}
            | {"cid": each.cid}
            | ({"charset": each.charset} if each.charset else {})
            for at, (each, blob) in enumerate(zip(self.files, blobs, strict=True))
        ]
        empty: JSON = {"identityId": None, "cc": [], "bcc": [], "parent": None, "receipt": False}
        rich = {"format": "plain" if self.html is None else "rich", "html": self.html or "", "text": self.text}
        people = [{"name": name, "address": address} for name, address in self.to]
        return empty | rich | {"to": people, "subject": self.subject, "files": files} | self.more


NAMES = (
    ("Lindqvist, Mara", "mara@example.net"),
    ('Mara "M" O\'Neil \\ (x)', "mara.2@example.net"),
    ("Jürgen Groß", "juergen@example.net"),
    ("山田 太郎", "taro@example.net"),
    ("ענת כהן", "anat@example.net"),
    ("Mara 👩‍🔬🏳️‍🌈", "science@example.net"),
    ("a@b <c>; d:", "odd@example.net"),
    ("Ü" * 120, "long@example.net"),
    ("", "bare@example.net"),
)
FILES = (
    File("report.pdf", "application/pdf", bytes(range(256)) * 40),
    File("Überweisung für März.pdf", "application/pdf", b"%PDF"),
    File("报告 2026 👍.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"\0\xff"),
    File("a \"b\"; c='d' %41 (e) \\f.txt", "text/plain", b"a\r\nb\r\n"),
    File("x" * 200 + ".bin", "application/octet-stream", b"\r\n" * 3),
    File("ü" * 100 + ".bin", "application/octet-stream", b"\n"),
    File("empty.bin", "application/octet-stream", b""),
    File("latin.txt", "text/plain", "Grüße\r\n".encode("latin-1"), charset="iso-8859-1"),
    File("long lines.csv", "text/csv", b"x" * 5000 + b"\r\ny\r\n"),
    File("page.html", "text/html", b"<p>not the letter</p>\r\n"),
    File("photo.png", "image/png", PNG),
    File("old.eml", "message/rfc822", OLD),
)

LETTERS = {
    "plain": Letter("Hello\n\nyou"),
    "nothing but a recipient": Letter(subject=""),
    "rich": Letter(html="<div>Hello <b>you</b></div><ul><li>one</li></ul>"),
    "names": Letter("Hello", to=NAMES),
    "many people": Letter("Hello", to=tuple((f"Person {at}", f"p{at}@example.net") for at in range(300))),
    "international domain": Letter("Hello", to=(("Büro", "buero@bücher.example"),)),
    "copies": Letter(
        "Hello",
        more={
            "cc": [{"name": "Jonas, Tan", "address": "jonas@example.net"}],
            "bcc": [{"name": "", "address": "secret@example.net"}],
            "receipt": True,
        },
    ),
    "subject of several lines": Letter("Hello", subject="a\r\nBcc: eve@example.net\tb\u2028c"),
    "long subject": Letter("Hello", subject="Grüße 👋 und mehr, " * 40),
    "long word in the subject": Letter("Hello", subject="x" * 2000),
    "right to left": Letter("שלום\n\u200f(1)", html=None, subject="שלום (1)"),
    "right to left and rich": Letter(html='<div dir="rtl">مرحبا <b>بالعالم</b> 😀</div>', subject="مرحبا"),
    "lines of 998 and more": Letter("\n".join(["x" * LONGEST, "y" * (LONGEST + 1), "z " * 5000, "ü" * LONGEST])),
    "long lines and rich": Letter(html=f"<div>{'x' * 5000}</div><div>{'ü ' * 3000}</div>"),
    "lines that mean something elsewhere": Letter(
        "From here on\n.\n..dots\n>From\n--\n-- \nMara \n trailing \n\ttab\n=3D =\n--=boundary"
    ),
    "lone carriage returns": Letter("a\rb\r\nc\n\rd"),
    "control characters": Letter("a\x0bb\x0cc\x1bd\x7fe\u0085f\u2028g\ufeffh"),
    "reply": Letter(
        "Hello",
        subject="Re: Pallet 3",
        more={
            "parent": {
                "kind": "reply",
                "emailId": "e",
                "messageId": ["own@x.example"],
                "references": [f"r{at}.{'x' * 60}@x.example" for at in range(40)],
            }
        },
    ),
    "pictures in the text": Letter(
        html='<div>Look <img src="cid:p1@postroom" alt="A"> <img src="cid:p2@postroom"></div>',
        files=(
            File("one.png", "image/png", PNG, cid="p1@postroom"),
            File("zwei ü.jpg", "image/jpeg", PNG + b"2", cid="p2@postroom"),
            File("gone.png", "image/png", PNG + b"3", cid="p3@postroom"),
        ),
    ),
    "pictures and files": Letter(
        html='<div><img src="cid:p1@postroom"></div>',
        files=(File("one.png", "image/png", PNG, cid="p1@postroom"), FILES[0], FILES[-1]),
    ),
    "files": Letter("See the files", files=FILES),
    "many files": Letter(
        "Many", files=tuple(File(f"{at}.bin", "application/octet-stream", b"%d" % at) for at in range(30))
    ),
    "forwarded as a file": Letter("See below", files=(FILES[-1],)),
}
