"""The body of a JMAP request, parsed as I-JSON (RFC 7493), which JMAP requires (RFC 8620 §1.4).

Parsers differ on duplicate names, on NaN and on unpaired surrogates. A body with any of them is refused, and a checked
body is serialised again, so that the mail server reads exactly what was checked.
"""

import json
import re
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from postroom.gateway.problems import jmap_problem, limit
from postroom.http.json_object import JsonObject

Call = tuple[str, JsonObject, str]

MAX_DEPTH = 100
# Ten megabytes of `[[],[],…` would become 200 MB of Python objects, and creating them blocks all other requests.
MAX_PARTS = 100_000
# A bracket or a comma, with everything up to the next one. Those inside strings do not count. At most two strings can
# follow (a name and a value); an unterminated string extends to the end, so that no byte is scanned twice.
_TEXT = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+'
_PART = re.compile(rb'[\[{,][^"\[{,]*+(?:%s[^"\[{,]*+){0,2}+' % _TEXT, re.DOTALL)


@dataclass(frozen=True, slots=True)
class RequestBody:
    """RFC 8620 §3.3; unknown members are dropped."""

    using: list[str]
    calls: list[Call]
    created_ids: dict[str, str] | None

    def dump(self) -> bytes:
        """The body as JSON. Raises `Problem` if it is not I-JSON."""
        content: JsonObject = {"using": self.using, "methodCalls": self.calls}
        if self.created_ids is not None:
            content["createdIds"] = self.created_ids
        try:
            return _ENCODER.encode(content).encode()
        except UnicodeEncodeError:
            raise jmap_problem("notJSON", "a string holds an unpaired surrogate") from None
        except ValueError:
            # Python reads NaN and Infinity, and 1e999 as the latter.
            raise jmap_problem("notJSON", "a number is NaN, infinite or too large") from None


def parse(raw: bytes, *, max_calls: int) -> RequestBody:
    """Raises `Problem`: `notJSON`, `notRequest` or `limit`."""
    if _has_too_many_parts(raw):
        raise limit("maxSizeRequest", f"the request has more than {MAX_PARTS} parts")
    found = _load(raw)
    if not isinstance(found, dict):
        raise jmap_problem("notRequest", "the body is not a JSON object")
    body = cast(JsonObject, found)
    using, calls, created_ids = body.get("using"), body.get("methodCalls"), body.get("createdIds")
    if not isinstance(using, list) or not all(isinstance(name, str) for name in cast(list[object], using)):
        raise jmap_problem("notRequest", "`using` is not a list of strings")
    if not isinstance(calls, list):
        raise jmap_problem("notRequest", "`methodCalls` is not a list")
    if len(cast(list[object], calls)) > max_calls:
        raise limit("maxCallsInRequest", f"the request has more than {max_calls} method calls")
    return RequestBody(
        using=cast(list[str], using),
        calls=[_call(each) for each in cast(list[object], calls)],
        created_ids=_created_ids(created_ids),
    )


def _has_too_many_parts(raw: bytes) -> bool:
    if raw.count(b"[") + raw.count(b"{") + raw.count(b",") <= MAX_PARTS:
        return False  # even with those in strings, as for most requests
    return next(islice(_PART.finditer(raw), MAX_PARTS, None), None) is not None


def _load(raw: bytes) -> object:
    try:
        found: object = _DECODER.decode(raw.decode())
    except RecursionError:
        raise jmap_problem("notJSON", "the body is nested too deeply") from None
    except UnicodeDecodeError:
        raise jmap_problem("notJSON", "the body is not UTF-8") from None
    except ValueError as error:
        # `JSONDecodeError` names the position, our own error the rule; neither quotes the body.
        raise jmap_problem("notJSON", f"the body is not I-JSON: {error}") from None
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:  # rare, and each pass over a body costs time
        _check_depth(found)
    return found


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a duplicate name")
    return found


# Made once: to create them takes as long as to parse a small body.
_DECODER = json.JSONDecoder(object_pairs_hook=_object)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _check_depth(found: object) -> None:
    level = [found]
    for _ in range(MAX_DEPTH):
        level = [inner for each in level for inner in _inner(each) if isinstance(inner, dict | list)]
        if not level:
            return
    raise jmap_problem("notJSON", "the body is nested too deeply")


def _inner(value: object) -> Any:
    if isinstance(value, dict):
        return cast(JsonObject, value).values()
    return cast(list[object], value) if isinstance(value, list) else ()


def _call(found: object) -> Call:
    match cast(list[Any], found) if isinstance(found, list) else []:
        case [str(name), arguments, str(call_id)] if isinstance(arguments, dict):
            return name, cast(JsonObject, arguments), call_id
        case _:
            raise jmap_problem("notRequest", "a method call is not [name, arguments, call id]")


def _created_ids(found: object) -> dict[str, str] | None:
    if found is None:
        return None
    if isinstance(found, dict) and all(isinstance(each, str) for each in cast(JsonObject, found).values()):
        return cast(dict[str, str], found)
    raise jmap_problem("notRequest", "`createdIds` is not an object of strings")
