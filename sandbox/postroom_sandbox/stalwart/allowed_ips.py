"""`x:AllowedIp`: addresses that the server never bans. The stand-in bans no address and only stores them."""

import ipaddress
import secrets

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import invalid_patch, not_offered
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.object_type import Call, ObjectType, completed

_DEFAULTS: JSON = {"reason": None, "expiresAt": None}


class AllowedIps(ObjectType):
    name = "AllowedIp"
    table = "allowed_ips"
    key = "address"

    def create(self, call: Call, value: JSON) -> JSON:
        document = completed(value, _DEFAULTS, self.key) | {"createdAt": self._store.now()}
        if document["expiresAt"] is not None:
            raise not_offered("addresses that are allowed for a time")
        document["address"] = _canonical(document["address"])
        # A random number, as for webhooks.
        return {"id": ids.encode(self._keep(document["address"], document, secrets.randbits(59)))}

    def destroy(self, call: Call, number: int) -> None:
        self._store.run("DELETE FROM allowed_ips WHERE id = ?", number)


def _canonical(value: object) -> str:
    """The network in its canonical form. A network of one address becomes that address."""
    try:
        network = ipaddress.ip_network(str(value), strict=False)
    except ValueError:
        raise invalid_patch("address", "Failed to parse IpAddrOrMask from string") from None
    return str(network.network_address if network.num_addresses == 1 else value)
