"""A page of the result of a query (RFC 8620 §5.5)."""

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import MethodError
from postroom_sandbox.stalwart.json_value import JSON

MOST = 5000


def page(found: list[int], arguments: JSON) -> JSON:
    """`ids`, `position`, and as they are due `total` and `limit`. Raises MethodError."""
    position: int = arguments.get("position") or 0
    if arguments.get("anchor"):
        anchor = ids.decode(arguments["anchor"])
        if anchor not in found:
            raise MethodError("anchorNotFound", "An anchor argument was supplied, but it cannot be found.")
        position = max(found.index(anchor) + (arguments.get("anchorOffset") or 0), 0)
    elif position < 0:
        position = max(position + len(found), 0)
    limit = min(arguments.get("limit") or MOST, MOST)
    answer: JSON = {"position": position if position < len(found) else 0}
    answer["ids"] = [ids.encode(number) for number in found[position : position + limit]]
    if arguments.get("calculateTotal"):
        answer["total"] = len(found)
    return answer | ({"limit": limit} if len(found) > limit else {})
