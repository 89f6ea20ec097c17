"""`x:Domain`. The stand-in stores the settings for certificates, DNS and signatures, but does not apply them."""

from collections.abc import Iterable

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.address import domain_name
from postroom_sandbox.stalwart.errors import linked, not_offered
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.object_type import Call, ObjectType, completed

FIRST = 1
"""The number of the first domain, which is the default domain in the system settings."""
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


class Domains(ObjectType):
    name = "Domain"
    table = "domains"
    key = "name"

    def ensure(self, names: Iterable[str]) -> None:
        """Create the missing domains, in this order."""
        for name in map(domain_name, names):
            if self.number(name) is None:
                self._make(name, _DEFAULTS)

    def number(self, name: str) -> int | None:
        row = self._store.row("SELECT id FROM domains WHERE name = ?", name)
        return row[0] if row else None

    def name_of(self, text: object) -> str | None:
        """The name of the domain with this id."""
        row = self._store.row("SELECT name FROM domains WHERE id = ?", ids.decode(text))
        return row[0] if row else None

    def create(self, call: Call, value: JSON) -> JSON:
        document = completed(value, _DEFAULTS, self.key)
        if document["aliases"]:
            raise not_offered("aliases of domains")
        return {"id": ids.encode(self._make(domain_name(document["name"]), document))}

    def _make(self, name: str, document: JSON) -> int:
        return self._keep(name, document | {"name": name, "createdAt": self._store.now(), "dnsZoneFile": ""})

    def destroy(self, call: Call, number: int) -> None:
        """A domain can be destroyed only if nothing uses it."""
        sql = "SELECT DISTINCT account_id FROM addresses WHERE domain_id = ? ORDER BY account_id"
        links = [{"object": "Account", "id": ids.encode(account)} for (account,) in self._store.rows(sql, number)]
        if number == FIRST:
            links.append({"object": "SystemSettings", "id": "singleton"})
        if links:
            raise linked("Domain", ids.encode(number), links)
        self._store.run("DELETE FROM domains WHERE id = ?", number)
