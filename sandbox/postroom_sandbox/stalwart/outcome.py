"""What became of each object of a `/set` or its like (RFC 8620 §5.3)."""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any

from postroom_sandbox.stalwart.errors import SetError
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.kind import Created


class Outcome:
    """Each object stands for itself: what is refused undoes nothing that was done before it. `answer` has no empty
    members; the ids of what was made enter `created`."""

    def __init__(self, created: Created) -> None:
        self.answer: JSON = {}
        self._created = created

    def create(self, objects: Iterable[tuple[str, Any]], act: Callable[[Any], JSON]) -> None:
        for key, value in objects:
            with self._refusal("notCreated", key):
                self.answer.setdefault("created", {})[key] = made = act(value)
                self._created[key] = made["id"]

    def update(self, patches: JSON, doomed: list[str], act: Callable[[str, JSON], JSON | None]) -> None:
        """`doomed` are the ids that the same call destroys."""
        for text, patch in patches.items():
            with self._refusal("notUpdated", text):
                if text in doomed:
                    raise SetError("willDestroy", "ID will be destroyed.")
                self.answer.setdefault("updated", {})[text] = act(text, patch)

    def destroy(self, doomed: list[str], act: Callable[[str], None]) -> None:
        for text in doomed:
            with self._refusal("notDestroyed", text):
                act(text)
                self.answer.setdefault("destroyed", []).append(text)

    @contextmanager
    def _refusal(self, name: str, key: str) -> Generator[None]:
        try:
            yield
        except SetError as refusal:
            self.answer.setdefault(name, {})[key] = refusal.body
