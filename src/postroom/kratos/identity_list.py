"""A page of Kratos' list of identities, read one by one: what is wrong with one keeps no other from its mailbox."""

import json
import re
from collections.abc import Mapping
from typing import cast
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from postroom.domain.identity import Identity, UnreadableIdentity
from postroom.errors import KratosUnavailable
from postroom.json_object import as_object

MAX_TOKEN = 2000
"""Characters of a page token; Kratos' own have 36, or some 200 where it encrypts them."""

NIL = UUID(int=0)

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*+")
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_ID_COMES_FIRST = re.compile(r'\{\s*"id"\s*:\s*"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"')
_LINK = re.compile(r"<([^<>]*)>([^<>]*)")
_RELATIONS = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))', re.IGNORECASE)


def identities_of(body: bytes) -> tuple[list[Identity], list[UnreadableIdentity]]:
    """The identities that a page lists, and those that cannot be read. Raises `ValueError` if the body is no list."""
    # Bytes that are not UTF-8 spoil the text that they are in, and nothing else.
    text = body.decode("utf-8-sig", errors="replace")
    identities: list[Identity] = []
    unreadable: list[UnreadableIdentity] = []
    position, ended = _begin(text)
    while not ended:
        listed, position = _read(text, position)
        if isinstance(listed, Identity):
            identities.append(listed)
        else:
            unreadable.append(listed)
        position, ended = _go_on(text, position)
    if position != len(text):
        raise ValueError("something follows the list")
    return identities, unreadable


def identity_of(listed: object) -> Identity:
    """Raises `ValueError` with a sentence about what makes it no identity."""
    if not isinstance(listed, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 — of what was sent, not of a type of ours
    found = cast(Mapping[str, object], listed)
    return Identity(
        id=_uuid(found.get("id")),
        traits=as_object(found.get("traits")),
        # Versions before states existed list none: such an identity can log in.
        active=found.get("state", "active") == "active",
    )


def next_token(link: str) -> str | None:
    """The page token of `rel="next"` in a Link header (RFC 8288), whose URLs are relative; None on the last page.

    Raises `KratosUnavailable` if a next page is named by no token that can be read: it must not pass for the last page.
    """
    for target, parameters in _LINK.findall(link):
        relations = " ".join(one or other for one, other in _RELATIONS.findall(parameters))
        if "next" in relations.lower().split():
            return _token_of(target)
    return None


def _token_of(target: str) -> str:
    try:
        (token,) = parse_qs(urlsplit(target).query)["page_token"]
    except (KeyError, ValueError):
        raise KratosUnavailable("Kratos names a next page, but no one page token of it") from None
    # PostgreSQL keeps it, and can keep no NUL.
    if len(token) > MAX_TOKEN or not token.isascii() or not token.isprintable():
        raise KratosUnavailable("Kratos names a next page by a page token that cannot be kept")
    return token


def _uuid(text: object) -> UUID:
    try:
        identity_id = UUID(text) if isinstance(text, str) else NIL
    except ValueError:
        identity_id = NIL
    if identity_id == NIL:
        raise ValueError("its id is no UUID")
    return identity_id


def _read(text: str, start: int) -> tuple[Identity | UnreadableIdentity, int]:
    """The element that begins at `start`, and where it ends."""
    try:
        listed, end = _DECODER.raw_decode(text, start)
    except RecursionError:
        return _set_aside(text, start, "its JSON is nested too deeply")
    except ValueError as error:  # also a number with more digits than Python reads
        return _set_aside(text, start, f"its JSON cannot be read ({error})"[:200])
    try:
        return identity_of(listed), end
    except ValueError as error:
        return UnreadableIdentity(None, str(error)), end


def _set_aside(text: str, start: int, why: str) -> tuple[UnreadableIdentity, int]:
    """Raises `ValueError` if not even its end can be told."""
    known = _ID_COMES_FIRST.match(text, start)
    return UnreadableIdentity(UUID(known[1]) if known else None, why), _end_of(text, start)


def _begin(text: str) -> tuple[int, bool]:
    """Where the first element of the list begins, and whether there is none; then where the list ends."""
    position = _skip_space(text, 0)
    if not text.startswith("[", position):
        raise ValueError("it is no list")
    position = _skip_space(text, position + 1)
    return (_skip_space(text, position + 1), True) if text.startswith("]", position) else (position, False)


def _go_on(text: str, position: int) -> tuple[int, bool]:
    """The same after an element that ends at `position`."""
    position = _skip_space(text, position)
    if text.startswith("]", position):
        return _skip_space(text, position + 1), True
    if not text.startswith(",", position):
        raise ValueError("the list breaks off")
    return _skip_space(text, position + 1), False


def _skip_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _end_of(text: str, start: int) -> int:
    """Where an object or list ends that nobody can read: behind its last bracket."""
    depth = 0
    if text.startswith(("{", "["), start):
        for found in _STRING_OR_BRACKET.finditer(text, start):
            match found[0]:
                case "{" | "[":
                    depth += 1
                case "}" | "]":
                    depth -= 1
                    if depth == 0:
                        return found.end()
                case _:
                    pass  # a text: brackets in it open and close nothing
    raise ValueError("the list breaks off")
