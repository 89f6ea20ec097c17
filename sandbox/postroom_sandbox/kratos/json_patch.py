"""JSON Patch (RFC 6902), as far as the admin API takes it: add, replace and remove."""

from copy import deepcopy
from typing import Any, cast

from postroom_sandbox.kratos.error import Json

_DENIED = ("/id", "/credentials", "/stateChangedAt")


def patched(document: Json, patch: Any) -> Json:
    """A copy of the document with the patch applied. Raises ValueError with the reason.

    Lists are replaced whole: nothing that a patch may change in an identity is a list.
    """
    if not isinstance(patch, list):
        raise ValueError("a patch is a list of operations")  # noqa: TRY004 - wrong input of a client
    result = deepcopy(document)
    for operation in cast(list[Any], patch):
        match operation:
            case {"op": "add" | "replace", "path": str(path), "value": value}:
                place, name = _place(result, path)
                place[name] = value
            case {"op": "remove", "path": str(path)}:
                place, name = _place(result, path)
                place.pop(name, None)
            case _:
                raise ValueError(f"the stand-in does not know the operation {operation}")
    return result


def _place(document: Json, path: str) -> tuple[Json, str]:
    """The object that holds the member at a JSON pointer (RFC 6901), and the member's name."""
    if any(path == denied or path.startswith(f"{denied}/") for denied in _DENIED):
        raise ValueError(f"patch includes denied path: {path}")
    *parents, name = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]] or [""]
    place: Any = document
    for step in parents:
        place = cast(Json, place).setdefault(step, {}) if isinstance(place, dict) else None
    if not isinstance(place, dict):
        raise ValueError(f"there is no object that could hold {path}")  # noqa: TRY004 - as above
    return cast(Json, place), name
