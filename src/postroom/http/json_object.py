"""Reads JSON objects in untrusted input; everything that is not an object counts as an empty one."""

import json
from typing import Any, cast

JsonObject = dict[str, Any]


def json_object(text: bytes | str) -> JsonObject:
    """The JSON object in `text`; {} if it holds anything else."""
    try:
        return as_object(json.loads(text))
    except (ValueError, RecursionError):
        return {}


def as_object(found: object) -> JsonObject:
    """`found`, a part of parsed JSON; {} if it is not an object."""
    return cast(JsonObject, found) if isinstance(found, dict) else {}
