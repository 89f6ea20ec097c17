"""The servers that mail programs connect to: IMAP to read, submission (SMTP) to send, both over TLS from the start."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from postroom.domain.address import normalise_domain
from postroom.errors import ConfigurationError, Refused

IMAPS = 993
SUBMISSIONS = 465
"""RFC 8314 §3.2, §3.3: implicit TLS, which an attacker on the network cannot downgrade."""


@dataclass(frozen=True, slots=True)
class Server:
    """`host` is a host name in ASCII, or an IP address."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class MailServers:
    imap: Server
    submission: Server


def mail_servers(stalwart_url: str, imap: str | None, submission: str | None) -> MailServers:
    """`imap` and `submission` are `host:port` or `host`; the default is the mail server's host.

    Raises `ConfigurationError`.
    """
    host = urlsplit(stalwart_url).hostname
    if host is None:
        raise ConfigurationError("POSTROOM_STALWART_URL: no host in it")
    default = f"[{host}]" if ":" in host else host
    return MailServers(
        _server(imap or default, IMAPS, "POSTROOM_IMAP_SERVER"),
        _server(submission or default, SUBMISSIONS, "POSTROOM_SUBMISSION_SERVER"),
    )


def _server(text: str, default_port: int, setting: str) -> Server:
    try:
        parts = urlsplit(f"//{text.strip()}")
        port = parts.port or default_port
    except ValueError:
        raise _wrong(text, setting) from None
    if not parts.hostname or parts.netloc != text.strip() or parts.username is not None:
        raise _wrong(text, setting)
    return Server(_host(parts.hostname, text, setting), port)


def _host(host: str, text: str, setting: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        if host == "localhost":
            return host
    try:
        return normalise_domain(host)
    except Refused:
        raise _wrong(text, setting) from None


def _wrong(text: str, setting: str) -> ConfigurationError:
    return ConfigurationError(f"{setting}: {text[:80]!r} is not host:port, such as mail.example.org:993")
