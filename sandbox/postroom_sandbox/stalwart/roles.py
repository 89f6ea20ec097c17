"""`x:Role`: made and read here; a role once made stays as it is."""

import json

from postroom_sandbox.stalwart import ids, permissions
from postroom_sandbox.stalwart.errors import not_offered, required, server_unavailable, unknown_property
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.kind import Call, Condition, Kind

_DEFAULTS: JSON = {"enabledPermissions": {}, "disabledPermissions": {}, "roleIds": {}, "memberTenantId": None}


class Roles(Kind):
    name = "Role"
    table = "roles"

    def ensure_defaults(self) -> None:
        """The four roles of a fresh server, `b` to `e`."""
        if self._store.row("SELECT 1 FROM roles"):
            return
        for description, granted in permissions.DEFAULT_ROLES.items():
            enabled = {name: True for name in permissions.NAMES if name in granted}
            self._insert(_DEFAULTS | {"description": description, "enabledPermissions": enabled})

    def granted(self, role_ids: JSON) -> frozenset[str]:
        """What these roles grant together. Raises MethodError for one that is not there, as Stalwart does."""
        found: frozenset[str] = frozenset()
        for text in role_ids:
            row = self._store.row("SELECT document FROM roles WHERE id = ?", ids.decode(text))
            if row is None:
                raise server_unavailable()
            document = json.loads(row[0])
            found |= document["enabledPermissions"].keys() - document["disabledPermissions"].keys()
        return found

    def condition(self, name: str, value: str) -> Condition | None:
        return ("name = ?", (value,)) if name == "description" else None

    def create(self, call: Call, value: JSON) -> JSON:
        if value.keys() - _DEFAULTS.keys() - {"description"}:
            raise unknown_property()
        if not value.get("description"):
            raise required("description")
        document = _DEFAULTS | value
        if document["memberTenantId"] is not None or document["roleIds"]:
            raise not_offered("tenants, and roles that hold roles")
        for name in ("enabledPermissions", "disabledPermissions"):
            document[name] = permissions.checked_set(document[name], name)
        granted = document["enabledPermissions"].keys() - document["disabledPermissions"].keys()
        permissions.check_grant(granted, call.access.permissions)
        return {"id": ids.encode(self._insert(document))}

    def _insert(self, document: JSON) -> int:
        sql = "INSERT INTO roles (name, document) VALUES (?, ?)"
        return self._store.run(sql, str(document["description"]), json.dumps(document))
