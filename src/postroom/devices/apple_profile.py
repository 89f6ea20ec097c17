"""A configuration profile for Apple's devices: a payload `com.apple.mail.managed`.

Keys: https://developer.apple.com/documentation/devicemanagement/mail
"""

import plistlib
from uuid import NAMESPACE_URL, uuid5

from postroom.devices.servers import MailServers, Server
from postroom.mailboxes.ports import MailAccount

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:postroom:apple-profile")


def apple_profile(account: MailAccount, servers: MailServers) -> bytes:
    """An XML property list, unsigned and without a password, for which the device prompts."""
    _, _, domain = account.email.rpartition("@")
    identifier = f"{'.'.join(reversed(domain.split('.')))}.postroom.{account.identity_id}"
    return plistlib.dumps(
        {
            **_payload("Configuration", identifier, f"Mail for {account.email}"),
            "PayloadDescription": f"Sets up {account.email}. The password is one that you made for this device.",
            "PayloadOrganization": domain,
            "PayloadRemovalDisallowed": False,
            "PayloadContent": [
                {
                    **_payload("com.apple.mail.managed", f"{identifier}.mail", account.email),
                    "EmailAccountType": "EmailTypeIMAP",
                    "EmailAccountDescription": account.email,
                    "EmailAddress": account.email,
                    **_server("Incoming", servers.imap, account.email),
                    **_server("Outgoing", servers.submission, account.email),
                    "OutgoingPasswordSameAsIncomingPassword": True,
                }
            ],
        }
    )


def _payload(kind: str, identifier: str, name: str) -> dict[str, object]:
    return {
        "PayloadType": kind,
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        # The same in each download, so that a device replaces the account instead of adding a second one.
        "PayloadUUID": str(uuid5(_NAMESPACE, identifier)).upper(),
        "PayloadDisplayName": name,
    }


def _server(direction: str, server: Server, username: str) -> dict[str, object]:
    values: dict[str, object] = {
        "Authentication": "EmailAuthPassword",
        "HostName": server.host,
        "PortNumber": server.port,
        "UseSSL": True,
        "Username": username,
    }
    return {f"{direction}MailServer{name}": value for name, value in values.items()}
