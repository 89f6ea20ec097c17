"""`postroom check`: every setting and part, looked at as an operator would, with the way to mend it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass
from typing import Literal

import httpx2
from psycopg.errors import UndefinedTable

from postroom.errors import MailServerError, Misconfigured, Unavailable
from postroom.postgres.audit import kept_mark_domain
from postroom.postgres.connection import row
from postroom.queue.retry_set import FAILURES, RetrySet
from postroom.runtime import Parts
from postroom.settings import Settings
from postroom.stalwart.answers import Busy, WrongGeneration

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

DANGEROUS = frozenset({"impersonate", "sysAccountDestroy", "sysDomainDestroy", "sysRoleCreate", "sysRoleUpdate"})
"""What a provisioning key should not hold: it could read mail, erase it, or give itself more."""

MONTHS_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Finding:
    part: str
    state: Literal["fine", "warning", "wrong"]
    detail: str
    fix: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


Findings = AsyncGenerator[Finding]


async def examine(parts: Parts) -> list[Finding]:
    """All findings; a part that is away is one of them."""
    found = [_of_settings(parts.settings)]
    checks: list[Callable[[Parts], Findings]] = [_database, _redis, _mail_server, _domains, _kratos]
    for check in checks:
        async with aclosing(check(parts)) as findings:
            found += [finding async for finding in findings]
    return found


def _of_settings(settings: Settings) -> Finding:
    if settings.delay_factor != 1:
        return Finding(
            "settings",
            "warning",
            f"delays are multiplied by {settings.delay_factor}",
            "unset POSTROOM_DELAY_FACTOR in production",
        )
    return Finding("settings", "fine", f"domains {', '.join(settings.domains)}; marks in {settings.mark_domain}")


async def _database(parts: Parts) -> Findings:
    try:
        facts = await row(parts.pool, "examine")
        counts = await parts.audit.counts()
        breaker = await parts.breakers.read()
        kept = await kept_mark_domain(parts.pool)
    except UndefinedTable:
        yield Finding("database", "wrong", "it has none of Postroom's tables, or old ones", "run postroom migrate")
        return
    except Unavailable as error:
        yield Finding("database", "wrong", str(error), "start PostgreSQL, or correct POSTROOM_DATABASE_URL")
        return
    assert facts is not None  # a SELECT without FROM always has a row
    yield Finding("database", "fine", f"PostgreSQL {facts['version']}, schema {facts['revision']}")
    if kept not in (None, parts.settings.mark_domain):
        yield Finding(
            "marks",
            "wrong",
            f"they were made in {kept}, but POSTROOM_MARK_DOMAIN says {parts.settings.mark_domain}",
            f"set POSTROOM_MARK_DOMAIN={kept}",
        )
    if breaker.open:
        yield Finding(
            "breaker",
            "warning",
            f"open ({breaker.cause}): {breaker.error}",
            "mend the mail server; then wait for the next probe, or run postroom resume",
        )
    if facts["may_change_log"]:
        yield Finding(
            "audit",
            "warning",
            f"the role {facts['role']} owns the log or may change it; only the triggers protect it",
            "give POSTROOM_DATABASE_URL a role of its own, POSTROOM_MIGRATE_DATABASE_URL the owner; postroom migrate",
        )
    if facts["fsync"] != "on" or facts["synchronous_commit"] == "off":
        yield Finding(
            "database",
            "wrong",
            f"fsync={facts['fsync']}, synchronous_commit={facts['synchronous_commit']}: commits can be lost",
            "set fsync=on and synchronous_commit=on",
        )
    if counts["log_months_ahead"] < MONTHS_AHEAD or counts["log_default_rows"]:
        yield Finding(
            "audit",
            "warning",
            f"partitions for {counts['log_months_ahead']:.0f} more months; "
            f"rows in the default one: {bool(counts['log_default_rows'])}",
            "run postroom migrate (it makes partitions for 24 months)",
        )


async def _redis(parts: Parts) -> Findings:
    if parts.redis is None:
        yield Finding("redis", "fine", "not configured: PostgreSQL alone reminds")
        return
    try:
        waiting = await RetrySet(parts.redis, lease=1).length()
    except FAILURES as error:
        yield Finding(
            "redis",
            "warning",
            f"does not answer ({type(error).__name__}); PostgreSQL takes over, nothing is lost",
            "start Redis, or correct POSTROOM_REDIS_URL",
        )
        return
    yield Finding("redis", "fine", f"{waiting} members wait in email:provisioning:retry")


async def _mail_server(parts: Parts) -> Findings:
    fix = "see whether Stalwart runs; if it does, correct POSTROOM_STALWART_URL and POSTROOM_STALWART_API_KEY"
    problem = await parts.mail_server.well()
    if problem is not None:
        yield Finding("mail server", "wrong", str(problem), fix)
        return
    try:
        account = await parts.stalwart.get("/api/account", deadline=5)
    except (MailServerError, Busy, WrongGeneration) as error:
        yield Finding("mail server", "wrong", f"does not tell our permissions: {error}", fix)
        return
    held = frozenset(str(permission) for permission in account.get("permissions", []))
    if missing := sorted((NEEDED | GRANTED) - held):
        yield Finding(
            "mail server",
            "wrong",
            f"our key lacks {', '.join(missing)}",
            "give its role the seven permissions and all of the role User (docs/how-to/production.md)",
        )
    elif dangerous := sorted(DANGEROUS & held):
        yield Finding(
            "mail server",
            "warning",
            f"our key may more than it needs: {', '.join(dangerous)}",
            "make a key of least privilege (docs/how-to/production.md)",
        )
    else:
        yield Finding("mail server", "fine", f"Stalwart, registry; our key holds {len(held)} permissions")


async def _domains(parts: Parts) -> Findings:
    for domain in dict.fromkeys((*parts.settings.domains, parts.settings.mark_domain)):
        try:
            await parts.mail_server.domain_id(domain, deadline=5)
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


async def _kratos(parts: Parts) -> Findings:
    urls = {"public": parts.settings.kratos_public_url, "admin": parts.settings.kratos_admin_url}
    for name, url in urls.items():
        part, setting = f"kratos {name}", f"POSTROOM_KRATOS_{name.upper()}_URL"
        if not url:
            lost = "no sweep: a hook that is lost stays lost" if name == "admin" else "nothing needs it yet"
            yield Finding(part, "warning" if name == "admin" else "fine", f"not configured; {lost}", f"set {setting}")
            continue
        path = "/admin/health/ready" if name == "admin" else "/health/ready"
        try:
            async with httpx2.AsyncClient(base_url=url, timeout=5, trust_env=False) as client:
                status = (await client.get(path)).status_code
        except httpx2.HTTPError as error:
            yield Finding(part, "warning", f"does not answer ({type(error).__name__})", f"correct {setting}")
            continue
        if status == 200:
            yield Finding(part, "fine", "ready")
        else:
            yield Finding(part, "warning", f"{path} answered {status}", f"see Kratos' log, or correct {setting}")
