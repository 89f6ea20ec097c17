"""Values from JSON, with type guards."""

from typing import Any, TypeGuard

JSON = dict[str, Any]


def is_object(value: Any) -> TypeGuard[JSON]:
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def is_count(value: Any) -> TypeGuard[int]:
    """An integer from 0, which JSON's true is not."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str)


def is_texts(value: Any) -> TypeGuard[list[str]]:
    return is_list(value) and all(map(is_text, value))


def is_flag(value: Any) -> TypeGuard[bool]:
    return isinstance(value, bool)
