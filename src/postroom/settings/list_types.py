"""Types of settings that are lists, separated by commas: how their text is read. A `ValueError` says what is wrong."""

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from postroom.domain.address import NEVER_GIVEN, RESERVED_NAMES, normalise_domain, printable
from postroom.errors import Refused
from postroom.settings.web_urls import host_name, web_origin


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def domain(raw: str) -> str:
    try:
        return normalise_domain(raw)
    except Refused as error:
        raise ValueError(str(error)) from error


def _domains(value: str) -> tuple[str, ...]:
    if not (found := tuple(map(domain, _parts(value)))):
        raise ValueError("must name at least one mail domain")
    return found


def _words(value: str) -> frozenset[str]:
    return frozenset(part.lower() for part in _parts(value))


def _are_names(value: frozenset[str]) -> frozenset[str]:
    if wrong := [name for name in value if "@" in name]:
        raise ValueError(f"a name is the part before the @: {_listed(wrong)} would reserve nothing")
    return value


def _may_be_given(value: frozenset[str]) -> frozenset[str]:
    if never := value & NEVER_GIVEN:
        raise ValueError(
            f"nobody may register {_listed(never)}: whoever reads that mail can obtain certificates for the domain, or "
            "reads what is meant for its operator; make the address at the mail server"
        )
    if unknown := value - RESERVED_NAMES:
        raise ValueError(f"not among the built-in names: {_listed(unknown)}")
    return value


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(
            f"{printable(text)} is neither an address nor a network: write each as 127.0.0.1, 172.30.78.0/24 or "
            "2001:db8::/64"
        ) from None


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))


Domains = Annotated[tuple[str, ...], BeforeValidator(_domains)]
ReservedNames = Annotated[frozenset[str], BeforeValidator(_words), AfterValidator(_are_names)]
UnreservedNames = Annotated[frozenset[str], BeforeValidator(_words), AfterValidator(_may_be_given)]
Origins = Annotated[frozenset[str], BeforeValidator(lambda value: frozenset(map(web_origin, _parts(value))))]
HostNames = Annotated[frozenset[str], BeforeValidator(lambda value: frozenset(map(host_name, _parts(value))))]
Networks = Annotated[
    frozenset[IPv4Network | IPv6Network], BeforeValidator(lambda value: frozenset(map(_network, _parts(value))))
]
