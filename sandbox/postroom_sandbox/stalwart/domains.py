"""`x:Domain`. Of certificates, DNS and signatures it keeps the settings and does none of the work."""

import json
import sqlite3
from collections.abc import Iterable

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.address import domain_name
from postroom_sandbox.stalwart.errors import linked, not_offered, required, unknown_property, violation
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.kind import Call, Condition, Kind

FIRST = 1
"""The first domain is the default of the system settings."""
_DEFAULTS: JSON = {
    "aliases": {},
    "isEnabled": True,
    "description": None,
    "certificateManagement": {"@type": "Manual"},
    "dkimManagement": {
        "@type": "Automatic",
        "algorithms": {"Dkim1Ed25519Sha256": True, "Dkim1RsaSha256": True},
        "selectorTemplate": "v{version}-{algorithm}-{date-%Y%m%d}",
        "rotateAfter": 7_776_000_000,
        "retireAfter": 604_800_000,
        "deleteAfter": 2_592_000_000,
    },
    "dnsManagement": {"@type": "Manual"},
    "subAddressing": {"@type": "Enabled"},
    "catchAllAddress": None,
    "directoryId": None,
    "reportAddressUri": "mailto:postmaster",
    "allowRelaying": False,
    "logo": None,
    "memberTenantId": None,
}


class Domains(Kind):
    name = "Domain"
    table = "domains"

    def ensure(self, names: Iterable[str]) -> None:
        """Makes the domains that are not there yet, in this order."""
        for name in map(domain_name, names):
            if self.number(name) is None:
                self._insert({"name": name})

    def number(self, name: str) -> int | None:
        row = self._store.row("SELECT id FROM domains WHERE name = ?", name)
        return row[0] if row else None

    def name_of(self, text: object) -> str | None:
        """The name of the domain with this id."""
        row = self._store.row("SELECT name FROM domains WHERE id = ?", ids.decode(text))
        return row[0] if row else None

    def condition(self, name: str, value: str) -> Condition | None:
        return ("name = ?", (value,)) if name == "name" else None

    def create(self, call: Call, value: JSON) -> JSON:
        if value.keys() - _DEFAULTS.keys() - {"name"}:
            raise unknown_property()
        if "name" not in value:
            raise required("name")
        if value.get("aliases"):
            raise not_offered("aliases of domains")
        return {"id": ids.encode(self._insert(value | {"name": domain_name(value["name"])}))}

    def _insert(self, value: JSON) -> int:
        document = _DEFAULTS | {"createdAt": self._store.now(), "dnsZoneFile": ""} | value
        try:
            sql = "INSERT INTO domains (name, document) VALUES (?, ?)"
            return self._store.run(sql, value["name"], json.dumps(document))
        except sqlite3.IntegrityError:
            raise violation("name", "Domain", ids.encode(self.number(value["name"]) or 0)) from None

    def destroy(self, call: Call, number: int) -> None:
        """Only a domain that nothing uses."""
        sql = "SELECT DISTINCT account_id FROM addresses WHERE domain_id = ? ORDER BY account_id"
        links = [{"object": "Account", "id": ids.encode(account)} for (account,) in self._store.rows(sql, number)]
        if number == FIRST:
            links.append({"object": "SystemSettings", "id": "singleton"})
        if links:
            raise linked("Domain", ids.encode(number), links)
        self._store.run("DELETE FROM domains WHERE id = ?", number)
