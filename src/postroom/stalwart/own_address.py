"""Our own IP address in connections to Stalwart, which it may ban."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpx2

from postroom.errors import Transient

IpAddress = IPv4Address | IPv6Address

WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """Both ends of a connection, as this host sees them."""

    ours: IpAddress
    theirs: IpAddress

    @classmethod
    def of(cls, ours: str, theirs: str) -> "OwnAddress":
        return cls(_address(ours), _address(theirs))

    @property
    def never_banned(self) -> bool:
        """Stalwart never bans these two addresses; others of 127.0.0.0/8 are not exempt (0.16.19, `security.rs`)."""
        return str(self.ours) in ("127.0.0.1", "::1")

    @property
    def translated(self) -> bool:
        """Whether Stalwart certainly sees another address, since private ones are not routed to public ones."""
        return self.theirs.is_global and not self.ours.is_global


async def own_address(url: str) -> OwnAddress:
    """Find our address by a request without credentials. Raises `Transient`."""
    try:
        async with (
            httpx2.AsyncClient(timeout=WITHIN, trust_env=False) as http,
            http.stream("GET", url.rstrip("/") + "/healthz/live") as response,
        ):
            connection = response.extensions["network_stream"]
            ours, theirs = (connection.get_extra_info(name)[0] for name in ("client_addr", "server_addr"))
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Transient(f"mail server cannot be reached ({type(error).__name__})") from error
    return OwnAddress.of(ours, theirs)


def _address(text: str) -> IpAddress:
    address = ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address
