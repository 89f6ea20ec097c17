"""Whom a proxy serves, and who counts as one client."""

from ipaddress import ip_network

import pytest

from postroom.api.person_address import client_of, person_address

PROXIES = [ip_network(each) for each in ("127.0.0.1", "172.30.78.0/24", "2001:db8:1::/48")]


@pytest.mark.parametrize(
    ("peer", "stated", "person"),
    [
        ("8.8.8.8", "", "8.8.8.8"),
        ("8.8.8.8", "1.1.1.1", "8.8.8.8"),  # a client that states an address
        ("10.0.0.5", "1.1.1.1", "10.0.0.5"),  # a neighbour in a private network is no proxy unless it is named
        ("::1", "1.1.1.1", "::1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "9.9.9.9, 1.1.1.1", "1.1.1.1"),  # only the last one is of our proxy
        ("127.0.0.1", "9.9.9.9, 10.0.0.5", "10.0.0.5"),  # a person in a private network
        ("127.0.0.1", "9.9.9.9, 1.1.1.1, 172.30.78.2", "1.1.1.1"),  # two proxies
        ("127.0.0.1", "172.30.78.3, 172.30.78.2", "172.30.78.3"),
        ("::ffff:127.0.0.1", "1.1.1.1", "1.1.1.1"),
        ("2001:db8:1::2", "2606:4700::1111", "2606:4700::1111"),
        ("127.0.0.1", "unknown, <script>", "127.0.0.1"),
        ("127.0.0.1", "1.1.1.1, unknown, 172.30.78.2", "172.30.78.2"),
        # Some proxies add the port of the connection.
        ("127.0.0.1", "9.9.9.9, 1.1.1.1:4711, 172.30.78.2:80", "1.1.1.1"),
        ("127.0.0.1", "[2606:4700::1111]:443", "2606:4700::1111"),
        ("127.0.0.1", "1.1.1.1:", "127.0.0.1"),
    ],
)
def test_address_of_the_person_is_stated_by_named_proxies_only(peer: str, stated: str, person: str) -> None:
    assert person_address(peer, stated, PROXIES) == person


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("", "unknown"),  # on a Unix socket
    ],
)
def test_client_is_an_address_of_ipv4_or_a_64_of_ipv6(address: str, client: str) -> None:
    assert client_of(address) == client
