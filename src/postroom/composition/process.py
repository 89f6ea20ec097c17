"""Running a service or a worker until it is told to stop, and ending it: within the drain and 5 s, whatever hangs."""

import asyncio
import socket
import sys
from collections.abc import Coroutine, Sequence
from typing import Literal

import uvloop
from fastapi import FastAPI

from postroom.api.app import create_app
from postroom.api.health import Health
from postroom.api.webhook import HookPolicy, Webhook
from postroom.clock import SystemClock
from postroom.composition.mail_parts import MailParts, mail_connected
from postroom.composition.parts import SERVICE_CONCURRENCY, WORKER_CONCURRENCY, Parts, connected, until_allowed
from postroom.gateway.routes import gateway_routes
from postroom.http_server import HttpServer, connections_allowed, listen
from postroom.loops import Loop, Loops
from postroom.mail_configuration import missing_for_mail
from postroom.pause import cut_off
from postroom.presence import Presence
from postroom.settings import Settings, unknown
from postroom.stopping import end_within, stopping
from postroom.store_urls import RedisUrl
from postroom.telemetry import log

STARTED_WITHIN = 2.0
"""Seconds before hooks are answered: they may come, and with PostgreSQL away they must be told so."""

DRAIN_SPARE = 3.1
"""Seconds after the drain in which what was cut off is settled as interrupted."""

LAST_RESORT = 4.5
"""Seconds after the drain when the process ends, whatever hangs. `TimeoutStopSec` of systemd must be longer."""

STRAY_TASKS_WITHIN = 0.3


async def serve(settings: Settings, *, until_eof: bool = False) -> int:
    """The service: webhook, health, metrics, mail for people, and the worker unless POSTROOM_WORKER is off. Returns the
    exit code."""
    async with (
        stopping(until_eof=until_eof) as stop,
        connected(settings, concurrency=SERVICE_CONCURRENCY) as parts,
        mail_connected(parts) as mail,
    ):
        listener = listen(settings.host, settings.port, setting="POSTROOM_PORT")
        loops = Loops(stop)
        beside = [*(_provisioning(parts) if settings.worker else ()), *(mail.loops if mail else ())]
        _log_start(parts)
        if mail is None:
            log.info("No mail for people: not configured", missing=missing_for_mail(settings))
        return await _run(parts, "serve", make_app(parts, mail, stop, loops), listener, loops, beside, stop, mail)


async def work(settings: Settings, *, until_eof: bool = False) -> int:
    """A worker of its own, with its health and metrics. Returns the exit code."""
    async with (
        stopping(until_eof=until_eof) as stop,
        connected(settings, concurrency=WORKER_CONCURRENCY) as parts,
    ):
        listener = listen(settings.work_host, settings.work_port, setting="POSTROOM_WORK_PORT")
        loops = Loops(stop)
        _log_start(parts)
        host, port = listener.getsockname()[:2]
        log.info("Health and metrics of this worker", host=host, port=port)
        app = create_app(None, _health(parts, loops))
        return await _run(parts, "work", app, listener, loops, _provisioning(parts), stop)


def _provisioning(parts: Parts) -> list[Loop]:
    """The worker, and what any process with one may lead; a lock lets one."""
    loops = [Loop("worker", lambda _: parts.worker.run(), drains=True), Loop("release", parts.release.run)]
    loops.append(Loop("inspection", parts.inspection.run))
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
    beside: Sequence[Loop],
    stop: asyncio.Event,
    mail: MailParts | None = None,
) -> int:
    """Start, wait for `stop`, end. Raises `ConfigurationError` when this process may not run on its database."""
    drain, presence = parts.settings.drain_seconds, Presence(parts.processes, parts.heartbeats, kind)
    # Until it is known that this process may run, no mailbox may be made.
    parts.accept.resumed.clear()
    starting = asyncio.create_task(_start(parts, loops, [Loop("presence", presence.run), *beside], stop))
    await asyncio.wait([starting], timeout=STARTED_WITHIN)
    connections = connections_allowed()
    log.info("Connections of clients: as many as may be at once", most=connections)
    http = HttpServer(app, listener, drain=drain + 2, connections=connections)
    loops.start(Loop("http", http.run, drains=True))
    await stop.wait()
    end_within(drain + LAST_RESORT, 1)
    log.info("Stopping: attempts under way may end")
    # In this order: nothing new begins, what is under way ends or is settled; only then the caller closes the pools.
    parts.accept.stop()
    parts.worker.stop()
    if mail:
        mail.streams.end()  # they may be open though no loop of mail ever began, since PostgreSQL was away
    hanging, _ = await asyncio.gather(loops.ended(drain=drain + DRAIN_SPARE), parts.accept.drain(within=drain))
    if hanging:
        log.warning("Stopped without an end of these loops", loops=hanging)
    await cut_off([starting])
    if starting.done() and not starting.cancelled():
        starting.result()
    if loops.broken:
        return 1
    await presence.leave()
    return 0


async def _start(parts: Parts, loops: Loops, beside: Sequence[Loop], stop: asyncio.Event) -> None:
    try:
        await until_allowed(parts, stop)
    except BaseException:  # cancelled, too: a process whose loops never began must not look well
        stop.set()
        raise
    if not stop.is_set():
        parts.accept.resumed.set()
        for loop in beside:
            loops.start(loop)


def make_app(
    parts: Parts, mail: MailParts | None = None, stop: asyncio.Event | None = None, loops: Loops | None = None
) -> FastAPI:
    """The HTTP application over the parts of this process. `stop` ends its event streams."""
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
        mail=mail.routes if mail else (),
        gateway=gateway_routes(
            mail.people,
            mail.accounts,
            mail.upstream,
            now=SystemClock().now,
            verify=mail.accounts.require,
            public_url=settings.public_url,
            stopping=stop,
        )
        if mail
        else (),
        cors_origins=settings.cors_origins,
    )


def _health(parts: Parts, loops: Loops | None) -> Health:
    token = parts.settings.metrics_token
    return Health(
        parts.audit.counts,
        late=parts.heartbeats.late,
        stuck=parts.heartbeats.stuck,
        broken=lambda: loops is not None and loops.broken,
        metrics_token=token.get_secret_value() if token else None,
    )


def _log_start(parts: Parts) -> None:
    settings = parts.settings
    if strangers := unknown():
        log.warning("Variables that are no settings", names=strangers)
    if settings.redis_url:
        log.info(f"Connected to Redis at {RedisUrl.parse(settings.redis_url.get_secret_value())}")
    else:
        log.info("No Redis configured: PostgreSQL alone reminds")
    if settings.delay_factor != 1:
        log.warning("Delays are shortened; not for production", delay_factor=settings.delay_factor)


def run(main: Coroutine[None, None, int]) -> None:
    """Run `main` on uvloop, and end with its exit code."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(main)
        # The runner waits for every task that is left, also for one that never ends.
        end_within(STRAY_TASKS_WITHIN, code)
    sys.exit(code)
