"""Result references (RFC 8620 §3.7) to what an earlier part of a divided request was answered.

The mail server knows only the part that it is sent. So the gateway resolves what points to an earlier one, as the mail
server would have, and leaves every other reference to it.
"""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from postroom.gateway.request_body import Call
from postroom.gateway.response_splicer import RefusedCall
from postroom.http.json_object import JsonObject, as_object


def refer_back(earlier: Sequence[Call], later: Sequence[Call]) -> bool:
    """Whether any of the later calls refers to the result of an earlier one."""
    answered = {(call_id, method) for method, _, call_id in earlier}
    return any(_target(each) in answered for _, arguments, _ in later for _, each in _references(arguments))


def resolved(arguments: JsonObject, earlier: Sequence[Call], responses: Sequence[Any] | None) -> JsonObject:
    """The arguments with the values of their references to `earlier` calls. `responses` are those to these calls, None
    if they were too large to be kept. Raises `RefusedCall`."""
    answered = {(call_id, method) for method, _, call_id in earlier}
    found = dict(arguments)
    for name, reference in _references(arguments):
        if _target(reference) not in answered or name in arguments:
            continue
        if responses is None:
            raise _unresolved("the responses before EmailSubmission/set are too large to refer to; use two requests")
        for method, result, call_id in responses:
            if (call_id, method) == _target(reference):
                found[name] = _value(result, reference.get("path"))
                del found[f"#{name}"]
                break
    return found


def _references(arguments: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    for name, value in arguments.items():
        if name.startswith("#") and (reference := as_object(value)):
            yield name[1:], reference


def _target(reference: JsonObject) -> tuple[str, str]:
    return str(reference.get("resultOf")), str(reference.get("name"))


def _value(result: Any, path: object) -> Any:
    before, *steps = path.split("/") if isinstance(path, str) else ["not a path"]
    try:
        if not before:
            return _at(result, [each.replace("~1", "/").replace("~0", "~") for each in steps])
    except (LookupError, ValueError):  # the latter for an index of thousands of digits
        pass
    raise _unresolved(f"the earlier response has nothing at {path!s:.100}")


def _unresolved(description: str) -> RefusedCall:
    return RefusedCall({"type": "invalidResultReference", "description": description})


def _index(step: str) -> int:
    if not step.isdecimal():  # `int` also takes -1
        raise LookupError(step)
    return int(step)


def _at(value: Any, steps: Sequence[str]) -> Any:
    """The value at a path in which `*` means each entry of an array; arrays within are joined."""
    if not steps:
        return value
    step, *rest = steps
    if not isinstance(value, list):
        return _at(as_object(value)[step], rest)
    entries = cast("list[Any]", value)
    if step != "*":
        return _at(entries[_index(step)], rest)
    joined: list[Any] = []
    for entry in entries:
        found = _at(entry, rest)
        joined += cast("list[Any]", found) if isinstance(found, list) else [found]
    return joined
