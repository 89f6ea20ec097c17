"""Mail addresses that Postroom assigns.

Stalwart silently rewrites some local parts (`Dora Mixed` becomes `doramixed`) and accepts others that break
impersonation (`%`) or sub-addressing (`+`), or that imitate another address (look-alikes). So Postroom accepts only
addresses that Stalwart stores unchanged.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import idna

from postroom.domain.mailbox import MARK_PREFIX
from postroom.errors import Refused

MAX_LOCAL_PART = 64  # octets, RFC 5321 §4.5.3.1.1
MAX_ADDRESS = 254  # octets, RFC 5321 §4.5.3.1.3 less the angle brackets

RESERVED_NAMES = frozenset(
    # RFC 2142, then what attackers register to look official or to receive certificates.
    [
        "abuse",
        "noc",
        "security",
        "postmaster",
        "hostmaster",
        "usenet",
        "news",
        "webmaster",
        "www",
        "uucp",
        "ftp",
        "info",
        "marketing",
        "sales",
        "support",
        "admin",
        "administrator",
        "root",
        "sysadmin",
        "mailer-daemon",
        "daemon",
        "nobody",
        "noreply",
        "no-reply",
        "bounce",
        "bounces",
        "dmarc",
        "tls-rpt",
        "ssladmin",
        "ssl",
        "sslwebmaster",
        "sysop",
        "it",
        "host",
        "mail",
        "email",
        "smtp",
        "imap",
        "pop",
        "pop3",
        "autoconfig",
        "autodiscover",
        "mta-sts",
        "dns",
        "ns",
        "ipadmin",
        "owner",
        "staff",
        "system",
        "operator",
        "helpdesk",
        "help",
        "billing",
        "legal",
        "privacy",
    ]
)

NEVER_GIVEN = frozenset(
    # A person who reads the mail of one of the first five can get a certificate for the domain (CA/Browser Forum,
    # Baseline Requirements §3.2.2.4.4). Complaints go to `postmaster` (RFC 5321 §4.5.1) and `abuse` (RFC 2142), reports
    # of machines to `root`: the operator must receive them, not a person who has just registered.
    ["admin", "administrator", "hostmaster", "postmaster", "webmaster", "abuse", "root"]
)
"""Reserved names that no setting can release."""

_DOT_ATOM = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class Address:
    """A normalised address: lower case, the domain in its ASCII form (A-labels)."""

    local_part: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local_part}@{self.domain}"


def normalise_domain(raw: str) -> str:
    """The ASCII form of a domain name in lower case. Raises `Refused` for anything else."""
    text = raw.strip().rstrip(".")
    if len(text) > MAX_ADDRESS:  # before IDNA, whose work grows with the square of the length
        raise Refused("malformed_address", f"the domain is longer than {MAX_ADDRESS} characters")
    try:
        ascii_form = _a_labels(text)
    except idna.IDNAError as error:
        raise Refused("malformed_address", f"the domain {printable(raw)} is not a domain name") from error
    if "." not in ascii_form:
        raise Refused("malformed_address", f"the domain {printable(raw)} has no dot")
    return ascii_form


@lru_cache(maxsize=256)
def _a_labels(domain: str) -> str:
    # Cached: nearly all hooks name the same domains, and IDNA takes longer than all other checks of a hook.
    return idna.encode(domain, uts46=True).decode("ascii")


def normalise_address(raw: str) -> Address:
    """The form in which Postroom stores an address. Raises `Refused` for an address that it would never make."""
    text = raw.strip()
    local_part, at, domain = text.rpartition("@")
    if not at or not local_part or not domain:
        raise Refused("malformed_address", f"{printable(raw)} is not a mail address (name@domain)")
    # Before `lower`, which turns the KELVIN SIGN into an ASCII k: a person must get exactly the name they wrote.
    _check_local_part(local_part)
    local_part = local_part.lower()
    address = Address(local_part, normalise_domain(domain))
    if len(str(address)) > MAX_ADDRESS:
        raise Refused("malformed_address", f"the address is longer than {MAX_ADDRESS} characters")
    return address


def stored_form(raw: str) -> str:
    """The form in which this address would be stored, to look it up; of a text that is no address, the text."""
    try:
        return str(normalise_address(raw))
    except Refused:
        return raw.strip().lower()


def parse_address(raw: str, *, domains: Collection[str], reserved: Collection[str]) -> Address:
    """The normalised address that Postroom will make.

    `domains` are the served domains in ASCII form, `reserved` the local parts that are never assigned.
    Raises `Refused` with a sentence for the person who typed the address.
    """
    address = normalise_address(raw)
    if address.domain not in domains:
        raise Refused(
            "domain_not_served",
            f"the domain {address.domain} is not served here; served: {', '.join(sorted(domains))}",
        )
    if address.local_part in reserved:
        raise Refused("reserved_name", f"the name {address.local_part} is reserved; choose another one")
    if address.local_part.startswith(MARK_PREFIX):
        raise Refused("reserved_name", f"names that begin with {MARK_PREFIX} are reserved; choose another one")
    return address


def _check_local_part(local_part: str) -> None:
    if not local_part.isascii() or not _DOT_ATOM.fullmatch(local_part.lower()):
        raise Refused(
            "unsafe_local_part",
            f"the name {printable(local_part)} may hold only the letters a-z, digits, '-', '_' and single dots inside",
        )
    if len(local_part) > MAX_LOCAL_PART:
        raise Refused("unsafe_local_part", f"the name before the @ is longer than {MAX_LOCAL_PART} characters")


def printable(text: str) -> str:
    """`text` in quotes, shortened and escaped, so that an error cannot smuggle control characters into a log."""
    return ascii(text if len(text) <= 80 else text[:77] + "...")
