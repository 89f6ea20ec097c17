"""The autoconfig file that mail programs (Thunderbird, Evolution, KMail, …) request for the domain of an address.

Format: version 1.1, as in https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat and
draft-ietf-mailmaint-autoconfig.
"""

from xml.etree.ElementTree import Element, SubElement, tostring

from postroom.devices.servers import MailServers, Server


def autoconfig(domain: str, servers: MailServers) -> bytes:
    """The same file for all addresses in `domain`, with a placeholder for the address: it must not show who exists."""
    root = Element("clientConfig", version="1.1")
    provider = SubElement(root, "emailProvider", id=domain)
    SubElement(provider, "domain").text = domain
    SubElement(provider, "displayName").text = domain
    SubElement(provider, "displayShortName").text = domain
    _add(provider, "incomingServer", "imap", servers.imap)
    _add(provider, "outgoingServer", "smtp", servers.submission)
    return tostring(root, encoding="utf-8", xml_declaration=True)


def _add(provider: Element, direction: str, kind: str, server: Server) -> None:
    element = SubElement(provider, direction, type=kind)
    values = {
        "hostname": server.host,
        "port": str(server.port),
        "socketType": "SSL",  # TLS from the start, not STARTTLS
        "authentication": "password-cleartext",  # inside TLS
        "username": "%EMAILADDRESS%",
    }
    for name, value in values.items():
        SubElement(element, name).text = value
