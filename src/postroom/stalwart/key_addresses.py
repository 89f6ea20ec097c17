"""The addresses from which Stalwart accepts our key: `allowedIps` of its credential."""

from collections.abc import Iterable

from postroom.stalwart.api_keys import id_of
from postroom.stalwart.own_accounts import Credential, OwnAccount

PART = "API key addresses"
ANYWHERE = "accepted from every address: whoever has a copy can set anybody's password at Stalwart"


def accepted(addresses: Iterable[str]) -> str:
    """For people. No addresses mean all."""
    listed = ", ".join(sorted(addresses))
    return f"accepted from {listed} only" if listed else ANYWHERE


def credential_of(account: OwnAccount, secret: str) -> Credential | None:
    """The credential that the secret belongs to: an API key, or the password if it is `login:password`. A key that does
    not tell its id is the only one. None if that is unknown."""
    kind, number = ("Password", None) if ":" in secret else ("ApiKey", id_of(secret))
    found = [each for each in account.credentials.values() if each.kind == kind and number in (None, each.id)]
    return found[0] if len(found) == 1 else None
