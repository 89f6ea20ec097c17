"""Checks from which addresses Stalwart accepts our key. The key can read that itself: it is part of its account."""

from postroom.checks.finding import Finding
from postroom.composition.parts import Parts
from postroom.errors import MailServerError
from postroom.stalwart.key_addresses import PART, accepted, credential_of
from postroom.stalwart.own_accounts import Credential, OwnAccounts


async def key_addresses(parts: Parts) -> Finding:
    """For a key that belongs to an account."""
    try:
        account = await OwnAccounts(parts.stalwart, parts.mail_server).of_client()
    except MailServerError as error:
        return Finding(PART, "warning", f"not checked: {error}", error.fix or "fix the mail server first")
    secret = parts.settings.stalwart_api_key.get_secret_value()
    return of_credential(credential_of(account, secret) if account else None)


def of_credential(credential: Credential | None) -> Finding:
    """`credential`: None if Stalwart does not show ours."""
    if credential is None:
        fix = "look for allowedIps of that key at Stalwart"
        return Finding(PART, "warning", "not checked: Stalwart does not show our key among those of its account", fix)
    state = "ok" if credential.allowed_ips else "warning"
    fix = "" if credential.allowed_ips else "run postroom setup stalwart --admin LOGIN --allowed-ip IP, for each host"
    return Finding(PART, state, f"our key is {accepted(credential.allowed_ips)}", fix)
