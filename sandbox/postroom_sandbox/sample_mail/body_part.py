"""The parts of a MIME message (RFC 2045, 2046), each as its octets."""

import base64
import binascii
from dataclasses import dataclass

from postroom_sandbox.sample_mail import header_field

_LINE = 76


@dataclass(frozen=True, slots=True)
class BodyPart:
    """Its header fields, without the line end of the last one, and its encoded content."""

    head: str
    body: bytes

    def octets(self) -> bytes:
        return self.head.encode() + b"\r\n\r\n" + self.body


def text(content: str, subtype: str, charset: str, encoding: str) -> BodyPart:
    """A text part in this charset, or in UTF-8 if the charset lacks a character of it."""
    try:
        octets = content.encode(charset)
    except UnicodeEncodeError:
        charset, encoding = "utf-8", "quoted-printable" if encoding == "7bit" else encoding
        octets = content.encode()
    head = f"Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}"
    match encoding:
        case "base64":
            return BodyPart(head, in_base64(octets))
        case "quoted-printable":
            return BodyPart(head, binascii.b2a_qp(octets, istext=True).replace(b"\n", b"\r\n"))
        case _:
            return BodyPart(head, octets.replace(b"\n", b"\r\n"))


def in_base64(octets: bytes) -> bytes:
    encoded = base64.b64encode(octets)
    return b"".join(encoded[at : at + _LINE] + b"\r\n" for at in range(0, len(encoded), _LINE))


def attachment(kind: str, encoded: bytes, name: str, *, charset: str = "utf-8", old_name: bool = False) -> BodyPart:
    """A file, already in base64. With `old_name` its name is written as an encoded word."""
    named = header_field.old_parameter if old_name else None
    first = named("name", name, charset) if named else header_field.parameter("name", name)
    second = named("filename", name, charset) if named else header_field.parameter("filename", name)
    head = (
        f"Content-Type: {kind}{first}\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment{second}"
    )
    return BodyPart(head, encoded)


def inline_picture(kind: str, encoded: bytes, name: str, content_id: str) -> BodyPart:
    """A picture that the HTML shows by `cid:` (RFC 2392)."""
    head = (
        f"Content-Type: {kind}{header_field.parameter('name', name)}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-ID: <{content_id}>\r\nContent-Disposition: inline{header_field.parameter('filename', name)}"
    )
    return BodyPart(head, encoded)


def multipart(subtype: str, parts: list[BodyPart], boundary: str) -> BodyPart:
    """Several parts as one; a single part is returned as it is."""
    if len(parts) == 1:
        return parts[0]
    edge = b"--" + boundary.encode()
    body = b"".join(edge + b"\r\n" + part.octets() + b"\r\n" for part in parts) + edge + b"--\r\n"
    return BodyPart(f'Content-Type: multipart/{subtype}; boundary="{boundary}"', body)
