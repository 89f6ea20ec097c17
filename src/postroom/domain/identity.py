"""An identity of Kratos, as far as Postroom needs it."""

from collections.abc import Mapping
from typing import cast

MAX_DISPLAY_NAME = 200


def display_name(traits: Mapping[str, object]) -> str | None:
    """The name to show with the mailbox, from the usual traits: `name` as a text, `name.first` and `name.last`
    (Kratos' own presets), or `display_name`. None when the schema has no name."""
    name = traits.get("name", traits.get("display_name"))
    if isinstance(name, Mapping):
        parts = cast(Mapping[str, object], name)
        words = [part for key in ("first", "last") if isinstance(part := parts.get(key), str)]
        name = " ".join(words)
    if not isinstance(name, str):
        return None
    # Control characters would reach the administrator's screen and PostgreSQL refuses NUL.
    shown = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return shown[:MAX_DISPLAY_NAME] or None
