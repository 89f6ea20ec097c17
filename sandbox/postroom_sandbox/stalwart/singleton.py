"""Objects of the registry that exist once, with the id `singleton`."""

import json
from typing import ClassVar

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import not_offered
from postroom_sandbox.stalwart.json_pointer import patched
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.object_type import Call, ObjectType
from postroom_sandbox.stalwart.store import Store


class Singleton(ObjectType):
    """`initial` holds the first values, except those that the constructor gets. `changeable` names the properties
    that can be changed here, `unchangeable` describes all others."""

    initial: ClassVar[JSON]
    changeable: frozenset[str]
    unchangeable: str

    def __init__(self, store: Store, **values: object) -> None:
        super().__init__(store)
        self.table = f"(SELECT * FROM singletons WHERE name = '{self.name}')"  # noqa: S608 - a constant of the source
        sql = "INSERT OR IGNORE INTO singletons (id, name, document) VALUES (?, ?, ?)"
        store.run(sql, ids.SINGLETON, self.name, json.dumps(self.initial | values))

    def current(self) -> JSON:
        ((document,),) = self._store.rows("SELECT document FROM singletons WHERE name = ?", self.name)
        return json.loads(document)

    def update(self, call: Call, number: int, patch: JSON) -> None:
        document = patched(self.current(), patch)
        names = {path.partition("/")[0] for path in patch}
        for name in names:
            self.check(name, document[name])
        if names - self.changeable:
            raise not_offered(self.unchangeable)
        self._store.run("UPDATE singletons SET document = ? WHERE name = ?", json.dumps(document), self.name)

    def check(self, name: str, value: object) -> None:
        """Raises SetError."""
        raise NotImplementedError
