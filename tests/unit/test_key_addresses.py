"""Which credential our key is, and what `postroom check` and `postroom setup stalwart` say of its addresses."""

import base64
from ipaddress import ip_network

import pytest

from postroom.checks.key_addresses import of_credential
from postroom.setup.key_addresses import left_out
from postroom.stalwart.key_addresses import credential_of
from postroom.stalwart.own_accounts import OwnAccount

SECRET = "API_" + base64.urlsafe_b64encode(bytes([0, 0, 0, 1, 0, 0, 0, 3]) + bytes(20)).decode().rstrip("=")
CREDENTIALS = {
    "0": {"@type": "Password", "credentialId": "a"},
    "1": {"@type": "AppPassword", "credentialId": "d", "allowedIps": {"10.0.0.1": True}},
    "2": {"@type": "ApiKey", "credentialId": "c", "allowedIps": {"10.0.0.2": True}},
    "3": {"@type": "ApiKey", "credentialId": "d", "allowedIps": {"10.0.0.4": True, "10.0.0.3": True}},
}


def account(*places: str) -> OwnAccount:
    """With these credentials."""
    credentials = {place: CREDENTIALS[place] for place in places}
    address = "postroom-service@example.org"
    return OwnAccount.model_validate({"@type": "User", "id": "b", "emailAddress": address, "credentials": credentials})


@pytest.mark.parametrize(
    ("places", "secret", "state", "words"),
    [
        ("0123", SECRET, "ok", "our key is accepted from 10.0.0.3, 10.0.0.4 only"),
        ("0123", "postroom-service@example.org:secret", "warning", "accepted from every address"),
        ("012", "API_of-another-form", "ok", "our key is accepted from 10.0.0.2 only"),
        ("0123", "API_of-another-form", "warning", "not checked"),
        ("012", SECRET, "warning", "not checked"),
    ],
)
def test_addresses_are_those_of_the_credential_in_use(places: str, secret: str, state: str, words: str) -> None:
    found = of_credential(credential_of(account(*places), secret))
    assert (found.state, words in found.details, bool(found.fix)) == (state, True, state != "ok")


@pytest.mark.parametrize(
    ("seen", "hosts", "words"),
    [
        (["10.0.0.7"], [], None),
        (["10.0.0.7"], ["10.0.0.8", "10.0.0.7"], None),
        (["10.0.0.7"], ["10.0.0.0/24"], None),
        ([], ["10.0.0.8"], None),
        (["10.0.0.7"], ["10.0.0.8", "fd00::7"], "10.0.0.7"),
        (["10.0.0.0/24"], ["10.0.0.7"], "10.0.0.0/24"),
    ],
)
def test_setup_warns_if_this_host_is_not_among_those_from_which_the_key_is_accepted(
    seen: list[str], hosts: list[str], words: str | None
) -> None:
    step = left_out([ip_network(each) for each in seen], [ip_network(each) for each in hosts])
    assert (step and (step.state, f"as {words}," in step.details, f"--allowed-ip {words}," in step.fix)) == (
        words and ("warning", True, True)
    )
