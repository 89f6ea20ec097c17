"""Runs a service or a worker until it must stop, and ends it within the drain and 5 s, even if something hangs."""

import asyncio
import gc
import socket
import sys
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Literal

import uvloop
from fastapi import FastAPI

from postroom.api.app import create_app
from postroom.api.health import Health
from postroom.api.webhook import HookPolicy, Webhook
from postroom.composition.mail_parts import MailParts, mail_connected
from postroom.composition.parts import SERVICE_CONCURRENCY, WORKER_CONCURRENCY, Parts, connected, until_allowed
from postroom.errors import DatabaseUnavailable, MailServerError
from postroom.gateway.routes import gateway_routes
from postroom.http.server import HttpServer, connections_allowed, listen
from postroom.ports import Breakers
from postroom.postgres.far_times import PostgresTimes
from postroom.postgres.unrecorded import unrecorded
from postroom.process.clock import SystemClock
from postroom.process.loops import Loop, Loops
from postroom.process.pause import cut_off
from postroom.process.presence import Presence
from postroom.process.stopping import end_within, stopping
from postroom.process.telemetry import log
from postroom.provisioning.unrecorded import Unrecorded
from postroom.queue.members import RedisMembers
from postroom.queue.retry_set import FAILURES
from postroom.retry.far_times import FarTimes
from postroom.settings.environment import unknown
from postroom.settings.mail_configuration import missing_for_mail
from postroom.settings.settings import Settings
from postroom.settings.store_urls import RedisUrl
from postroom.settings.web_urls import host_of
from postroom.stalwart.registry import StalwartRegistry
from postroom.web.interface import Interface

STARTED_WITHIN = 2.0
"""Seconds after which hooks are answered at the latest: without PostgreSQL they must get an error."""

DRAIN_SPARE = 3.1
"""Seconds after the drain in which cancelled attempts are settled as interrupted."""

LAST_RESORT = 4.5
"""Seconds after the drain at which the process is ended by force. `TimeoutStopSec` of systemd must be longer."""

STRAY_TASKS_WITHIN = 0.3

ASKED_WITHIN = 2.0
"""Seconds for the mail server's answer at the start; no more than a loop may take to stop (`loops.GRACE`)."""


async def serve(settings: Settings, *, until_eof: bool = False) -> int:
    """Run the service: webhook, health, metrics, mail for people, and the worker unless POSTROOM_WORKER is off. Returns
    the exit code."""
    async with (
        stopping(until_eof=until_eof) as stop,
        connected(settings, concurrency=SERVICE_CONCURRENCY) as parts,
        mail_connected(parts) as mail,
    ):
        listener = listen(settings.host, settings.port, setting="POSTROOM_PORT")
        loops = Loops(stop)
        background = [*(_provisioning(parts) if settings.worker else ()), *(mail.loops if mail else ())]
        if parts.differences:  # of the hooks that this process answers
            background.append(Loop("differences", parts.differences.run))
        await _log_start(parts)
        if mail is None:
            log.info("No mail for people: not configured", missing=missing_for_mail(settings))
        return await _run(parts, "serve", make_app(parts, mail, stop, loops), listener, loops, background, stop, mail)


async def work(settings: Settings, *, until_eof: bool = False) -> int:
    """Run a worker without the service, with its health and metrics. Returns the exit code."""
    async with stopping(until_eof=until_eof) as stop, connected(settings, concurrency=WORKER_CONCURRENCY) as parts:
        listener = listen(settings.work_host, settings.work_port, setting="POSTROOM_WORK_PORT")
        loops = Loops(stop)
        await _log_start(parts)
        host, port = listener.getsockname()[:2]
        log.info("Health and metrics of this worker", host=host, port=port)
        app = create_app(None, _health(parts, loops), hosts=known_hosts(settings))
        return await _run(parts, "work", app, listener, loops, _provisioning(parts), stop)


def _provisioning(parts: Parts) -> list[Loop]:
    """The worker, and the loops that any process with a worker may lead, one process at a time."""
    loops = [Loop("worker", lambda _: parts.worker.run(), drains=True), Loop("release", parts.release.run)]
    loops.append(Loop("inspection", parts.inspection.run))
    times = PostgresTimes(parts.pool)
    settings = parts.settings
    far_times = FarTimes(times, parts.leadership, sweep_every=settings.sweep_seconds, lease=settings.lease_seconds)
    loops.append(Loop("far_times", far_times.run))
    loops.append(Loop("unrecorded", Unrecorded(lambda: unrecorded(parts.pool)).run))
    if parts.reconcile:
        loops.append(Loop("reconcile", parts.reconcile.run))
    if parts.sweep:
        loops.append(Loop("sweep", parts.sweep.run))
    return loops


async def _run(
    parts: Parts,
    kind: Literal["serve", "work"],
    app: FastAPI,
    listener: socket.socket,
    loops: Loops,
    background: Sequence[Loop],
    stop: asyncio.Event,
    mail: MailParts | None = None,
) -> int:
    """Start, wait for `stop`, end. Raises `ConfigurationError` when this process may not run on its database."""
    drain, presence = parts.settings.drain_seconds, Presence(parts.processes, parts.heartbeats, kind)
    # No mailbox may be made until it is known that this process may run.
    parts.accept.resumed.clear()
    starting = asyncio.create_task(_start(parts, loops, Loop("presence", presence.run), background, stop))
    await asyncio.wait([starting], timeout=STARTED_WITHIN)
    if starting.done() and starting.exception():
        listener.close()  # no server starts: its lines in the log would hide the one that says why
        starting.result()
    connections = connections_allowed()
    log.info("Limit of client connections", most=connections)
    http = HttpServer(app, listener, drain=drain + 2, connections=connections)
    loops.start(Loop("http", http.run, drains=True))
    await stop.wait()
    end_within(drain + LAST_RESORT, 1)
    log.info("Stopping: attempts under way may end")
    # In this order: nothing new begins, then what is under way ends or is settled, then the caller closes the pools.
    parts.accept.stop()
    parts.worker.stop()
    if mail:
        mail.streams.end()  # they may be open without any mail loop, if PostgreSQL was unavailable from the start
    hanging, _ = await asyncio.gather(loops.ended(drain=drain + DRAIN_SPARE), parts.accept.drain(within=drain))
    if hanging:
        log.warning("Stopped although these loops have not ended", loops=hanging)
    await cut_off([starting])
    if starting.done() and not starting.cancelled():
        starting.result()
    if loops.broken:
        return 1
    await presence.leave()
    return 0


async def _start(parts: Parts, loops: Loops, presence: Loop, background: Sequence[Loop], stop: asyncio.Event) -> None:
    try:
        await until_allowed(parts, stop)
    except BaseException:  # also if cancelled: a process whose loops never began must not look healthy
        stop.set()
        raise
    if background:
        await parts.leadership.open()  # before the webhooks let the pool grow
    if not stop.is_set():
        parts.accept.resumed.set()
        asking = partial(ask_mail_server, parts.breakers, parts.mail_server, parts.settings.mark_domain)
        for loop in (presence, Loop("mail_server", asking), *background):
            loops.start(loop)


async def ask_mail_server(
    breakers: Breakers, mail_server: StalwartRegistry, mark_domain: str, stop: asyncio.Event
) -> None:
    """Report a wrong key in the log at the start, not when the first person signs up."""
    try:
        # A key that is known to be refused is not sent: Stalwart bans a host after 100 failed logins a day.
        breaker = await breakers.read()
        if breaker.open:
            log.warning("Requests to the mail server are stopped", cause=breaker.cause, error=breaker.error)
        else:
            await mail_server.within(ASKED_WITHIN, lambda left: mail_server.domain_id(mark_domain, deadline=left))
    except MailServerError as error:
        log.warning("Mail server cannot be used", error=str(error), fix=error.fix or "run postroom check: it says why")
    except DatabaseUnavailable:
        pass  # the other loops say so
    await stop.wait()


def make_app(
    parts: Parts, mail: MailParts | None = None, stop: asyncio.Event | None = None, loops: Loops | None = None
) -> FastAPI:
    """The HTTP application of this process. `stop` ends its event streams."""
    settings = parts.settings
    policy = HookPolicy(
        keys=settings.webhook_keys,
        domains=settings.domains,
        reserved=settings.reserved,
        retry_after_seconds=settings.retry_after_seconds,
        at_once=settings.hooks_at_once,
    )
    return create_app(
        Webhook(parts.accept, parts.refusals, policy),
        _health(parts, loops),
        hosts=known_hosts(settings),
        mail=mail.routes if mail else (),
        gateway=gateway_routes(
            mail.people,
            mail.accounts,
            mail.upstream,
            now=SystemClock().now,
            verify=mail.accounts.require,
            public_url=settings.public_url,
            authserv_id=settings.authserv_id,
            stopping=stop,
        )
        if mail
        else (),
        interface=partial(Interface, mail.place, people=mail.people) if mail else None,
        cors_origins=settings.cors_origins,
    )


def known_hosts(settings: Settings) -> frozenset[str]:
    """The names by which the service is reached, beside its addresses."""
    return settings.hosts | {host_of(url) for url in (settings.public_url, settings.stalwart_webhook_url) if url}


def _health(parts: Parts, loops: Loops | None) -> Health:
    token = parts.settings.metrics_token
    return Health(
        parts.audit.counts,
        late=parts.heartbeats.late,
        stuck=parts.heartbeats.stuck,
        broken=lambda: loops is not None and loops.broken,
        metrics_token=token.get_secret_value() if token else None,
    )


async def _log_start(parts: Parts) -> None:
    settings = parts.settings
    for each in unknown():
        log.warning("Unknown setting", name=each.name, meant=each.meant)
    if parts.redis is None or settings.redis_url is None:
        log.info("No Redis configured: workers poll PostgreSQL only")
    else:
        url = RedisUrl.parse(settings.redis_url.get_secret_value())
        try:
            await RedisMembers(parts.redis, parts.installation.id).length()
        except FAILURES:  # its text may hold the password
            log.warning(f"Redis at {url} cannot be used: PostgreSQL takes over", fix="run postroom check: it says why")
        else:
            log.info(f"Connected to Redis at {url}")
    if settings.delay_factor != 1:
        log.warning("Delays are shortened: not for production", delay_factor=settings.delay_factor)


def run(main: Coroutine[None, None, int]) -> None:
    """Run `main` on uvloop, and end with its exit code."""
    # All modules stay. Examined by each full collection of garbage, they took a tenth of the CPU of a webhook.
    gc.freeze()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(main)
        # The runner waits for every remaining task, also for one that never ends.
        end_within(STRAY_TASKS_WITHIN, code)
    sys.exit(code)
