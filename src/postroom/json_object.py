"""JSON objects in what others sent: whoever reads one is not interested in how something else looks."""

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
    """`found`, a part of some JSON; {} if it is no object."""
    return cast(JsonObject, found) if isinstance(found, dict) else {}
