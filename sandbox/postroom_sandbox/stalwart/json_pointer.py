"""JSON pointers: patches of objects (RFC 8620 §5.3), result references (§3.7), creation ids (§5.3)."""

from copy import deepcopy
from typing import Any

from postroom_sandbox.stalwart.errors import MethodError, invalid_patch, invalid_reference
from postroom_sandbox.stalwart.json_value import JSON, is_list, is_object

_ID_SETS = {"roleIds", "memberGroupIds"}


def _steps(path: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")]


def patched(document: JSON, patch: JSON) -> JSON:
    """A copy with every path of the patch set; null removes a member below the top level. Raises SetError.

    Lists are objects with the keys "0", "1", …: any new key adds an entry.
    """
    result = deepcopy(document)
    for path, value in patch.items():
        first, *steps = _steps(path.removeprefix("/"))
        if first not in result:
            raise invalid_patch(path, "Invalid property")
        if steps:
            _set(result[first], steps, value, path)
        else:
            result[first] = deepcopy(value)
    return result


def _set(place: Any, steps: list[str], value: Any, path: str) -> None:
    *parents, last = steps
    is_entry = path.startswith(("aliases/", "credentials/"))
    for step in parents:
        if is_object(place) and is_entry:
            place.setdefault(step, {})
        if not is_object(place) or step not in place:
            raise invalid_patch(path, "Invalid JSON Pointer path")
        place = place[step]
    if not is_object(place):
        raise invalid_patch(path)
    if place.keys() == {"@type"}:  # a variant without members
        raise invalid_patch(path, "Invalid JSON Pointer path")
    if last == "@type" and not is_entry:
        return  # Stalwart reports success and keeps the variant: only the whole object changes it
    if is_entry and not parents and (not last.isdecimal() or (value is None and last not in place)):
        raise invalid_patch(path, "Invalid value for object property")
    if value is None:
        place.pop(last, None)
    else:
        place[last] = deepcopy(value)


def _follow(value: Any, steps: list[str]) -> Any:
    """The value at a path, in which `*` means every entry of a list. Raises LookupError."""
    if not steps:
        return value
    step, *rest = steps
    if is_list(value) and step == "*":
        found: list[Any] = []
        for entry in value:
            deep = _follow(entry, rest)
            found += deep if is_list(deep) else [deep]
        return found
    if is_list(value) and step.isdigit():
        return _follow(value[int(step)], rest)
    if is_object(value):
        return _follow(value[step], rest)
    raise LookupError(step)


def with_results(arguments: JSON, responses: list[tuple[str, JSON, str]], names: tuple[str, ...] = ("ids",)) -> JSON:
    """The arguments with the result references of these names resolved to lists. Other `#name` arguments are ignored.

    Stalwart resolves no reference to the response of a /set, not even `/created/c/id`: instead, `"ids": ["#c"]` works.
    Raises MethodError.
    """
    for name in names:
        if (reference := arguments.get(f"#{name}")) is not None:
            arguments = arguments | {name: _result(reference, responses)}
    return arguments


def _result(reference: Any, responses: list[tuple[str, JSON, str]]) -> Any:
    if not is_object(reference) or not {"resultOf", "name", "path"} <= reference.keys():
        raise MethodError("invalidArguments", "invalid type: expected struct ResultReference")
    method, tag, path = reference["name"], reference["resultOf"], str(reference["path"])
    results = [result for name, result, t in responses if (name, t) == (method, tag)]
    results = [] if str(method).endswith("/set") else results
    try:
        found = _follow(results[0], _steps(path)[1:])
    except LookupError:
        raise invalid_reference(f"Result reference to {tag}#{method} not found.") from None
    return [found] if isinstance(found, str) else found


def with_created(value: Any, created: dict[str, str], key: str) -> Any:
    """A copy of the object with the key `key`, in which the id of `c` replaces `#c` as a domain id and in sets of ids.
    Raises MethodError."""
    if not is_object(value):
        return value
    copy: JSON = {}
    for name, inner in value.items():
        if name == "domainId":
            copy[name] = _created_id(inner, created, key)
        elif name in _ID_SETS and is_object(inner):
            copy[name] = {_created_id(text, created, key): on for text, on in inner.items()}
        else:
            copy[name] = with_created(inner, created, key)
    return copy


def created_id(text: str, created: dict[str, str]) -> str:
    """The id itself, or the id for the creation id `#c`. Raises MethodError if there is none, which fails the call."""
    if not text.startswith("#"):
        return text
    if text[1:] not in created:
        raise invalid_reference(f'Id reference "{text[1:]}" does not exist or is invalid.')
    return created[text[1:]]


def _created_id(value: Any, created: dict[str, str], key: str) -> Any:
    if not isinstance(value, str) or not value.startswith("#"):
        return value
    if value[1:] not in created:
        raise invalid_reference(f'Invalid reference to non-existing object "{value[1:]}" from "{key}"')
    return created[value[1:]]
