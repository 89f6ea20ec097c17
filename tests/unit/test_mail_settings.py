"""The settings for mail programs: servers, QR code, autoconfig, Apple's profile."""

import json
import plistlib
from dataclasses import replace
from uuid import UUID
from xml.etree import ElementTree

import pytest

from postroom.devices.apple_profile import apple_profile
from postroom.devices.autoconfig import autoconfig
from postroom.devices.servers import MailServers, Server, mail_servers
from postroom.devices.transfer_code import transfer_code, transfer_payload
from postroom.errors import ConfigurationError
from postroom.mailboxes.ports import MailAccount

SERVERS = MailServers(Server("imap.example.org", 993), Server("smtp.example.org", 465))
ALICE = MailAccount(UUID("8b9e4c7a-c3d6-4dae-a06a-acb8a03ece9a"), "alice@example.org", "bv")


@pytest.mark.parametrize(
    ("stalwart_url", "imap", "submission", "expected"),
    [
        ("https://mail.example.org", None, None, ("mail.example.org:993", "mail.example.org:465")),
        ("http://127.0.0.1:8080", None, None, ("127.0.0.1:993", "127.0.0.1:465")),
        ("http://[::1]:8080", None, None, ("::1:993", "::1:465")),
        ("http://localhost:1", "imap.example.org", None, ("imap.example.org:993", "localhost:465")),
        (
            "http://stalwart.internal",
            "I.example.org:1993",
            "[2001:db8::1]:25",
            ("i.example.org:1993", "2001:db8::1:25"),
        ),
        ("http://a.test", "bücher.test:993", " b.test ", ("xn--bcher-kva.test:993", "b.test:465")),
    ],
)
def test_mail_settings_name_the_configured_servers_or_the_mail_server_host(
    stalwart_url: str, imap: str | None, submission: str | None, expected: tuple[str, str]
) -> None:
    servers = mail_servers(stalwart_url, imap, submission)
    assert tuple(f"{server.host}:{server.port}" for server in (servers.imap, servers.submission)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "imaps://a.test",
        "a.test:0x1",
        "a.test:70000",
        ":993",
        "a b.test",
        "me@a.test:993",
        "a.test/x",
        "a.test?x",
        "nodot",
    ],
)
def test_an_invalid_server_is_reported_by_the_name_of_its_setting(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^POSTROOM_IMAP_SERVER: "):
        mail_servers("http://a.test", text, None)
    with pytest.raises(ConfigurationError, match=r"^POSTROOM_SUBMISSION_SERVER: "):
        mail_servers("http://a.test", None, text)


def test_qr_code_content_is_as_thunderbird_specifies_for_one_imap_account() -> None:
    assert json.loads(transfer_payload("user@domain.example", SERVERS)) == [
        1,
        [1, 1],
        [0, "imap.example.org", 993, 3, 1, "user@domain.example"],
        [[[0, "smtp.example.org", 465, 3, 1, "user@domain.example"], ["user@domain.example", ""]]],
    ]


def test_qr_code_password_is_where_thunderbird_specifies_it() -> None:
    _, _, incoming, [[outgoing, _]] = json.loads(transfer_payload("user@domain.example", SERVERS, "app_x"))
    assert (incoming[6:], outgoing[6:]) == (["", "app_x"], ["app_x"])


@pytest.mark.parametrize("email", ["a@b.org", f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.org"])
def test_qr_code_is_an_svg_that_fits_the_longest_address(email: str) -> None:
    drawn = ElementTree.fromstring(transfer_code(email, SERVERS, "app_" + "x" * 36))  # noqa: S314 - ours
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"


def test_autoconfig_file_contains_the_servers_and_a_user_name_placeholder() -> None:
    file = autoconfig("example.org", SERVERS)
    assert file.startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    root = ElementTree.fromstring(file)  # noqa: S314 - ours
    assert (root.tag, root.attrib) == ("clientConfig", {"version": "1.1"})
    found = {
        server.tag: (server.get("type"), *(server.findtext(name) for name in ("hostname", "port", "socketType")))
        for server in root.iterfind("emailProvider/*[hostname]")
    }
    assert found == {
        "incomingServer": ("imap", "imap.example.org", "993", "SSL"),
        "outgoingServer": ("smtp", "smtp.example.org", "465", "SSL"),
    }
    assert {each.text for each in root.iter("username")} == {"%EMAILADDRESS%"}
    assert {each.text for each in root.iter("authentication")} == {"password-cleartext"}
    assert [each.text for each in root.iter("domain")] == ["example.org"]


def test_apple_profile_sets_up_one_account_without_a_password() -> None:
    profile = plistlib.loads(apple_profile(ALICE, SERVERS))
    (mail,) = profile["PayloadContent"]
    uuids = [each.pop("PayloadUUID") for each in (profile, mail)]
    assert [str(UUID(each)).upper() for each in uuids] == uuids
    assert profile == {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"org.example.postroom.{ALICE.identity_id}",
        "PayloadDisplayName": "Mail for alice@example.org",
        "PayloadDescription": "Sets up alice@example.org. The password is one that you made for this device.",
        "PayloadOrganization": "example.org",
        "PayloadRemovalDisallowed": False,
        "PayloadContent": [mail],
    }
    assert mail == {
        "PayloadType": "com.apple.mail.managed",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"org.example.postroom.{ALICE.identity_id}.mail",
        "PayloadDisplayName": "alice@example.org",
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAccountDescription": "alice@example.org",
        "EmailAddress": "alice@example.org",
        "IncomingMailServerAuthentication": "EmailAuthPassword",
        "IncomingMailServerHostName": "imap.example.org",
        "IncomingMailServerPortNumber": 993,
        "IncomingMailServerUseSSL": True,
        "IncomingMailServerUsername": "alice@example.org",
        "OutgoingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingMailServerHostName": "smtp.example.org",
        "OutgoingMailServerPortNumber": 465,
        "OutgoingMailServerUseSSL": True,
        "OutgoingMailServerUsername": "alice@example.org",
        "OutgoingPasswordSameAsIncomingPassword": True,
    }


def test_new_apple_profile_replaces_only_the_earlier_one_of_the_same_person() -> None:
    def uuids(account: MailAccount) -> list[str]:
        profile = plistlib.loads(apple_profile(account, SERVERS))
        return [profile["PayloadUUID"], profile["PayloadContent"][0]["PayloadUUID"]]

    assert uuids(ALICE) == uuids(replace(ALICE, account_id="bw"))
    assert len({*uuids(ALICE), *uuids(replace(ALICE, identity_id=UUID(int=1)))}) == 4
