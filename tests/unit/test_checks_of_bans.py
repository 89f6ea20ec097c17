"""The findings of `postroom check` about a ban of our address by Stalwart, and about tokens that outlive an app
password."""

from ipaddress import ip_address, ip_network

import pytest

from postroom.checks.allowed_ip import of_allowed
from postroom.checks.oauth import of_clients
from postroom.errors import Transient
from postroom.stalwart.own_address import OwnAddress, own_address
from scripted_upstream import http_answer, scripted_upstream


def seen(ours: str, theirs: str) -> OwnAddress:
    return OwnAddress(ip_address(ours), ip_address(theirs))


@pytest.mark.parametrize(
    ("address", "allowed", "state", "words"),
    [
        (seen("127.0.0.1", "127.0.0.1"), [], "ok", "never bans 127.0.0.1"),
        (seen("::1", "::1"), [], "ok", "never bans ::1"),
        (seen("127.0.0.2", "127.0.0.1"), [], "error", "127.0.0.2 is not in x:AllowedIp"),
        (seen("10.0.0.5", "10.0.0.6"), [], "error", "10.0.0.5 is not in x:AllowedIp"),
        (seen("10.0.0.5", "10.0.0.6"), ["10.0.0.4", "192.168.0.0/16"], "error", "10.0.0.5 is not"),
        (seen("10.0.0.5", "10.0.0.6"), ["10.0.0.5"], "ok", "10.0.0.5 is in x:AllowedIp"),
        (seen("10.0.0.5", "10.0.0.6"), ["2001:db8::/32", "10.0.0.0/24"], "ok", "by 10.0.0.0/24"),
        (seen("8.8.8.9", "8.8.8.8"), [], "error", "8.8.8.9 is not"),
        (seen("2a01:4f8::5", "2a01:4f8::6"), ["2a01:4f8::/64"], "ok", "by 2a01:4f8::/64"),
        # Behind NAT this host cannot know the address that Stalwart sees.
        (seen("10.0.0.5", "8.8.8.8"), [], "warning", "none is allowed"),
        (seen("10.0.0.5", "8.8.8.8"), ["8.8.8.9", "8.8.4.4"], "warning", "allowed are 8.8.8.9 and 8.8.4.4"),
        (seen("10.0.0.5", "8.8.8.8"), ["10.0.0.5"], "warning", "allowed are 10.0.0.5"),
    ],
)
def test_our_ip_address_must_be_allowed_unless_it_is_loopback_or_unknown(
    address: OwnAddress, allowed: list[str], state: str, words: str
) -> None:
    finding = of_allowed(address, [ip_network(each) for each in allowed])
    assert finding.state == state
    assert words in finding.details
    assert ("--fix" in finding.fix) == (state == "error")


async def test_our_ip_address_is_that_of_the_connection_to_the_mail_server() -> None:
    async with scripted_upstream(http_answer(404)) as server:
        assert await own_address(server.url + "/") == seen("127.0.0.1", "127.0.0.1")
        assert server.asked[0].header("authorization") is None
    with pytest.raises(Transient):
        await own_address(server.url)


def test_own_ip_address_is_normalised_from_its_mapped_or_scoped_form() -> None:
    assert OwnAddress.of("::ffff:10.0.0.5", "fe80::1%eth0") == seen("10.0.0.5", "fe80::1")


@pytest.mark.parametrize(("registered_only", "state"), [(True, "ok"), (False, "warning")])
def test_check_warns_if_oauth_tokens_can_outlive_an_app_password(registered_only: bool, state: str) -> None:
    finding = of_clients(registered_only=registered_only)
    assert finding.state == state
    assert ("--registered-oauth-clients" in finding.fix) == (state == "warning")
