"""All parts, one after the other."""

from contextlib import aclosing

from postroom.checks.allowed_ip import allowed_ip
from postroom.checks.finding import Finding, Findings
from postroom.checks.kratos import kratos
from postroom.checks.mail import mail
from postroom.checks.mail_master import mail_master
from postroom.checks.mail_server import mail_server, of_problem
from postroom.checks.oauth import oauth
from postroom.checks.realtime import realtime
from postroom.checks.stores import database, redis
from postroom.checks.upload_quota import upload_quota_of_people
from postroom.checks.web_hook import web_hook
from postroom.composition.parts import Parts
from postroom.mail_configuration import missing_for_mail
from postroom.settings import Settings
from postroom.stalwart.registry_client import StalwartClient


async def run_checks(
    parts: Parts, *, of_mail: bool = False, administrator: StalwartClient | None = None
) -> list[Finding]:
    """All findings; a part that is away is one of them. `of_mail`: those of mail for people, too, for which the master
    account logs in. `administrator` looks where our key may not."""
    found = [_of_settings(parts.settings), *await _all(database(parts)), *await _all(redis(parts))]
    problem = await parts.mail_server.health_check()
    # Whoever is not known there is not asked further: each refusal counts towards a ban of this host.
    found += [of_problem(problem)] if problem else await _all(mail_server(parts))
    found += await kratos(parts.settings)
    if of_mail:
        found += mail(parts.settings)
        if not missing_for_mail(parts.settings):
            found += [] if problem else await _of_mail_server(parts, administrator)
            found += await realtime(parts.settings)
    return found


async def _of_mail_server(parts: Parts, administrator: StalwartClient | None) -> list[Finding]:
    """What mail for people needs of a mail server that is well."""
    looks = (allowed_ip, web_hook, oauth, upload_quota_of_people)
    asked = [await mail_master(parts), *[await look(parts, administrator) for look in looks]]
    return [each for each in asked if each]


async def _all(findings: Findings) -> list[Finding]:
    async with aclosing(findings):
        return [finding async for finding in findings]


def _of_settings(settings: Settings) -> Finding:
    if settings.delay_factor != 1:
        return Finding(
            "settings",
            "warning",
            f"delays are multiplied by {settings.delay_factor}",
            "unset POSTROOM_DELAY_FACTOR in production",
        )
    return Finding("settings", "ok", f"domains {', '.join(settings.domains)}; marks in {settings.mark_domain}")
