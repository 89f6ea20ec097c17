"""Parses a page of Kratos' identities one by one: one that cannot be read must not stop the others."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import cast
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from postroom.domain.identity import Identity, UnreadableIdentity
from postroom.errors import KratosUnavailable
from postroom.http.json_object import as_object

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
    """The identities of a page, and those that cannot be read. Raises `ValueError` if the body is not a list."""
    # Bytes that are not UTF-8 only affect the string that they are in.
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
        position, ended = _next_element(text, position)
    if position != len(text):
        raise ValueError("there is data after the list")
    return identities, unreadable


def identity_of(listed: object) -> Identity:
    """Raises `ValueError` with a sentence that says why it is not an identity."""
    if not isinstance(listed, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 — about the data, not about a type of ours
    found = cast(Mapping[str, object], listed)
    return Identity(
        id=_uuid(found.get("id")),
        traits=as_object(found.get("traits")),
        # Old versions of Kratos have no states: such an identity can log in.
        active=found.get("state", "active") == "active",
        created_at=_moment(found.get("created_at")),
        updated_at=_moment(found.get("updated_at")),
    )


def next_token(link: str) -> str | None:
    """The page token of `rel="next"` in a Link header (RFC 8288), whose URLs are relative; None on the last page.

    Raises `KratosUnavailable` if the token of the next page cannot be read: this must not look like the last page.
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
        raise KratosUnavailable("Kratos names a next page without a single page token") from None
    # PostgreSQL stores it, and cannot store a NUL.
    if len(token) > MAX_TOKEN or not token.isascii() or not token.isprintable():
        raise KratosUnavailable("Kratos names a next page with a page token that cannot be stored")
    return token


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    # Without a time zone it cannot be compared with others.
    return moment if moment and moment.tzinfo else None


def _uuid(text: object) -> UUID:
    try:
        identity_id = UUID(text) if isinstance(text, str) else NIL
    except ValueError:
        identity_id = NIL
    if identity_id == NIL:
        raise ValueError("its id is not a UUID")
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
    """Raises `ValueError` if its end cannot be found."""
    known = _ID_COMES_FIRST.match(text, start)
    return UnreadableIdentity(UUID(known[1]) if known else None, why), _end_of(text, start)


def _begin(text: str) -> tuple[int, bool]:
    """The position of the first element, and whether the list is empty; if so, the position after the list."""
    position = _skip_space(text, 0)
    if not text.startswith("[", position):
        raise ValueError("it is not a list")
    position = _skip_space(text, position + 1)
    return (_skip_space(text, position + 1), True) if text.startswith("]", position) else (position, False)


def _next_element(text: str, position: int) -> tuple[int, bool]:
    """The same after an element that ends at `position`."""
    position = _skip_space(text, position)
    if text.startswith("]", position):
        return _skip_space(text, position + 1), True
    if not text.startswith(",", position):
        raise ValueError("the list is truncated")
    return _skip_space(text, position + 1), False


def _skip_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _end_of(text: str, start: int) -> int:
    """The end of an object or list that cannot be parsed: after its last bracket."""
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
                    pass  # a string: brackets in it do not count
    raise ValueError("the list breaks off")
