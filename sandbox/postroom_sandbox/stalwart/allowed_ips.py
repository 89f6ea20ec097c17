"""`x:AllowedIp`: the addresses that the server never bans. This stand-in bans nobody: it only keeps them."""

import ipaddress
import json
import secrets
import sqlite3

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import invalid_patch, not_offered, required, unknown_property, violation
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.kind import Call, Condition, Kind

_DEFAULTS: JSON = {"reason": None, "expiresAt": None}


class AllowedIps(Kind):
    name = "AllowedIp"
    table = "allowed_ips"

    def condition(self, name: str, value: str) -> Condition | None:
        return ("name = ?", (value,)) if name == "address" else None

    def create(self, call: Call, value: JSON) -> JSON:
        if value.keys() - _DEFAULTS.keys() - {"address"}:
            raise unknown_property()
        if "address" not in value:
            raise required("address")
        if value.get("expiresAt") is not None:
            raise not_offered("addresses that are allowed for a time")
        address = _spelt(value["address"])
        number = secrets.randbits(59)  # as with web hooks
        document = _DEFAULTS | value | {"address": address, "createdAt": self._store.now()}
        try:
            sql = "INSERT INTO allowed_ips (id, name, document) VALUES (?, ?, ?)"
            self._store.run(sql, number, address, json.dumps(document))
        except sqlite3.IntegrityError:
            row = self._store.row("SELECT id FROM allowed_ips WHERE name = ?", address)
            raise violation("address", "AllowedIp", ids.encode(row[0] if row else 0)) from None
        return {"id": ids.encode(number)}

    def destroy(self, call: Call, number: int) -> None:
        self._store.run("DELETE FROM allowed_ips WHERE id = ?", number)


def _spelt(value: object) -> str:
    """A network of one address is that address."""
    try:
        network = ipaddress.ip_network(str(value), strict=False)
    except ValueError:
        raise invalid_patch("address", "Failed to parse IpAddrOrMask from string") from None
    return str(network.network_address if network.num_addresses == 1 else value)
