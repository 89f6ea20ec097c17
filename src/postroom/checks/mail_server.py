"""Stalwart as Postroom's key sees it: what the key may do, and the domains."""

from postroom.checks.finding import Finding, Findings, joined
from postroom.composition.parts import Parts
from postroom.errors import MailServerError, Misconfigured, Throttled
from postroom.mail_configuration import missing_for_mail
from postroom.settings import Settings
from postroom.stalwart.error_mapping import Busy, WrongGeneration
from postroom.stalwart.health_check import NotWritten
from postroom.stalwart.permissions import ROLE_USER, UNREPORTED, permissions

FIX = (
    "see whether Stalwart runs, and has not banned this host (x:BlockedIp); else correct POSTROOM_STALWART_URL and "
    "POSTROOM_STALWART_API_KEY"
)
HOW_TO = "docs/how-to/production.md"
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

GRANTED = ROLE_USER - UNREPORTED
"""What it must hold as well, because it hands it out, as far as Stalwart tells."""

FOR_APP_PASSWORDS = frozenset({"impersonate"})
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


def of_problem(problem: MailServerError) -> Finding:
    """What to say of a server that is not well, or does not say."""
    if isinstance(problem, Throttled):
        return Finding("mail server", "warning", f"not looked at: {problem}", "look again in a minute")
    return Finding("mail server", "error", str(problem), FIX)


async def mail_server(parts: Parts) -> Findings:
    """For a server that is well."""
    try:
        not_written = await parts.mail_server.check_health(deadline=DEADLINE)
        held = await parts.mail_server.within(DEADLINE, lambda left: permissions(parts.stalwart, deadline=left))
    except MailServerError as error:
        yield Finding("mail server", "error", f"does not tell what our key may do: {error}", FIX)
    else:
        has_account = not_written is None or not_written.has_account
        yield of_key(held, has_account=has_account, with_app_passwords=works_by_app_passwords(parts.settings))
        yield of_write(not_written)
    async for finding in _domains(parts):
        yield finding


def works_by_app_passwords(settings: Settings) -> bool:
    """Whether Postroom's own key makes the app passwords."""
    return not missing_for_mail(settings) and not settings.mail_master


def of_key(held: frozenset[str], *, has_account: bool, with_app_passwords: bool) -> Finding:
    """What to say of a key that may do this. Who has no account is the recovery administrator: he may hand out
    everything, and is not told so."""
    more = FOR_APP_PASSWORDS if with_app_passwords else frozenset[str]()
    if missing := lacking(held, of_role=has_account):
        return Finding(
            "mail server",
            "error",
            f"our key lacks {joined(missing)}",
            f"give its role all that deploy/stalwart/role.json lists ({HOW_TO})",
        )
    if missing := sorted(more - held):
        return Finding(
            "mail server",
            "error",
            f"our key lacks {', '.join(missing)}: it cannot make the app passwords by which Postroom acts for people",
            "give them to its role, or set POSTROOM_MAIL_MASTER (docs/how-to/connect-a-device.md)",
        )
    if dangerous := sorted(DANGEROUS - more & held):
        return Finding(
            "mail server",
            "warning",
            f"our key may more than it needs: {', '.join(dangerous)}",
            f"make a key of least privilege ({HOW_TO})",
        )
    return Finding("mail server", "ok", f"Stalwart, registry; our key holds {len(held)} permissions")


def lacking(held: frozenset[str], *, of_role: bool) -> list[str]:
    """By name, what a key must hold and does not; `of_role`: also what it hands out."""
    missing = sorted(NEEDED - held)
    handed_out = GRANTED - NEEDED
    if of_role and not held & handed_out:
        return [*missing, "all of the role User"]
    return [*missing, *sorted(handed_out - held)] if of_role else missing


def of_write(not_written: NotWritten | None) -> Finding:
    """What to say of a server that is well, by how it was seen to be."""
    part = "mail server write"
    if not_written is None:
        return Finding(part, "ok", "writes to the account of our key: a server that takes no write buries nobody")
    return Finding(
        part,
        "error" if not_written.has_account else "warning",
        f"a server that takes no write is not noticed, and requests fail for good meanwhile: {not_written.why}",
        f"make a key of an account of its own, with all that deploy/stalwart/role.json lists ({HOW_TO})",
    )


async def _domains(parts: Parts) -> Findings:
    for domain in dict.fromkeys((*parts.settings.domains, parts.settings.mark_domain)):
        try:
            await parts.mail_server.domain_id(domain, deadline=DEADLINE)
        except (MailServerError, Busy, WrongGeneration) as error:
            yield Finding(
                f"domain {domain}",
                "error",
                str(error),
                f"add {domain} to Stalwart, or take it out of POSTROOM_DOMAINS"
                if isinstance(error, Misconfigured) and error.domain
                else "mend the mail server first",
            )
        else:
            yield Finding(f"domain {domain}", "ok", "known to the mail server")
