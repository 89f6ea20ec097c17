"""`x:OidcProvider`, of which there is one. This stand-in has no OAuth, so it begins with what leaves nothing open; the
server's own defaults are the other way round."""

import json

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import invalid_patch, not_offered
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.kind import Call, Kind
from postroom_sandbox.stalwart.pointer import patched
from postroom_sandbox.stalwart.store import Store

_BEGINNING: JSON = {"requireClientRegistration": True, "anonymousClientRegistration": False}


class OidcProvider(Kind):
    name = "OidcProvider"
    table = "(SELECT * FROM singletons WHERE name = 'OidcProvider')"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        sql = "INSERT OR IGNORE INTO singletons (id, name, document) VALUES (?, ?, ?)"
        store.run(sql, ids.SINGLETON, self.name, json.dumps(_BEGINNING))

    def update(self, call: Call, number: int, patch: JSON) -> None:
        if patch.keys() - _BEGINNING.keys():
            raise not_offered("OAuth")
        document = patched(self.document(call, number) or {}, patch)
        for name, value in document.items():
            if not isinstance(value, bool):
                raise invalid_patch(name)
        sql = "UPDATE singletons SET document = ? WHERE name = ?"
        self._store.run(sql, json.dumps(document), self.name)
