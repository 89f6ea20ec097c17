"""The IP addresses that Stalwart never bans: `x:AllowedIp`."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network

from pydantic import Field

from postroom.stalwart.own_address import IpAddress
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import Call, StalwartClient
from postroom.stalwart.response_models import ResponseModel
from postroom.stalwart.settings_change import PERMISSIONS as TO_RELOAD
from postroom.stalwart.settings_change import change

IpNetwork = IPv4Network | IPv6Network

READ_PERMISSIONS = frozenset({"sysAllowedIpGet"})
"""The permissions that the key needs to read them."""

PERMISSIONS = READ_PERMISSIONS | TO_RELOAD | {"sysAllowedIpCreate"}
"""The permissions that it needs to add one."""

_DEADLINE = 5.0


class _AllowedIp(ResponseModel):
    address: str
    expires_at: datetime | None = Field(None, alias="expiresAt")


class _Listed(ResponseModel):
    allowed_ips: list[_AllowedIp] = Field(alias="list")


class AllowedIps:
    """Raises `MailServerError`s. `now` is the wall clock."""

    def __init__(
        self,
        client: StalwartClient,
        registry: StalwartRegistry,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._registry = registry
        self._now = now

    async def listed(self) -> Sequence[IpNetwork]:
        """The networks in force, without expired ones."""
        return await self._registry.within(_DEADLINE, self._listed)

    async def add(self, address: IpAddress | IpNetwork) -> None:
        wanted = {"create": {"c": {"address": spelled(address), "reason": "Postroom"}}}
        what = f"the address {spelled(address)}"
        await self._registry.within(
            _DEADLINE, lambda left: change(self._client, "AllowedIp", wanted, what, deadline=left)
        )

    async def _listed(self, left: float) -> list[IpNetwork]:
        get: Call = ("x:AllowedIp/get", {"ids": None})
        listed = (await self._client.call([get], deadline=left)).read(0, _Listed).allowed_ips
        in_force = [each for each in listed if each.expires_at is None or each.expires_at > self._now()]
        return [network for each in in_force if (network := parsed(each.address))]


def spelled(address: IpAddress | IpNetwork) -> str:
    """The text of an address or network as Stalwart shows it: a network of one address has no prefix length."""
    if isinstance(address, IPv4Network | IPv6Network) and address.num_addresses == 1:
        return str(address.network_address)
    return str(address)


def contains(network: IpNetwork, other: IpNetwork) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(other, IPv4Network) and other.subnet_of(network)
    return isinstance(other, IPv6Network) and other.subnet_of(network)


def parsed(text: str) -> IpNetwork | None:
    """The address or network; None for any other text."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
