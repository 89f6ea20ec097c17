"""Runs all checks, one after another."""

from collections.abc import Collection
from contextlib import aclosing

from postroom.checks.allowed_ip import allowed_ip
from postroom.checks.authserv_id import authserv_id
from postroom.checks.database import database
from postroom.checks.finding import Finding, Findings
from postroom.checks.kratos import kratos_admin, kratos_public
from postroom.checks.kratos_flows import kratos_flows
from postroom.checks.mail import mail
from postroom.checks.mail_master import mail_master
from postroom.checks.mail_server import mail_server, of_problem
from postroom.checks.oauth import oauth
from postroom.checks.realtime import realtime
from postroom.checks.redis import redis
from postroom.checks.settings import OF_MAIL, OF_MAIL_SERVER, OF_MARKS, settings_in_use
from postroom.checks.upload_quota import upload_quota_of_people
from postroom.checks.webhook import webhook
from postroom.composition.parts import Parts
from postroom.errors import MailServerError
from postroom.settings.mail_configuration import missing_for_mail
from postroom.stalwart.registry_client import StalwartClient


async def run_checks(
    parts: Parts,
    *,
    of_mail: bool = False,
    administrator: StalwartClient | None = None,
    wrong: Collection[str] = (),
) -> list[Finding]:
    """All findings; an unavailable server is one of them. `of_mail`: also check mail for people, for which the master
    account logs in. `administrator` reads what our key may not. Checks that need one of the `wrong` settings are left
    out."""
    found = [] if wrong else settings_in_use(parts.settings)
    if "database_url" not in wrong:
        found += await _all(database(parts, with_marks=not OF_MARKS & set(wrong)))
    if "redis_url" not in wrong:
        found.append(await redis(parts))
    problem: MailServerError | None = None
    if not OF_MAIL_SERVER & set(wrong):
        problem = await parts.mail_server.health_check()
        # After a refusal nothing more is requested: each refusal counts towards a ban of this host.
        found += [of_problem(problem, parts.settings.stalwart_url)] if problem else await _all(mail_server(parts))
    for name, check in {"kratos_public_url": kratos_public, "kratos_admin_url": kratos_admin}.items():
        if name not in wrong:
            found.append(await check(parts.settings))
    if of_mail and not OF_MAIL & set(wrong):
        found += mail(parts.settings)
        if not missing_for_mail(parts.settings):
            found += [] if problem else await _of_healthy_mail_server(parts, administrator)
            found += await realtime(parts.settings)
            found += await kratos_flows(parts.settings)
    return found


async def _of_healthy_mail_server(parts: Parts, administrator: StalwartClient | None) -> list[Finding]:
    """What mail for people needs of the mail server."""
    checks = (allowed_ip, webhook, oauth, upload_quota_of_people, authserv_id)
    found = [await mail_master(parts), *[await check(parts, administrator) for check in checks]]
    return [each for each in found if each]


async def _all(findings: Findings) -> list[Finding]:
    async with aclosing(findings):
        return [finding async for finding in findings]
