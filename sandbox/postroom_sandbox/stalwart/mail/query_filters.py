"""Filters and sort orders of /query as SQL (RFC 8620 §5.5)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from postroom_sandbox.stalwart.errors import MethodError
from postroom_sandbox.stalwart.json_value import JSON, is_list, is_object
from postroom_sandbox.stalwart.object_type import Condition

Leaf = Callable[[str, Any], Condition | None]
_MAX_DEPTH = 20  # SQLite limits the depth of expressions
_JOINED = {"AND": (" AND ", "({})"), "OR": (" OR ", "({})"), "NOT": (" OR ", "NOT ({})")}


def condition(wanted: JSON, leaf: Leaf, depth: int = 0) -> Condition:
    """The filter as SQL. `leaf` returns the SQL for one property of a condition, or None if there is no such filter.
    Raises MethodError."""
    if "operator" in wanted:
        inner = wanted.get("conditions")
        if wanted["operator"] not in list(_JOINED) or not is_list(inner) or not all(map(is_object, inner)):
            raise MethodError("invalidArguments", "Invalid filter operator")
        if depth > _MAX_DEPTH:
            raise MethodError("unsupportedFilter", "The filter is too deep")
        word, frame = _JOINED[wanted["operator"]]
        parts = [condition(part, leaf, depth + 1) for part in inner]
        empty = "TRUE" if wanted["operator"] == "AND" else "FALSE"
    else:
        parts, word, frame, empty = (
            [_known(leaf(name, value), name) for name, value in wanted.items()],
            " AND ",
            "{}",
            "TRUE",
        )
    sql = frame.format(word.join(f"({sql})" for sql, _ in parts) or empty)
    return sql, tuple(value for _, values in parts for value in values)


def _known(found: Condition | None, name: str) -> Condition:
    if found is None:
        raise MethodError("unsupportedFilter", f"Filter on property {name} is not supported or invalid")
    return found


def order(sort: list[JSON], columns: Callable[[JSON], Condition | None], last: str) -> Condition:
    """The ORDER BY. `last` is the tie-breaker, in the direction of the first column. Raises MethodError."""
    parts: list[str] = []
    parameters: list[object] = []
    for comparator in sort:
        found = columns(comparator) if isinstance(comparator.get("property"), str) else None
        if found is None:
            raise MethodError("unsupportedSort", f"Property {comparator.get('property')} is not supported for sorting")
        parts.append(f"{found[0]} {_direction(comparator)}")
        parameters += found[1]
    parts.append(f"{last} {_direction(sort[0]) if sort else 'DESC'}")
    return ", ".join(parts), tuple(parameters)


def _direction(comparator: JSON) -> str:
    return "ASC" if comparator.get("isAscending", True) else "DESC"


def moment(value: Any) -> str:
    """A UTCDate in the format of the stored times. Raises MethodError."""
    try:
        return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (TypeError, ValueError, OverflowError):
        raise MethodError("invalidArguments", "Invalid date") from None


def placeholders(values: list[Any]) -> str:
    return ", ".join("?" * len(values))
