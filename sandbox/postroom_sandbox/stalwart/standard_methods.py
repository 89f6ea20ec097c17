"""What /get, /query and /set have in common for all types of objects (RFC 8620 §5)."""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import MethodError, SetError
from postroom_sandbox.stalwart.json_value import JSON, is_object
from postroom_sandbox.stalwart.kind import Created

MAX_OBJECTS = 500
"""Of one /get or /set, as the session tells."""
MAX_IDS = 5000
"""Of one page of a /query."""


def check_number(number: int) -> None:
    """Of the objects of one /get or /set. Raises MethodError."""
    if number > MAX_OBJECTS:
        description = (
            "The number of ids requested by the client exceeds the maximum number"
            " the server is willing to process in a single method call."
        )
        raise MethodError("requestTooLarge", description)


def objects(arguments: JSON, name: str) -> dict[str, JSON]:
    """What an argument of a method of mail holds by its keys; the server passes over what is no object."""
    given: JSON = arguments.get(name) or {}
    return {key: value for key, value in given.items() if is_object(value)}


def listed(texts: Iterable[str], shown: Callable[[int], JSON | None], properties: list[str] | None) -> JSON:
    """`list` and `notFound` of a /get; `shown` answers all properties of an object that is there."""
    answer: JSON = {"list": [], "notFound": []}
    for text in texts:
        number = ids.decode(text)
        found = None if number is None else shown(number)
        if found is None:
            answer["notFound"].append(text)
        else:
            chosen = found if properties is None else {n: v for n, v in found.items() if n in properties}
            answer["list"].append(chosen | {"id": text})
    return answer


def page(found: list[int], arguments: JSON) -> JSON:
    """Of the result of a /query: `ids`, `position`, and as they are due `total` and `limit`. Raises MethodError."""
    position: int = arguments.get("position") or 0
    if arguments.get("anchor"):
        anchor = ids.decode(arguments["anchor"])
        if anchor not in found:
            raise MethodError("anchorNotFound", "An anchor argument was supplied, but it cannot be found.")
        position = max(found.index(anchor) + (arguments.get("anchorOffset") or 0), 0)
    elif position < 0:
        position = max(position + len(found), 0)
    limit = min(arguments.get("limit") or MAX_IDS, MAX_IDS)
    answer: JSON = {"position": position if position < len(found) else 0}
    answer["ids"] = [ids.encode(number) for number in found[position : position + limit]]
    if arguments.get("calculateTotal"):
        answer["total"] = len(found)
    return answer | ({"limit": limit} if len(found) > limit else {})


class Outcome:
    """What became of the objects of a /set or its like. Each stands for itself: what is refused undoes nothing that was
    done before it. `answer` has no empty members; the ids of what was made enter `created`."""

    def __init__(self, created: Created) -> None:
        self.answer: JSON = {}
        self._created = created

    def create(self, objects: Iterable[tuple[str, Any]], act: Callable[[Any], JSON]) -> None:
        for key, value in objects:
            with self._refusal("notCreated", key):
                self.answer.setdefault("created", {})[key] = made = act(value)
                self._created[key] = made["id"]

    def update(self, patches: JSON, destroyed: list[str], act: Callable[[str, JSON], JSON | None]) -> None:
        """`destroyed` are the ids that the same call destroys."""
        for text, patch in patches.items():
            with self._refusal("notUpdated", text):
                if text in destroyed:
                    raise SetError("willDestroy", "ID will be destroyed.")
                self.answer.setdefault("updated", {})[text] = act(text, patch)

    def destroy(self, destroyed: list[str], act: Callable[[str], None]) -> None:
        for text in destroyed:
            with self._refusal("notDestroyed", text):
                act(text)
                self.answer.setdefault("destroyed", []).append(text)

    @contextmanager
    def _refusal(self, name: str, key: str) -> Generator[None]:
        try:
            yield
        except SetError as refusal:
            self.answer.setdefault(name, {})[key] = refusal.body
