"""PostgreSQL and Redis."""

import asyncio
from collections.abc import Iterator, Mapping
from uuid import uuid4

from redis.exceptions import AuthenticationError, ResponseError

from postroom.checks.finding import Finding, Findings
from postroom.composition.parts import Parts
from postroom.domain.breaker import Breaker, Cause
from postroom.errors import ConfigurationError, DatabaseUnavailable
from postroom.postgres.audit import pinned_mark_domain
from postroom.postgres.connection import Row, require_reachable, the_row
from postroom.postgres.notifications import PostgresNotifications
from postroom.postgres.schema import as_migrated, require_schema
from postroom.queue.members import RedisMembers
from postroom.queue.retry_set import FAILURES
from postroom.realtime.live_streams import Notifications

MONTHS_AHEAD = 3
HEARD_WITHIN = 2.0


async def database(parts: Parts) -> Findings:
    try:
        url = parts.settings.database_url.get_secret_value()
        await require_reachable(url)
        with as_migrated():
            await require_schema(parts.pool)
            facts = await the_row(parts.pool, "check_database")
            counts = await parts.audit.counts()
            breaker = await parts.breakers.read()
            kept = await pinned_mark_domain(parts.pool)
        # A replica can neither send nor hear.
        heard = facts["read_only"] or await heard_by_itself(PostgresNotifications(parts.pool, url))
    except ConfigurationError as error:
        yield Finding("database", "error", str(error), "do what it says: no process starts until then")
        return
    except DatabaseUnavailable as error:
        yield Finding("database", "error", str(error), "start PostgreSQL, or correct POSTROOM_DATABASE_URL")
        return
    yield Finding("database", "ok", f"PostgreSQL {facts['version']}, schema {facts['revision']}")
    if facts["read_only"]:
        yield Finding(
            "database",
            "error",
            "it takes no writes: it is a replica, or default_transaction_read_only is on",
            "let POSTROOM_DATABASE_URL name every host, with target_session_attrs=read-write, or turn that off",
        )
    if kept not in (None, parts.settings.mark_domain):
        yield Finding(
            "marks",
            "error",
            f"they were made in {kept}, but POSTROOM_MARK_DOMAIN says {parts.settings.mark_domain}",
            f"set POSTROOM_MARK_DOMAIN={kept}",
        )
    if not heard:
        yield Finding(
            "database",
            "error",
            "what one session sends by NOTIFY, another does not hear: a pooler shares them, and locks, too",
            "let POSTROOM_DATABASE_URL lead to PostgreSQL itself, or to a pooler in session mode",
        )
    if breaker.open:
        yield _of_open(breaker)
    if facts["fsync"] != "on" or facts["synchronous_commit"] == "off":
        yield Finding(
            "database",
            "error",
            f"fsync={facts['fsync']}, synchronous_commit={facts['synchronous_commit']}: commits can be lost",
            "set fsync=on and synchronous_commit=on",
        )
    for finding in _audit(facts, counts):
        yield finding


def _audit(facts: Row, counts: Mapping[str, float]) -> Iterator[Finding]:
    if facts["may_change_log"]:
        yield Finding(
            "audit",
            "warning",
            f"the role {facts['role']} owns the log or may change it; only the triggers protect it",
            "give POSTROOM_DATABASE_URL a role of its own, POSTROOM_MIGRATE_DATABASE_URL the owner; postroom migrate",
        )
    if counts["log_months_ahead"] < MONTHS_AHEAD or counts["log_default_rows"]:
        yield Finding(
            "audit",
            "warning",
            f"partitions for {counts['log_months_ahead']:.0f} more months; "
            f"rows in the default one: {bool(counts['log_default_rows'])}",
            "run postroom migrate (it makes partitions for 24 months)",
        )


def _of_open(breaker: Breaker) -> Finding:
    remedy = "mend the mail server; then wait for the next probe, or run postroom resume"
    if breaker.cause is Cause.PAUSED:
        remedy = "postroom resume ends it"
    return Finding("breaker", "warning", f"open ({breaker.cause}): {breaker.error}", remedy)


async def heard_by_itself(notifications: Notifications, *, within: float = HEARD_WITHIN) -> bool:
    """Whether a notification arrives. Raises `DatabaseUnavailable`."""
    word = f"{uuid4().hex}:0"  # of nobody: the services that hear it do nothing
    async with notifications.listen() as payloads:
        await notifications.send([word])
        try:
            async with asyncio.timeout(within):
                async for payload in payloads:
                    if payload == word:
                        return True
        except TimeoutError:
            return False
    return False


async def redis(parts: Parts) -> Findings:
    if parts.redis is None:
        yield Finding("redis", "ok", "not configured: PostgreSQL alone reminds")
        return
    try:
        waiting = await RedisMembers(parts.redis).length()
    except FAILURES as error:
        yield Finding(
            "redis",
            "warning",
            f"does not answer ({_why(error)}); PostgreSQL takes over, nothing is lost",
            "start Redis, or correct POSTROOM_REDIS_URL",
        )
        return
    yield Finding("redis", "ok", f"members of email:provisioning:retry: {waiting}")


def _why(error: Exception) -> str:
    """With the server's own words. A client's may hold all of its settings, and an old Redis quotes what it does not
    know: the rest of HELLO is the password."""
    said = str(error).partition(", with args")[0] if isinstance(error, AuthenticationError | ResponseError) else ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
