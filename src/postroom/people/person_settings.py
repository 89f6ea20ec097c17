"""The settings of a person's interface: one JSON object, returned byte for byte as it was sent.

Its entity tag is a hash of these bytes. A change names the tag of the document that it replaces: no tab overwrites
unseen what another one has stored.

A document is refused if another parser could read it differently (I-JSON, RFC 7493), or if PostgreSQL's jsonb cannot
hold it.
"""

import base64
import hashlib
import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Any, NoReturn, Protocol, cast
from uuid import UUID

from postroom.errors import Refused

MAX_SIZE = 64 * 1024
"""Bytes of a document."""

MAX_DEPTH = 20
"""Objects and arrays inside of each other."""

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
# RFC 9110 §8.8.3 and §5.6.1: a list may have empty elements.
_TAGS = re.compile(rf"[ \t,]*{_TAG}(?:[ \t]*,[ \t,]*{_TAG})*[ \t,]*")
ANY = "*"


@dataclass(frozen=True, slots=True)
class Document:
    """`etag` is an entity tag with its quotes."""

    text: str
    etag: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What a stored document is replaced for. `etags`: it has one of them. `any`: whatever it is. `may_create`: also if
    none is stored."""

    etags: Collection[str] = ()
    any: bool = False
    may_create: bool = False


class PersonSettings(Protocol):
    """Raises `DatabaseUnavailable`."""

    async def read(self, identity_id: UUID) -> Document | None: ...

    async def store(self, identity_id: UUID, document: Document, condition: Condition) -> bool:
        """False, and nothing is stored, if `condition` is not fulfilled."""
        ...


def document_of(text: str) -> Document:
    digest = hashlib.sha256(text.encode()).digest()[:18]
    return Document(text, f'"{base64.urlsafe_b64encode(digest).decode()}"')


EMPTY = document_of("{}")
"""The document of a person who has stored none."""


def condition_of(if_match: str | None, if_none_match: str | None) -> Condition:
    """RFC 9110 §13.1.1 and §13.1.2. Raises `Refused` unless exactly one of the headers says what may be replaced."""
    if if_match is None and if_none_match is not None and if_none_match.strip() == ANY:
        return Condition(may_create=True)
    if if_match is not None and if_none_match is None:
        if if_match.strip() == ANY:
            return Condition(any=True)
        if (tags := _tags(if_match)) is not None:
            # The strong comparison: a weak tag matches nothing.
            strong = [tag for tag in tags if not tag.startswith("W/")]
            return Condition(strong, may_create=EMPTY.etag in strong)
    raise Refused(
        "condition_required",
        'send If-Match: "…" with the ETag of the settings that you read, or If-None-Match: * if there are none yet',
    )


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Whether the client has this document already: the weak comparison of RFC 9110 §8.8.3.2."""
    if if_none_match is None:
        return False
    tags = _tags(if_none_match) or ()
    return if_none_match.strip() == ANY or etag in [tag.removeprefix("W/") for tag in tags]


def _tags(header: str) -> list[str] | None:
    """None if it is no list of entity tags."""
    return re.findall(_TAG, header) if _TAGS.fullmatch(header) else None


def checked(raw: bytes) -> Document:
    """The document in the body of a request. Raises `Refused`: `unreadable_body` or `unfit_settings`."""
    try:
        text = raw.decode()
        found: object = _DECODER.decode(text)
    except UnicodeDecodeError:
        raise Refused("unreadable_body", "the body is not UTF-8") from None
    except RecursionError:
        raise _unfit(_TOO_DEEP) from None
    except ValueError as error:
        # It names the position, and does not quote the body.
        raise Refused("unreadable_body", f"the body is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise _unfit("the settings are not a JSON object")
    _require_fit(cast(object, found))
    return document_of(text)


def _require_fit(found: object) -> None:
    level = [found]
    for _ in range(MAX_DEPTH):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return
    raise _unfit(_TOO_DEEP)


def _inside(container: object) -> Iterable[object]:
    """The objects and arrays directly in `container`. Raises `Refused` for an unfit string."""
    if isinstance(container, dict):
        content = cast(dict[str, object], container)
        values: Iterable[object] = [*content.keys(), *content.values()]
    else:
        values = cast(list[object], container)
    for value in values:
        if isinstance(value, dict | list):
            yield cast(object, value)
        elif isinstance(value, str) and _UNFIT.search(value):
            raise _unfit("a string holds U+0000 or an unpaired surrogate")


_UNFIT = re.compile("[\0\ud800-\udfff]")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _unfit("an object has a duplicate name")
    return found


def _number(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise _unfit("a number is too large")
    return number


def _constant(name: str) -> NoReturn:
    raise Refused("unreadable_body", f"the body is not JSON: {name} is not a number")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_number, parse_float=_number, parse_constant=_constant)
_TOO_DEEP = f"the settings are nested more deeply than {MAX_DEPTH}"


def _unfit(detail: str) -> Refused:
    return Refused("unfit_settings", detail)
