"""What /get, /query and /set share for all object types (RFC 8620 §5)."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import MethodError, SetError
from postroom_sandbox.stalwart.json_value import JSON, is_object
from postroom_sandbox.stalwart.object_type import Created

MAX_OBJECTS = 500
"""The maximum number of objects in one /get or /set, as in the session object."""
MAX_IDS = 5000
"""The maximum number of ids in one page of a /query."""


def check_number(number: int) -> None:
    """Check the number of objects in one /get or /set. Raises MethodError."""
    if number > MAX_OBJECTS:
        description = (
            "The number of ids requested by the client exceeds the maximum number"
            " the server is willing to process in a single method call."
        )
        raise MethodError("requestTooLarge", description)


def objects(arguments: JSON, name: str) -> dict[str, JSON]:
    """The objects in an argument of a mail method, by their keys. Stalwart ignores values that are not objects."""
    given: JSON = arguments.get(name) or {}
    return {key: value for key, value in given.items() if is_object(value)}


def listed(texts: Iterable[str], shown: Callable[[int], JSON | None], properties: list[str] | None) -> JSON:
    """`list` and `notFound` of a /get. `shown` returns all properties of an object, or None if it does not exist."""
    response: JSON = {"list": [], "notFound": []}
    for text in texts:
        number = ids.decode(text)
        found = None if number is None else shown(number)
        if found is None:
            response["notFound"].append(text)
        else:
            chosen = found if properties is None else {n: v for n, v in found.items() if n in properties}
            response["list"].append(chosen | {"id": text})
    return response


def page(found: Iterable[int], arguments: JSON, total: Callable[[], int] | None = None) -> JSON:
    """One page of a /query: `ids`, `position` and, where required, `total` and `limit`. Of `found` no more is read than
    the page needs, if `total` counts it. Raises MethodError."""
    rest, read = iter(found), list[int]()
    position: int = arguments.get("position") or 0
    if arguments.get("anchor"):
        position = max(_read_to(ids.decode(arguments["anchor"]), rest, read) + (arguments.get("anchorOffset") or 0), 0)
    elif position < 0:
        read += rest
        position = max(position + len(read), 0)
    limit = min(arguments.get("limit") or MAX_IDS, MAX_IDS)
    read += islice(rest, max(position + limit + 1 - len(read), 0))  # one more tells whether the limit cuts
    response: JSON = {"position": position if position < len(read) else 0}
    response["ids"] = [ids.encode(number) for number in read[position : position + limit]]
    if arguments.get("calculateTotal"):
        response["total"] = total() if total else len(read) + sum(1 for _ in rest)
    return response | ({"limit": limit} if len(read) > limit else {})


def _read_to(anchor: int | None, rest: Iterator[int], read: list[int]) -> int:
    """Read until the anchor, and return its place."""
    for number in rest:
        read.append(number)
        if number == anchor:
            return len(read) - 1
    raise MethodError("anchorNotFound", "An anchor argument was supplied, but it cannot be found.")


class Outcome:
    """The outcome of a /set or similar method for its objects. They are independent: a refused one does not undo
    earlier ones. `response` has no empty members. The ids of created objects are added to `created`."""

    def __init__(self, created: Created) -> None:
        self.response: JSON = {}
        self._created = created

    def create(self, objects: Iterable[tuple[str, Any]], act: Callable[[Any], JSON]) -> None:
        for key, value in objects:
            with self._refusal("notCreated", key):
                self.response.setdefault("created", {})[key] = made = act(value)
                self._created[key] = made["id"]

    def update(self, patches: JSON, destroyed: list[str], act: Callable[[str, JSON], JSON | None]) -> None:
        """`destroyed` lists the ids that the same call destroys."""
        for text, patch in patches.items():
            with self._refusal("notUpdated", text):
                if text in destroyed:
                    raise SetError("willDestroy", "ID will be destroyed.")
                self.response.setdefault("updated", {})[text] = act(text, patch)

    def destroy(self, destroyed: list[str], act: Callable[[str], None]) -> None:
        for text in destroyed:
            with self._refusal("notDestroyed", text):
                act(text)
                self.response.setdefault("destroyed", []).append(text)

    @contextmanager
    def _refusal(self, name: str, key: str) -> Generator[None]:
        try:
            yield
        except SetError as refusal:
            self.response.setdefault(name, {})[key] = refusal.body
