"""Builds the parts of provisioning from the settings. `composition/mail_parts.py` builds those of mail for people."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from redis.asyncio import Redis

from postroom.domain.identity import AddressPolicy
from postroom.domain.request import CREATE_AND_CHANGE, CREATE_ONLY, RequestStep
from postroom.errors import ConfigurationError, DatabaseUnavailable, LoginRefused
from postroom.kratos.identities import KratosIdentities
from postroom.operations.overviews import Overviews
from postroom.ports import RetryIndex
from postroom.postgres.at_rest import PostgresAtRest
from postroom.postgres.audit import Audit
from postroom.postgres.brake import PostgresBrake
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import Pool, make_pool, open_leader_connection, require_reachable
from postroom.postgres.doubts import PostgresDoubts
from postroom.postgres.inspected import PostgresInspected
from postroom.postgres.installation import MARK_DOMAIN, PostgresInstallation, pin, pinned_value
from postroom.postgres.leadership import PostgresLeadership
from postroom.postgres.overdue import PostgresOverdueRequests
from postroom.postgres.processes import PostgresProcesses
from postroom.postgres.rebuild import PostgresRebuilt
from postroom.postgres.refusals import PostgresRefusals
from postroom.postgres.releases import PostgresReleases
from postroom.postgres.requests import PostgresRequests
from postroom.postgres.schema import as_migrated, require_schema
from postroom.postgres.sweep import PostgresSwept
from postroom.postgres.waiting import PostgresWaiting
from postroom.postgres.whole_record import WholeRecords
from postroom.postgres.wishes import PostgresWishes
from postroom.process.clock import SystemClock
from postroom.process.heartbeats import Heartbeats
from postroom.process.pause import pause
from postroom.process.telemetry import SWEEP_INTERVAL, log
from postroom.provisioning.accept import Accept
from postroom.provisioning.attempt import Attempts
from postroom.provisioning.differences import IdentityDifferences
from postroom.provisioning.inspection import Inspection
from postroom.provisioning.mailbox_changes import MailboxChanges
from postroom.provisioning.mailbox_lookup import MailboxLookup
from postroom.provisioning.mailboxes_at_rest import MailboxesAtRest
from postroom.provisioning.rebuild import Rebuild, Tally
from postroom.provisioning.retry_index_updates import RetryIndexUpdates
from postroom.provisioning.slots import Slots
from postroom.provisioning.sweep import Sweep
from postroom.provisioning.verdicts import Verdicts
from postroom.provisioning.wishes import Wishes
from postroom.queue.members import RedisMembers
from postroom.queue.retry_set import FAILURES, HORIZON, NoRetryIndex, RetrySet, connect
from postroom.retry.due_source import DueSource
from postroom.retry.probe import Probe
from postroom.retry.reconcile import Reconcile
from postroom.retry.release import Release
from postroom.retry.worker import Worker, WorkerLimits
from postroom.settings.settings import Settings
from postroom.stalwart.account_changes import StalwartAccountChanges
from postroom.stalwart.accounts import StalwartAccounts
from postroom.stalwart.impersonation import basic
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient

SERVICE_CONCURRENCY = 4
WORKER_CONCURRENCY = 2

CLOSED_WITHIN = 0.3
"""Seconds that a pool or client may take to close: one whose server is silent would delay the end of the process."""

DATABASE_PAUSE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The connected parts of a process."""

    settings: Settings
    pool: Pool
    installation: PostgresInstallation
    leadership: PostgresLeadership
    redis: Redis | None
    stalwart: StalwartClient
    mail_server: StalwartRegistry
    requests: PostgresRequests
    refusals: PostgresRefusals
    breakers: PostgresBreakers
    audit: Audit
    processes: PostgresProcesses
    heartbeats: Heartbeats
    retry_index: RetryIndex
    accept: Accept
    worker: Worker
    reconcile: Reconcile | None
    """None where there is no Redis"""
    release: Release
    sweep: Sweep | None
    """None where Kratos' admin API is not configured"""
    inspection: Inspection
    changes: MailboxChanges | None
    """None where mailboxes do not follow their identities"""
    differences: IdentityDifferences | None
    """None where they are not reported"""
    overviews: Overviews


def authorization(api_key: str) -> str:
    """The value of the Authorization header for an API key (`API_…`) or `user@domain:password`."""
    login, colon, password = api_key.partition(":")
    return basic(login, password) if colon else f"Bearer {api_key}"


def open_stalwart(settings: Settings) -> StalwartClient:
    return StalwartClient(settings.stalwart_url, authorization(settings.stalwart_api_key.get_secret_value()))


@asynccontextmanager
async def connected(settings: Settings, *, concurrency: int = SERVICE_CONCURRENCY) -> AsyncGenerator[Parts]:
    """The parts of a process. No server needs to be up yet: each part waits for its own."""
    async with AsyncExitStack() as stack:
        database_url = settings.database_url.get_secret_value()
        pool = make_pool(database_url, size=settings.pool_size)
        await pool.open(wait=False)
        stack.push_async_callback(close, pool.close)
        leadership = PostgresLeadership(partial(open_leader_connection, database_url))
        stack.push_async_callback(close, leadership.aclose)
        redis: Redis | None = None
        if settings.redis_url:
            redis = connect(settings.redis_url.get_secret_value())
            stack.push_async_callback(close, redis.aclose)
        stalwart = open_stalwart(settings)
        stack.push_async_callback(close, stalwart.aclose)
        kratos: KratosIdentities | None = None
        if settings.kratos_admin_url:
            kratos = KratosIdentities(settings.kratos_admin_url)
            stack.push_async_callback(close, kratos.aclose)
        yield _assemble(settings, pool, leadership, redis, stalwart, kratos, settings.concurrency or concurrency)


async def close(closing: Callable[[], Awaitable[None]]) -> None:
    """Call `closing`; what is not closed in time ends with the process."""
    task = asyncio.ensure_future(closing())
    await asyncio.wait([task], timeout=CLOSED_WITHIN)
    if task.done():
        task.result()
    else:
        task.cancel()


def _assemble(
    settings: Settings,
    pool: Pool,
    leadership: PostgresLeadership,
    redis: Redis | None,
    stalwart: StalwartClient,
    kratos: KratosIdentities | None,
    concurrency: int,
) -> Parts:
    clock, factor, heartbeats = SystemClock(), settings.delay_factor, Heartbeats()
    steps = CREATE_AND_CHANGE if settings.follows_identities else CREATE_ONLY
    requests = PostgresRequests(pool, new_id=uuid4, delay_factor=factor, steps=steps)
    breakers, installation = PostgresBreakers(pool, delay_factor=factor), PostgresInstallation(pool)
    mail_server = StalwartRegistry(stalwart, mark_domain=settings.mark_domain, quota=settings.quota_bytes)
    retry_set = RetrySet(redis, installation.id, lease=settings.lease_seconds) if redis else None
    retry_index = retry_set or NoRetryIndex()
    changing = StalwartAccountChanges(stalwart, mail_server, mark_domain=settings.mark_domain)
    verdicts, wishes = Verdicts(breakers, mail_server, clock, changing.probe), _wishes(settings, pool)
    changes, slots = MailboxChanges(wishes, kratos, changing) if wishes and kratos else None, Slots(concurrency)
    attempts = Attempts(requests, verdicts, mail_server, retry_index, clock, changes)
    worker = Worker(
        requests,
        attempts,
        retry_index,
        _due_source(pool, retry_set, clock, steps),
        Probe(breakers, mail_server),
        slots,
        clock,
        WorkerLimits(lease=settings.lease_seconds, pace=settings.pace, drain=settings.drain_seconds),
        beat=heartbeats.of("worker"),
    )
    updates = RetryIndexUpdates(retry_index, worker.wake)
    differences = _differences(settings, pool, kratos, wishes, updates, heartbeats)
    accept = _accept(settings, requests, attempts, retry_index, slots, clock, worker, differences)
    releases, beat = PostgresReleases(pool, steps), heartbeats.of("release")
    return Parts(
        settings=settings,
        pool=pool,
        installation=installation,
        leadership=leadership,
        redis=redis,
        stalwart=stalwart,
        mail_server=mail_server,
        requests=requests,
        refusals=PostgresRefusals(pool),
        breakers=breakers,
        audit=Audit(pool),
        processes=PostgresProcesses(pool),
        heartbeats=heartbeats,
        retry_index=retry_index,
        accept=accept,
        worker=worker,
        reconcile=_reconcile(pool, redis, installation, leadership, clock, heartbeats, steps) if redis else None,
        release=Release(releases, retry_index, leadership, clock, verdicts, wake=worker.wake, beat=beat),
        sweep=_sweep(settings, pool, leadership, kratos, differences, requests, retry_index, worker, heartbeats),
        changes=changes,
        differences=differences,
        inspection=_inspection(settings, pool, leadership, stalwart, mail_server, breakers, updates, heartbeats),
        overviews=_overviews(settings, pool, kratos, changing, stalwart, mail_server),
    )


def _overviews(
    settings: Settings,
    pool: Pool,
    kratos: KratosIdentities | None,
    changing: StalwartAccountChanges,
    stalwart: StalwartClient,
    mail_server: StalwartRegistry,
) -> Overviews:
    return Overviews(
        kratos,
        WholeRecords(pool, delay_factor=settings.delay_factor),
        StalwartAccounts(stalwart, mail_server, mark_domain=settings.mark_domain),
        changing,
        AddressPolicy(settings.domains, settings.reserved),
        follows=settings.follows_identities,
        ready=partial(_require_usable, settings, pool),
    )


async def _require_usable(settings: Settings, pool: Pool) -> None:
    """Raises `DatabaseUnavailable` and `LoginRefused`, and `ConfigurationError` if code and schema do not fit."""
    await require_reachable(settings.database_url.get_secret_value())
    with as_migrated():
        await require_schema(pool)


def _inspection(
    settings: Settings,
    pool: Pool,
    leadership: PostgresLeadership,
    stalwart: StalwartClient,
    mail_server: StalwartRegistry,
    breakers: PostgresBreakers,
    updates: RetryIndexUpdates,
    heartbeats: Heartbeats,
) -> Inspection:
    inspected = PostgresInspected(pool)
    accounts = StalwartAccounts(stalwart, mail_server, mark_domain=settings.mark_domain)
    lookup = MailboxLookup(accounts, inspected, breakers)
    at_rest = MailboxesAtRest(PostgresAtRest(pool), follows=settings.follows_identities, announce=updates.add)
    beat = heartbeats.of("inspection")
    return Inspection(lookup, inspected, at_rest, leadership, uniform=random.uniform, beat=beat)


def _wishes(settings: Settings, pool: Pool) -> Wishes | None:
    """None where mailboxes do not follow their identities."""
    if not settings.follows_identities:
        return None
    policy = AddressPolicy(settings.domains, settings.reserved)
    return Wishes(PostgresWishes(pool, delay_factor=settings.delay_factor), PostgresDoubts(pool), policy)


def _due_source(pool: Pool, retry_set: RetrySet | None, clock: SystemClock, steps: Sequence[RequestStep]) -> DueSource:
    overdue = PostgresOverdueRequests(pool, grace=1.0, steps=steps)
    due_soon = PostgresOverdueRequests(pool, grace=-HORIZON, steps=steps)
    return DueSource(retry_set, overdue, due_soon, clock, failures=FAILURES)


def _accept(
    settings: Settings,
    requests: PostgresRequests,
    attempts: Attempts,
    retry_index: RetryIndex,
    slots: Slots,
    clock: SystemClock,
    worker: Worker,
    differences: IdentityDifferences | None,
) -> Accept:
    return Accept(
        requests,
        attempts,
        retry_index,
        slots,
        clock,
        new_id=uuid4,
        wake=worker.wake,
        read_soon=differences.read_soon if differences else lambda _: None,
        deadline=settings.inline_deadline_seconds,
        lease=settings.inline_lease_seconds,
    )


def _differences(
    settings: Settings,
    pool: Pool,
    kratos: KratosIdentities | None,
    wishes: Wishes | None,
    updates: RetryIndexUpdates,
    heartbeats: Heartbeats,
) -> IdentityDifferences | None:
    if kratos is None or not settings.reports_differences:
        return None
    policy, beat = AddressPolicy(settings.domains, settings.reserved), heartbeats.of("differences")
    return IdentityDifferences(kratos, PostgresDoubts(pool), policy, wishes, announce=updates.add, beat=beat)


def _reconcile(
    pool: Pool,
    redis: Redis,
    installation: PostgresInstallation,
    leadership: PostgresLeadership,
    clock: SystemClock,
    heartbeats: Heartbeats,
    steps: Sequence[RequestStep],
) -> Reconcile:
    members, beat = RedisMembers(redis, installation.id), heartbeats.of("reconcile")
    return Reconcile(PostgresWaiting(pool, steps), members, leadership, clock, failures=FAILURES, beat=beat)


def _sweep(
    settings: Settings,
    pool: Pool,
    leadership: PostgresLeadership,
    kratos: KratosIdentities | None,
    differences: IdentityDifferences | None,
    requests: PostgresRequests,
    retry_index: RetryIndex,
    worker: Worker,
    heartbeats: Heartbeats,
) -> Sweep | None:
    if kratos is None:
        return None
    SWEEP_INTERVAL.set(settings.sweep_seconds)
    return Sweep(
        kratos,
        PostgresSwept(pool),
        PostgresDoubts(pool),
        differences,
        PostgresRefusals(pool),
        requests,
        retry_index,
        leadership,
        AddressPolicy(settings.domains, settings.reserved),
        brake=PostgresBrake(pool, delay_factor=settings.delay_factor) if settings.follows_identities else None,
        every=settings.sweep_seconds,
        uniform=random.uniform,
        wake=worker.wake,
        beat=heartbeats.of("sweep"),
    )


async def until_allowed(parts: Parts, stop: asyncio.Event) -> None:
    """Wait for PostgreSQL, until `stop`; then check that the schema fits this code, and pin the installation's id, and
    the domain of the marks to the one that was used first. Raises `ConfigurationError`.

    A mark in another domain would not be found again: an identity could get a second mailbox.
    """
    said = ""
    while not stop.is_set():
        try:
            await require_reachable(parts.settings.database_url.get_secret_value())
            with as_migrated():
                await require_schema(parts.pool)
                pinned = await pin(parts.pool, MARK_DOMAIN, parts.settings.mark_domain)
                await parts.installation.id()
        except LoginRefused as error:
            raise ConfigurationError(str(error), fix=error.fix) from error
        except DatabaseUnavailable as error:
            if said != str(error):  # else a line each second would hide all others
                said = str(error)
                log.warning("Waiting for PostgreSQL", error=said, fix=error.fix)
            await pause(DATABASE_PAUSE, stop)
        else:
            _require_mark_domain(parts.settings, pinned)
            return


def _require_mark_domain(settings: Settings, pinned: str | None) -> None:
    if pinned not in (None, settings.mark_domain):
        raise ConfigurationError(
            f"POSTROOM_MARK_DOMAIN is {settings.mark_domain}, but the marks were made in {pinned}; "
            f"set POSTROOM_MARK_DOMAIN={pinned}"
        )


async def restore_from_marks(parts: Parts, *, actor: str, dry_run: bool, report: Callable[[Tally], None]) -> Rebuild:
    """Raises `ConfigurationError` when the marks were made in another domain, and `DatabaseUnavailable`."""
    settings = parts.settings
    _require_mark_domain(settings, await pinned_value(parts.pool, MARK_DOMAIN))
    accounts = StalwartAccounts(parts.stalwart, parts.mail_server, mark_domain=settings.mark_domain)
    rebuilt = PostgresRebuilt(parts.pool)
    return Rebuild(accounts, rebuilt, actor=actor, dry_run=dry_run, report=report)
