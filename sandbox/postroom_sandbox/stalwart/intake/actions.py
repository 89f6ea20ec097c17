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

    def __init__(self, store: Store, reload_settings: Callable[[], None]) -> None:
        super().__init__(store)
        self._reload_settings = reload_settings

    def create(self, call: Call, value: JSON) -> JSON:
        match value.get("@type"):
            case None:
                raise no_variant("")
            case "ReloadSettings":
                if not call.access.may("actionReloadSettings"):
                    raise SetError("forbidden", "You are not authorized to perform this action")
                self._reload_settings()
            case kind:
                raise not_offered(f"the action {kind}")
        return {"id": ids.encode(int(time.time()))}
