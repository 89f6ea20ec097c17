"""The URIs of a header `List-Unsubscribe` (RFC 2369), and the https URL to which a request may go."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

import idna

HTTPS_PORT = 443
MOST = 20
LONGEST = 2048
"""Characters of a URI"""

_BRACKETED = re.compile(r"\s*<([^<>]*)>\s*(,|\Z)")
_WHITESPACE = re.compile(r"\s+")
_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#@!$&'()*+,;=%]+")
"""RFC 3986 §2, without the brackets of an address. Anything else is read differently by different programs."""
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


@dataclass(frozen=True, slots=True)
class HttpsUrl:
    """`host` is a domain name in ASCII and lower case, `target` the path with its query."""

    host: str
    port: int
    target: str


def uris_of(header: str) -> Sequence[str]:
    """RFC 2369 §2: what is not a bracketed URI ends the list; whitespace within one is ignored, and so are comments
    between them."""
    found: list[str] = []
    at = 0
    text = _without_comments(header[: MOST * LONGEST])
    while len(found) < MOST and (match := _BRACKETED.match(text, at)):
        found.append(_WHITESPACE.sub("", match[1]))
        at = match.end()
        if not match[2]:
            break
    return found


def _without_comments(text: str) -> str:
    """Between brackets parentheses are part of the URI."""
    kept: list[str] = []
    depth, bracketed, escaped = 0, False, False
    for character in text:
        if escaped:
            escaped = False
        elif depth and character == "\\":
            escaped = True
        elif character == "(" and not bracketed:
            depth += 1
        elif character == ")" and depth:
            depth -= 1
        elif not depth:
            bracketed = character == "<" or (bracketed and character != ">")
            kept.append(character)
    return "".join(kept)


def https_url(uri: str) -> HttpsUrl | None:
    """None for what is not an https URL, and for one that has a user name, an IP address as its host, or a host outside
    the public domain name system."""
    if len(uri) > LONGEST or not (parts := _parts(uri)):
        return None
    if parts.scheme != "https" or "@" in parts.netloc:
        return None
    try:
        port = HTTPS_PORT if parts.port is None else parts.port
        host = _host(parts.hostname or "")
    except ValueError:
        return None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return HttpsUrl(host, port, target) if host and target.startswith("/") else None


def _parts(uri: str) -> SplitResult | None:
    scheme, _, rest = uri.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    after = rest[len(authority) :]
    # The host alone may be international (RFC 3987).
    if not all(_CHARACTERS.fullmatch(each) for each in (scheme, after) if each) or "[" in authority:
        return None
    try:
        return urlsplit(uri)
    except ValueError:
        return None


def _host(name: str) -> str:
    """Empty if there can be no public host of that name. Raises `ValueError`."""
    name = name.removesuffix(".")
    if not name.isascii():
        name = idna.encode(name, uts46=True).decode()
    labels = name.lower().split(".")
    if len(name) > 253 or len(labels) < 2 or not all(_LABEL.fullmatch(each) for each in labels):
        return ""
    return "" if _is_number(labels[-1]) or _is_address(name) else ".".join(labels)


def _is_number(label: str) -> bool:
    """Resolvers take 127.1 and 0x7f.1 for addresses; no top-level domain is a number (RFC 3696 §2)."""
    return label.isdigit() or label.startswith("0x")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
