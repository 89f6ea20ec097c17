"""Checks Stalwart: whether it can be reached, the permissions of Postroom's key, and the domains."""

from postroom.checks.finding import Finding, Findings, joined
from postroom.checks.key_addresses import key_addresses
from postroom.checks.reachability import fix_of, place_of
from postroom.composition.parts import Parts
from postroom.domain.mailbox import ProbeMailbox
from postroom.errors import MailServerError, Misconfigured, Throttled
from postroom.http.network_trouble import Kind, causes, trouble_of
from postroom.jmap.errors import HttpError, Unreadable
from postroom.settings.mail_configuration import missing_for_mail
from postroom.settings.settings import Settings
from postroom.stalwart.error_mapping import Busy, WrongGeneration
from postroom.stalwart.health_check import NotWritten
from postroom.stalwart.permissions import PROVISIONING, ROLE_USER, UNREPORTED, permissions

SETTING = "POSTROOM_STALWART_URL"
SET_UP = "run postroom setup stalwart --admin LOGIN"
BANNED = "see whether Stalwart has banned this host (x:BlockedIp)"
DEADLINE = 5.0

GRANTED = ROLE_USER - UNREPORTED
"""Permissions that the key needs because it gives them to mailboxes, as far as Stalwart reports them."""

FOR_APP_PASSWORDS = frozenset({"impersonate"})
"""Permissions that it needs if Postroom makes an app password for each person."""

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
"""Permissions that the key should not have: with them it could read, delete or receive mail, or give itself more."""


def of_problem(problem: MailServerError, url: str) -> Finding:
    """The finding for a server that is not healthy, or whose health is unknown."""
    place = place_of(url)
    if isinstance(problem, Throttled):
        return Finding("mail server", "warning", f"not checked at {place}: {problem}", "check again in a minute")
    if trouble := trouble_of(problem):
        fix = fix_of(trouble, "Stalwart", SETTING)
        if trouble.kind in (Kind.TIME_OUT, Kind.BROKEN_OFF):
            fix = f"{BANNED}; else {fix}"
        return Finding("mail server", "error", f"{place} cannot be reached: {trouble}", fix)
    return Finding("mail server", "error", f"{place}: {problem}", problem.fix or _fix_of(problem))


def _fix_of(problem: MailServerError) -> str:
    """The fix by the server's response, if there was one."""
    for cause in causes(problem):
        if isinstance(cause, Unreadable):
            return f"correct {SETTING}: what answers there is not Stalwart"
        if isinstance(cause, HttpError) and cause.status >= 500:
            return "see the log of Stalwart"
    return f"{BANNED}; else see its log, or correct {SETTING}"


async def mail_server(parts: Parts) -> Findings:
    """The findings for a healthy server."""
    url = parts.settings.stalwart_url
    try:
        not_written = await parts.mail_server.check_health(deadline=DEADLINE)
        held = await parts.mail_server.within(DEADLINE, lambda left: permissions(parts.stalwart, deadline=left))
    except MailServerError as error:
        yield of_problem(error, url)
    else:
        has_account = not_written is None or not_written.has_account
        yield of_key(held, url, has_account=has_account, with_app_passwords=works_by_app_passwords(parts.settings))
        if has_account:
            yield await key_addresses(parts)
        yield of_write(not_written)
        yield of_create(await parts.mail_server.create_probe(), parts.settings.mark_domain)
    async for finding in _domains(parts):
        yield finding


def works_by_app_passwords(settings: Settings) -> bool:
    """Whether Postroom's own key makes the app passwords."""
    return not missing_for_mail(settings) and not settings.mail_master


def of_key(held: frozenset[str], url: str, *, has_account: bool, with_app_passwords: bool) -> Finding:
    """The finding for a key with these permissions. Without an account it is the login of the recovery administrator,
    which may grant every permission, though Stalwart does not list them."""
    more = FOR_APP_PASSWORDS if with_app_passwords else frozenset[str]()
    if missing := lacking(held, of_role=has_account):
        return Finding(
            "mail server",
            "error",
            f"our key lacks {joined(missing)}",
            f"add these permissions to its role, or {SET_UP}",
        )
    if missing := sorted(more - held):
        return Finding(
            "mail server",
            "error",
            f"our key lacks {', '.join(missing)}: it cannot make the app passwords by which Postroom acts for people",
            "add these permissions to its role, or set POSTROOM_MAIL_MASTER",
        )
    if dangerous := sorted(DANGEROUS - more & held):
        return Finding(
            "mail server",
            "warning",
            f"our key holds more than it needs: {', '.join(dangerous)}",
            f"remove these permissions from its role, or {SET_UP} for a key of its own",
        )
    return Finding("mail server", "ok", f"Stalwart at {place_of(url)}; our key holds {len(held)} permissions")


def lacking(held: frozenset[str], *, of_role: bool) -> list[str]:
    """The permissions that a key lacks; `of_role`: also those that it gives to mailboxes."""
    missing = sorted(PROVISIONING - held)
    handed_out = GRANTED - PROVISIONING
    if of_role and not held & handed_out:
        return [*missing, "all of the role User"]
    return [*missing, *sorted(handed_out - held)] if of_role else missing


def of_write(not_written: NotWritten | None) -> Finding:
    """The finding for a healthy server, by the reason why it counts as healthy."""
    part = "mail server write"
    if not_written is None:
        return Finding(
            part, "ok", "writes are tested with our key's account: a server that takes no write counts as unavailable"
        )
    return Finding(
        part,
        "error" if not_written.has_account else "warning",
        f"nobody notices if the server refuses writes, and requests would become dead letters: {not_written.why}",
        f"{SET_UP}: it creates an account for the key, with a role that may do this",
    )


def of_create(problem: MailServerError | None, mark_domain: str) -> Finding:
    """The finding for a healthy server, by the result of the create probe."""
    part = "mail server create"
    match problem:
        case None:
            return Finding(part, "ok", f"mailboxes can be made: {ProbeMailbox(mark_domain).email} is ours, keep it")
        case Throttled():
            return Finding(part, "warning", f"not checked: {problem}", "check again in a minute")
        case _:
            fix = problem.fix or f"fix what it names, update Postroom, or {SET_UP}"
            return Finding(part, "error", f"no mailbox can be made for anybody: {problem}", fix)


async def _domains(parts: Parts) -> Findings:
    for domain in dict.fromkeys((*parts.settings.domains, parts.settings.mark_domain)):
        try:
            await parts.mail_server.domain_id(domain, deadline=DEADLINE)
        except (MailServerError, Busy, WrongGeneration) as error:
            yield Finding(
                f"domain {domain}",
                "error",
                str(error),
                f"add {domain} to Stalwart, or remove it from POSTROOM_DOMAINS"
                if isinstance(error, Misconfigured) and error.domain
                else "fix the mail server first",
            )
        else:
            yield Finding(f"domain {domain}", "ok", "the mail server has it")
