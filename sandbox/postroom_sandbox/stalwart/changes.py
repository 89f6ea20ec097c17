"""One `/set` call: creates, updates and destroys, each object for itself (RFC 8620 §5.3)."""

from collections.abc import Callable
from typing import Any

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import MethodError, SetError, no_variant
from postroom_sandbox.stalwart.json_value import JSON, is_object
from postroom_sandbox.stalwart.kind import Call, Created, Kind
from postroom_sandbox.stalwart.pointer import with_created

_VERBS = ("create", "update", "destroy")


class Changes:
    """What is refused, or an error that ends the call, undoes nothing that was done before it."""

    def __init__(self, kind: Kind, call: Call, created: Created) -> None:
        self._kind = kind
        self._call = call
        self._created = created
        self._answer: JSON = {}

    def make(self, creates: JSON, updates: JSON, destroys: list[str]) -> JSON:
        """The answer, without what would be empty. Raises MethodError."""
        self._require(creates, updates, destroys)
        destroys = list(_with_ids(dict.fromkeys(destroys)))
        updates = _with_ids(updates)
        creates, updates = self._resolved(creates), self._resolved(updates)
        for key, value in creates.items():
            self._attempt("created", key, lambda key=key, value=value: self._create(key, value))
        for key, patch in updates.items():
            doomed = key in destroys
            self._attempt("updated", key, lambda key=key, patch=patch, no=doomed: self._update(key, patch, no))
        for key in destroys:
            self._attempt("destroyed", key, lambda key=key: self._destroy(key))
        if "destroyed" in self._answer:
            self._answer["destroyed"] = list(self._answer["destroyed"])
        return self._answer

    def _require(self, *asked: JSON | list[str]) -> None:
        """Without any right to set the whole method is refused, otherwise the first verb that lacks its right."""
        may = self._call.access.may
        missing = [not may(f"sys{self._kind.name}{verb.capitalize()}") for verb in _VERBS]
        lacking = [verb for verb, gone, objects in zip(_VERBS, missing, asked, strict=True) if gone and objects]
        if all(missing):
            lacking = ["create, update or destroy"]
        if lacking:
            raise MethodError("forbidden", f"You are not authorized to {lacking[0]} objects of this type")

    def _resolved(self, objects: JSON) -> JSON:
        return {key: with_created(value, self._created, key) for key, value in objects.items()}

    def _attempt(self, outcome: str, key: str, act: Callable[[], JSON | None]) -> None:
        try:
            result = act()
        except SetError as refusal:
            outcome, result = f"not{outcome.capitalize()}", refusal.body
        self._answer.setdefault(outcome, {})[key] = result

    def _create(self, key: str, value: Any) -> JSON:
        if not is_object(value):
            raise no_variant("")
        result = self._kind.create(self._call, value)
        self._created[key] = result["id"]
        return result

    def _update(self, key: str, patch: JSON, doomed: bool) -> None:
        if doomed:
            raise SetError("willDestroy", "ID will be destroyed.")
        self._kind.update(self._call, self._existing(key), patch)

    def _destroy(self, key: str) -> None:
        self._kind.destroy(self._call, self._existing(key))

    def _existing(self, key: str) -> int:
        number = ids.decode(key)
        if number is None or self._kind.document(self._call, number) is None:
            raise SetError("notFound")
        return number


def _with_ids(objects: JSON) -> JSON:
    """Without keys that are no ids, creation ids among them: the server passes over them in silence."""
    return {key: value for key, value in objects.items() if ids.decode(key) is not None}
