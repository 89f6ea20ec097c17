"""Checks PostgreSQL: the server, its settings, and the schema."""

import asyncio
from collections.abc import Iterator, Mapping
from uuid import uuid4

from postroom.checks.connections import connections
from postroom.checks.finding import Finding, Findings
from postroom.checks.kratos_hook import kratos_hook
from postroom.composition.parts import Parts
from postroom.domain.breaker import Breaker, Cause
from postroom.errors import ConfigurationError, DatabaseUnavailable
from postroom.postgres.connection import Row, require_reachable, the_row
from postroom.postgres.installation import MARK_DOMAIN, pinned_value
from postroom.postgres.migrate import CREATED_IN_UTF8, UTF8
from postroom.postgres.notifications import PostgresNotifications
from postroom.postgres.schema import UPDATE, Revisions, as_migrated, require_schema
from postroom.realtime.live_streams import Notifications

MONTHS_AHEAD = 3
HEARD_WITHIN = 2.0


async def database(parts: Parts, *, with_marks: bool = True) -> Findings:
    """`with_marks`: also check that the domain of the marks is the pinned one; this needs the setting."""
    url = parts.settings.database_url.get_secret_value()
    try:
        place = await require_reachable(url)
        server = await the_row(parts.pool, "check_database")
        # A replica supports neither NOTIFY nor LISTEN.
        heard = server["read_only"] or await heard_by_itself(PostgresNotifications(parts.pool, url))
    except DatabaseUnavailable as error:
        yield Finding("database", "error", str(error), error.fix)
        return
    yield Finding("database", "ok", f"PostgreSQL {server['version']} at {place}")
    for finding in _server(server, heard=heard):
        yield finding
    try:
        with as_migrated():
            yield of_revisions(await require_schema(parts.pool))
            for finding in await _contents(parts, server["role"], with_marks=with_marks):
                yield finding
            if finding := await connections(parts):
                yield finding
    except (ConfigurationError, DatabaseUnavailable) as error:
        yield Finding("schema", "error", str(error), error.fix)


def _server(server: Row, *, heard: bool) -> Iterator[Finding]:
    if server["read_only"]:
        yield Finding(
            "database",
            "error",
            "it takes no writes: it is a replica, or default_transaction_read_only is on",
            "let POSTROOM_DATABASE_URL name every host, with target_session_attrs=read-write, or turn that off",
        )
    if server["encoding"] != UTF8:
        details = f"it is in {server['encoding']}, which does not store every name and address"
        yield Finding("database", "error", details, CREATED_IN_UTF8)
    if not heard:
        yield Finding(
            "database",
            "error",
            "a session does not receive what another sends by NOTIFY: a pooler shares sessions, and with them locks",
            "let POSTROOM_DATABASE_URL lead to PostgreSQL itself, or to a pooler in session mode",
        )
    if server["fsync"] != "on" or server["synchronous_commit"] == "off":
        yield Finding(
            "database",
            "error",
            f"fsync={server['fsync']}, synchronous_commit={server['synchronous_commit']}: commits can be lost",
            "set fsync=on and synchronous_commit=on in PostgreSQL",
        )


def of_revisions(found: Revisions) -> Finding:
    """The finding for a schema and a code that fit."""
    if found.schema > found.code:
        details = f"revision {found.schema}, newer than this Postroom, which knows revision {found.code}"
        return Finding("schema", "warning", details, UPDATE)
    return Finding("schema", "ok", f"revision {found.schema}")


async def _contents(parts: Parts, role: str, *, with_marks: bool) -> list[Finding]:
    """Raises `ConfigurationError`, `DatabaseUnavailable`, and PostgreSQL's error if a right is missing."""
    found, counts = list[Finding](), await parts.audit.counts()
    pinned, ours = await pinned_value(parts.pool, MARK_DOMAIN), parts.settings.mark_domain
    if with_marks and pinned not in (None, ours):
        details = f"they are in {pinned}, but POSTROOM_MARK_DOMAIN is {ours}"
        found.append(Finding("marks", "error", details, f"set POSTROOM_MARK_DOMAIN={pinned}"))
    if (breaker := await parts.breakers.read()).open:
        found.append(_of_open(breaker))
    found.append(await kratos_hook(parts))
    may_change_log = (await the_row(parts.pool, "check_audit"))["may_change"]
    return [*found, *_audit(role, counts, may_change_log=may_change_log)]


def _audit(role: str, counts: Mapping[str, float], *, may_change_log: bool) -> Iterator[Finding]:
    if may_change_log:
        yield Finding(
            "audit",
            "warning",
            f"the role {role} owns the log or may change it; only the triggers protect it",
            "set POSTROOM_DATABASE_URL to a role of its own and POSTROOM_MIGRATE_DATABASE_URL to the owner, "
            "then run postroom migrate",
        )
    if counts["log_months_ahead"] < MONTHS_AHEAD or counts["log_default_rows"]:
        rows = "rows" if counts["log_default_rows"] else "no rows"
        yield Finding(
            "audit",
            "warning",
            f"there are partitions for {counts['log_months_ahead']:.0f} more months, and {rows} in the default one",
            "run postroom migrate (it makes partitions for 24 months)",
        )


def _of_open(breaker: Breaker) -> Finding:
    match breaker.cause:
        case Cause.PAUSED:
            fix = "run postroom resume to end it"
        case Cause.UNAUTHORIZED:
            fix = "correct POSTROOM_STALWART_API_KEY and restart, then wait for the next probe, or run postroom resume"
        case _:
            fix = "fix the mail server, then wait for the next probe, or run postroom resume"
    return Finding("breaker", "warning", f"open ({breaker.cause}): {breaker.error}", fix)


async def heard_by_itself(notifications: Notifications, *, within: float = HEARD_WITHIN) -> bool:
    """Whether a notification arrives. Raises `DatabaseUnavailable`."""
    word = f"{uuid4().hex}:0"  # of no identity: the services that receive it do nothing
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
