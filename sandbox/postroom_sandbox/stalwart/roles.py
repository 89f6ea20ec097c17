"""`x:Role`: the stand-in destroys a role whoever has it."""

import json

from postroom_sandbox.stalwart import ids, permissions
from postroom_sandbox.stalwart.errors import not_offered, server_unavailable
from postroom_sandbox.stalwart.json_pointer import patched
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.object_type import Call, ObjectType, completed

_DEFAULTS: JSON = {"enabledPermissions": {}, "disabledPermissions": {}, "roleIds": {}, "memberTenantId": None}


class Roles(ObjectType):
    name = "Role"
    table = "roles"
    key = "description"

    def ensure_defaults(self) -> None:
        """Create the four roles of a new server, `b` to `e`."""
        if self._store.row("SELECT 1 FROM roles"):
            return
        for description, granted in permissions.DEFAULT_ROLES.items():
            enabled = {name: True for name in permissions.NAMES if name in granted}
            self._keep(description, _DEFAULTS | {"description": description, "enabledPermissions": enabled})

    def granted(self, role_ids: JSON) -> frozenset[str]:
        """The permissions that these roles grant together. Raises MethodError if one does not exist, as in Stalwart."""
        found: frozenset[str] = frozenset()
        for text in role_ids:
            row = self._store.row("SELECT document FROM roles WHERE id = ?", ids.decode(text))
            if row is None:
                raise server_unavailable()
            document = json.loads(row[0])
            found |= document["enabledPermissions"].keys() - document["disabledPermissions"].keys()
        return found

    def create(self, call: Call, value: JSON) -> JSON:
        document = self._checked(call, completed(value, _DEFAULTS, self.key))
        return {"id": ids.encode(self._keep(document["description"], document))}

    def update(self, call: Call, number: int, patch: JSON) -> None:
        document = self._checked(call, patched(self.document(call, number) or {}, patch))
        sql = "UPDATE roles SET name = ?, document = ? WHERE id = ?"
        self._store.run(sql, document["description"], json.dumps(document), number)

    def destroy(self, call: Call, number: int) -> None:
        self._store.run("DELETE FROM roles WHERE id = ?", number)

    def _checked(self, call: Call, document: JSON) -> JSON:
        if document["memberTenantId"] is not None or document["roleIds"]:
            raise not_offered("tenants, and roles that hold roles")
        for name in ("enabledPermissions", "disabledPermissions"):
            document[name] = permissions.checked_set(document[name], name)
        granted = document["enabledPermissions"].keys() - document["disabledPermissions"].keys()
        permissions.check_grant(granted, call.access.permissions)
        return document
