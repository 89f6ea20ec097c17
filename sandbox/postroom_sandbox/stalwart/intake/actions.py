"""`x:Action`: commands to the server. They are executed at once and not stored."""

import time
from collections.abc import Callable

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import SetError, no_variant, not_offered
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.object_type import Call, ObjectType
from postroom_sandbox.stalwart.store import Store


class Actions(ObjectType):
    name = "Action"
    table = "(SELECT 0 AS id, '' AS name, '' AS document WHERE FALSE)"  # so that /get and /query return none

    def __init__(self, store: Store, **actions: Callable[[], None]) -> None:
        super().__init__(store)
        self._actions = actions

    def create(self, call: Call, value: JSON) -> JSON:
        kind = value.get("@type")
        if kind is None:
            raise no_variant("")
        if kind not in self._actions:
            raise not_offered(f"the action {kind}")
        if not call.access.may(f"action{kind}"):
            raise SetError("forbidden", f"Insufficient permissions to perform action of type {kind}")
        self._actions[kind]()
        return {"id": ids.encode(int(time.time()))}
