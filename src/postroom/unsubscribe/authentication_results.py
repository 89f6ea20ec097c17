"""What our own mail server found out about the origin of a message (Authentication-Results, RFC 8601)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_PART = re.compile(r'((?:[^";]|"(?:[^"\\]|\\.)*")*)(;|\Z)', re.DOTALL)
_PAIR = re.compile(r'(?<![A-Za-z0-9._/-])([A-Za-z0-9._/-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s"]+)', re.DOTALL)
"""A match begins at the start of a name. Otherwise a long name without a value would take quadratic time."""
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Finding:
    """`dkim=pass header.d=example.org`: `method`, `result` and the names of `properties` are in lower case."""

    method: str
    result: str
    properties: Mapping[str, str]


def findings(headers: Sequence[str], authserv_id: str | None) -> Sequence[Finding]:
    """The findings in the topmost of `headers`, if it names our server: a sender can write such a header, too, but not
    above ours (RFC 8601 §5). If the topmost names another server, one below that names ours may be forged: Stalwart
    removes none."""
    parts = _parts(headers[0]) if headers and authserv_id else []
    if not parts or _name(parts[0]) != (authserv_id or "").lower():
        return ()
    return [found for part in parts[1:] if (found := _finding(part))]


def _name(part: str) -> str:
    """The server's name, without the version that may follow it."""
    words = part.split()
    return _unquoted(words[0]).lower() if words else ""


def _finding(part: str) -> Finding | None:
    pairs = [(name.lower(), _unquoted(value)) for name, value in _PAIR.findall(part)]
    if not pairs:
        return None  # `none`: nothing was checked
    (method, result), *properties = pairs
    stated = dict(properties)
    if len(stated) != len(properties):
        return None  # which of two values is meant cannot be known
    return Finding(method.partition("/")[0], result.lower(), stated)


def _unquoted(value: str) -> str:
    return _QUOTED_PAIR.sub(r"\1", value[1:-1]) if value.startswith('"') else value


def _parts(header: str) -> list[str]:
    """The parts between the semicolons; none of a malformed header."""
    text = without_comments(header)
    if text is None:
        return []
    found: list[str] = []
    at = 0
    while match := _PART.match(text, at):
        found.append(match[1])
        at = match.end()
        if not match[2]:
            return found
    return []  # a quotation without its end


def without_comments(header: str) -> str | None:
    """RFC 5322 §3.2.2: comments nest, and quoted text holds none. None if one has no end."""
    if len(header) > _LONGEST:
        return None
    kept: list[str] = []
    for character, depth in _with_depth(header):
        if depth < 0:
            return None
        kept.append(character if depth == 0 else " ")
    return "".join(kept)


def _with_depth(header: str) -> Iterator[tuple[str, int]]:
    """Each character with the number of comments around it; at last -1 if one of them, or a quotation, has no end."""
    depth, quoted, escaped = 0, False, False
    for character in header:
        inside = depth
        if escaped:
            escaped = False
        elif character == "\\" and (quoted or depth):
            escaped = True
        elif character == '"' and not depth:
            quoted = not quoted
        elif character == "(" and not quoted:
            depth += 1
        elif character == ")" and depth:
            depth -= 1
        yield character, max(inside, depth)
    if depth or quoted:
        yield "", -1
