"""Header fields with text that is not ASCII: encoded words (RFC 2047) and parameters (RFC 2231)."""

from collections.abc import Iterator
from email.charset import BASE64, QP, Charset
from email.header import Header
from functools import cache
from urllib.parse import quote

_SPECIALS = frozenset('()<>[]:;@\\,."')  # RFC 5322 §3.2.3: a phrase with one of them must be quoted
_SHORT = 60  # letters of a field, or of a section of a parameter, that fit into one line


@cache
def _charset(name: str) -> Charset:
    charset = Charset(name)
    charset.header_encoding = QP if name.startswith(("iso-8859", "windows-125")) else BASE64
    return charset


def unstructured(name: str, text: str, charset: str) -> str:
    """A field such as `Subject`, folded and encoded as far as necessary."""
    if text.isascii() and len(name) + len(text) < _SHORT:
        return f"{name}: {text}"
    known = _charset("us-ascii") if text.isascii() else _charset(_able(text, charset))
    return f"{name}: {Header(text, known, header_name=name).encode(linesep=chr(13) + chr(10))}"


def mailbox(name: str, email: str, charset: str) -> str:
    """`"Name" <local@domain>` (RFC 5322 §3.4)."""
    if not name:
        return email
    if not name.isascii():
        encoded = Header(name, _charset(_able(name, charset)), maxlinelen=200).encode(linesep=chr(13) + chr(10))
        return f"{encoded} <{email}>"
    return f'"{name}" <{email}>' if _SPECIALS & set(name) else f"{name} <{email}>"


def addresses(name: str, mailboxes: list[str]) -> str:
    """A field with addresses, one a line."""
    return f"{name}: " + ",\r\n ".join(mailboxes)


def parameter(name: str, value: str) -> str:
    """`; name=value`. A long value that is not ASCII is divided into sections (RFC 2231 §3)."""
    if value.isascii():
        return f';\r\n {name}="{value}"'
    encoded = "utf-8''" + quote(value, safe="")
    if len(encoded) <= _SHORT:
        return f";\r\n {name}*={encoded}"
    return "".join(f";\r\n {name}*{number}*={section}" for number, section in enumerate(_sections(encoded)))


def old_parameter(name: str, value: str, charset: str) -> str:
    """As many programs write it, although RFC 2047 §5 forbids it: an encoded word in quotes."""
    return f';\r\n {name}="{Header(value, _charset(_able(value, charset)), maxlinelen=200).encode()}"'


def _sections(encoded: str) -> Iterator[str]:
    while encoded:
        end = _SHORT
        while "%" in encoded[end - 2 : end]:  # not within an octet
            end -= 1
        yield encoded[:end]
        encoded = encoded[end:]


def _able(text: str, charset: str) -> str:
    """This charset, or UTF-8 if it lacks a character of the text."""
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return "utf-8"
    return charset
