"""Which addresses of the network are public: a stranger must not make us send a request into our own network."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

_V4 = [
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, and the metadata of a cloud (100.100.100.200)
        "127.0.0.0/8",
        "168.63.129.16/32",  # public, but in Azure it is the host below the machine
        "169.254.0.0/16",  # link-local: the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
]
_V6_GLOBAL = IPv6Network("2000::/3")
"""All that is assigned (IANA). Outside are loopback, link-local, unique local, multicast, IPv4-mapped and NAT64."""
_V6 = [
    IPv6Network(each)
    for each in (
        "2001::/23",  # protocols: Teredo, ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address is inside
        "2620:4f:8000::/48",
        "3fff::/20",
    )
]
_ISATAP = (0x00005EFE, 0x02005EFE)
"""RFC 5214 §6.1: the upper half of an interface identifier whose lower half is an IPv4 address"""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """The special-purpose addresses of IANA's registries are not. The standard library's `is_global` is asked as well:
    it differs between versions."""
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in each for each in _V4)
    return (
        address.scope_id is None
        and address in _V6_GLOBAL
        and not any(address in each for each in _V6)
        and (int(address) >> 32) & 0xFFFFFFFF not in _ISATAP
    )
