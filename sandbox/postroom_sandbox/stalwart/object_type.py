"""What all object types of the registry share: the caller of a method, and the operations."""

import json
import sqlite3
from dataclasses import dataclass

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import invalid_patch, not_offered, required, unknown_property, violation
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.store import Store

Condition = tuple[str, tuple[object, ...]]
"""A constant piece of SQL and its parameters."""
Created = dict[str, str]
"""The id for each creation id; the calls of one request share it."""


@dataclass(frozen=True)
class Access:
    """The caller and its permissions. `name` is an address, or the login of the recovery administrator."""

    account: int
    name: str
    permissions: frozenset[str]

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    def reaches(self, account: int) -> bool:
        """Whether the caller may use that account."""
        return account == self.account or self.may("impersonate")


@dataclass(frozen=True)
class Call:
    """The caller of a method, and the account that it names (`accountId`)."""

    access: Access
    account: int


class ObjectType:
    """One object type: a table with `id`, `name` and `document`. `create`, `update`, `destroy` raise SetError."""

    name: str
    table: str
    key: str = ""
    """The property that is stored as `name`, if /query can filter by it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def scope(self, call: Call) -> Condition:
        """The rows that the call may see."""
        return "TRUE", ()

    def listed(self, call: Call) -> Condition:
        """The rows that /get looks at if the call names none."""
        return self.scope(call)

    def condition(self, name: str, value: str) -> Condition | None:
        """A filter as SQL; None if there is no such filter."""
        return ("name = ?", (value,)) if name == self.key else None

    def document(self, call: Call, number: int) -> JSON | None:
        """The stored document of the object."""
        where, parameters = self.scope(call)
        # Names of tables and conditions are constants of the source, here and below; values are parameters.
        sql = f"SELECT document FROM {self.table} WHERE id = ? AND {where}"  # noqa: S608 - constants of ours
        row = self._store.row(sql, number, *parameters)
        return json.loads(row[0]) if row else None

    def shown(self, call: Call, number: int) -> JSON | None:
        """The object as /get returns it."""
        return self.document(call, number)

    def _keep(self, name: str, document: JSON, number: int | None = None) -> int:
        """Store a new object, with the next number if none is given. Raises SetError if the name is in use."""
        try:
            sql = f"INSERT INTO {self.table} (id, name, document) VALUES (?, ?, ?)"  # noqa: S608 - as above
            return self._store.run(sql, number, name, json.dumps(document))
        except sqlite3.IntegrityError:
            ((holder,),) = self._store.rows(f"SELECT id FROM {self.table} WHERE name = ?", name)  # noqa: S608 - as above
            raise violation(self.key, self.name, ids.encode(holder)) from None

    def create(self, call: Call, value: JSON) -> JSON:
        raise not_offered(f"new objects of the kind {self.name}")

    def update(self, call: Call, number: int, patch: JSON) -> None:
        raise not_offered(f"changes of the kind {self.name}")

    def destroy(self, call: Call, number: int) -> None:
        raise not_offered(f"the destruction of the kind {self.name}")


def completed(value: JSON, defaults: JSON, key: str) -> JSON:
    """A new object with the defaults for missing properties, except for `key`, which is required. Raises SetError."""
    if value.keys() - defaults.keys() - {key}:
        raise unknown_property()
    if key not in value:
        raise required(key)
    if not value[key]:
        raise invalid_patch(key)
    return defaults | value
