"""What a screen receives, the same by every way."""

from typing import Any

from postroom.mail.ports import LiveEvent


def hint_of(event: LiveEvent) -> dict[str, Any]:
    """`{"id": 17, "type": "mail", "data": {…}}`. The id is for dropping what was told twice."""
    return {"id": event.id, "type": event.type, "data": dict(event.data)}
