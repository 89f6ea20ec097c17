"""Stalwart as Postroom's key sees it: what the key may do, and the domains."""

from postroom.errors import MailServerError, Misconfigured
from postroom.examination.finding import Finding, Findings
from postroom.mail_parts import missing_for_mail
from postroom.runtime import Parts
from postroom.settings import Settings
from postroom.stalwart.answers import Busy, WrongGeneration
from postroom.stalwart.permissions import permissions

FIX = (
    "see whether Stalwart runs, and has not banned this host (x:BlockedIp); else correct POSTROOM_STALWART_URL and "
    "POSTROOM_STALWART_API_KEY"
)
DEADLINE = 5.0

NEEDED = frozenset(
    {
        "authenticate",
        "sysAccountCreate",
        "sysAccountGet",
        "sysAccountQuery",
        "sysAccountUpdate",
        "sysDomainGet",
        "sysDomainQuery",
    }
)
"""What a provisioning key must hold itself."""

GRANTED = frozenset({"emailReceive", "emailSend", "jmapEmailGet", "jmapEmailQuery", "jmapMailboxGet"})
"""Some of the 244 permissions of the role User: who makes an account must hold what it grants."""

FOR_APP_PASSWORDS = frozenset({"impersonate", "sysAppPasswordGet", "sysAppPasswordCreate", "sysAppPasswordDestroy"})
"""What it must hold besides, where Postroom makes an app password for each person."""

DANGEROUS = frozenset(
    {
        "impersonate",
        "sysAccountDestroy",
        "sysDomainDestroy",
        "sysRoleCreate",
        "sysRoleUpdate",
        "sysWebHookCreate",
        "sysWebHookUpdate",
    }
)
"""What a provisioning key should not hold: it could read mail, erase it, have itself told of it, or give itself
more."""


async def mail_server(parts: Parts) -> Findings:
    """For a server that is well."""
    try:
        held = await permissions(parts.stalwart, deadline=DEADLINE)
    except (MailServerError, Busy, WrongGeneration) as error:
        yield Finding("mail server", "wrong", f"does not tell our permissions: {error}", FIX)
    else:
        yield of_key(held, with_app_passwords=works_by_app_passwords(parts.settings))
    async for finding in _domains(parts):
        yield finding


def works_by_app_passwords(settings: Settings) -> bool:
    """Whether Postroom's own key makes the app passwords."""
    return not missing_for_mail(settings) and not settings.mail_master


def of_key(held: frozenset[str], *, with_app_passwords: bool) -> Finding:
    """What to say of a key that may do this."""
    more = FOR_APP_PASSWORDS if with_app_passwords else frozenset[str]()
    if missing := sorted((NEEDED | GRANTED) - held):
        return Finding(
            "mail server",
            "wrong",
            f"our key lacks {', '.join(missing)}",
            "give its role the seven permissions and all of the role User (docs/how-to/production.md)",
        )
    if missing := sorted(more - held):
        return Finding(
            "mail server",
            "wrong",
            f"our key lacks {', '.join(missing)}: it cannot make the app passwords by which Postroom acts for people",
            "give them to its role, or set POSTROOM_MAIL_MASTER (docs/how-to/connect-a-device.md)",
        )
    if dangerous := sorted(DANGEROUS - more & held):
        return Finding(
            "mail server",
            "warning",
            f"our key may more than it needs: {', '.join(dangerous)}",
            "make a key of least privilege (docs/how-to/production.md)",
        )
    return Finding("mail server", "fine", f"Stalwart, registry; our key holds {len(held)} permissions")


async def _domains(parts: Parts) -> Findings:
    for domain in dict.fromkeys((*parts.settings.domains, parts.settings.mark_domain)):
        try:
            await parts.mail_server.domain_id(domain, deadline=DEADLINE)
        except (MailServerError, Busy, WrongGeneration) as error:
            yield Finding(
                f"domain {domain}",
                "wrong",
                str(error),
                f"add {domain} to Stalwart, or take it out of POSTROOM_DOMAINS"
                if isinstance(error, Misconfigured) and error.domain
                else "mend the mail server first",
            )
        else:
            yield Finding(f"domain {domain}", "fine", "known to the mail server")
