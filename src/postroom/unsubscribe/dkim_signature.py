"""A DKIM signature as a message states it (RFC 6376 §3.5). Whether it is valid is for the mail server to say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from postroom.unsubscribe.authentication_results import Finding

_WHITESPACE = re.compile(r"\s+")
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class DkimSignature:
    """`signed`: names of the signed header fields, in lower case."""

    domain: str
    selector: str
    identity: str
    signature: str
    signed: frozenset[str]

    def may_be(self, finding: Finding) -> bool:
        """Whether a finding can be about this signature: as far as it says which one it means."""
        stated = finding.properties
        return (
            ("header.d" in stated or "header.i" in stated)
            and _is_stated(stated, "header.d", self.domain)
            and _is_stated(stated, "header.i", self.identity)
            and _is_stated(stated, "header.s", self.selector)
            # RFC 6008 §4: its beginning, in which case counts.
            and self.signature.startswith(stated.get("header.b", "").rstrip("="))
        )


def _is_stated(stated: Mapping[str, str], name: str, value: str) -> bool:
    return stated.get(name, value).lower() == value


def signature_of(header: str) -> DkimSignature | None:
    """None if it is malformed."""
    if len(header) > _LONGEST:
        return None
    pairs = [(name.strip(), value.strip()) for name, _, value in (each.partition("=") for each in header.split(";"))]
    if pairs and pairs[-1] == ("", ""):
        pairs.pop()
    tags = dict(pairs)
    if len(tags) != len(pairs) or not all(tags.get(each) for each in ("d", "s", "b", "h")):
        return None  # §3.2: duplicates make the list invalid
    domain = tags["d"].lower()
    signed = frozenset(name.strip().lower() for name in tags["h"].split(":"))
    identity = (tags.get("i") or f"@{domain}").lower()
    return DkimSignature(domain, tags["s"].lower(), identity, _WHITESPACE.sub("", tags["b"]), signed)
