"""Running a service or a worker until it is told to stop."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager

import uvicorn
import uvloop
from fastapi import FastAPI
from starlette.routing import BaseRoute

from postroom.api.app import create_app
from postroom.api.mail import mail_routers
from postroom.api.webhook import HookPolicy, Webhook
from postroom.errors import ConfigurationError
from postroom.gateway.routes import gateway_routes
from postroom.mail_parts import MailParts, mail_connected, missing_for_mail
from postroom.queue.sentinel import redis_place
from postroom.runtime import SERVICE_CONCURRENCY, WORKER_CONCURRENCY, Parts, connected, settle_mark_domain
from postroom.settings import Settings
from postroom.telemetry import log

BACKLOG = 256
"""Connections that the kernel keeps until we take them, one in each turn of uvloop's. Whoever waits there for seconds
is answered too late, and more of them only wait longer."""

STUCK_SECONDS = 30
"""A connection whose other side takes nothing for so long is cut by the kernel. Closed by us alone, it would stay until
its reader has taken what was sent, and hold up the end of the service."""


async def serve(settings: Settings, *, until_eof: bool = False) -> None:
    """The service: webhook, health, metrics, mail for people, and the worker unless POSTROOM_WORKER is off."""
    async with (
        connected(settings, concurrency=SERVICE_CONCURRENCY) as parts,
        mail_connected(parts) as mail,
        _stopping(until_eof) as stop,
    ):
        server = _Server(
            uvicorn.Config(
                make_app(parts, mail, stop),
                log_config=None,
                access_log=False,
                backlog=BACKLOG,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=int(settings.drain_seconds) + 5,
            )
        )
        listener = _listen(settings.host, settings.port)
        _log_start(parts)
        if mail is None:
            log.info("No mail for people: not configured", missing=missing_for_mail(settings))
        # Until the marks' domain is known to be the right one, no mailbox may be made.
        parts.accept.resumed.clear()
        heart = asyncio.create_task(_heart(parts, stop, with_worker=settings.worker, mail=mail))
        resumed = asyncio.create_task(parts.accept.resumed.wait())
        # Not longer: with PostgreSQL away, hooks must be told so.
        await asyncio.wait([heart, resumed], timeout=2, return_when=asyncio.FIRST_COMPLETED)
        resumed.cancel()
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        for task in (heart, serving):
            # Neither goes on without the other: a service whose heart broke must not look well.
            task.add_done_callback(lambda _: stop.set())
        await stop.wait()
        log.info("Stopping: attempts under way may end")
        if mail:
            mail.streams.end()  # they may be open though `mail.run` never began, since PostgreSQL was away
        server.should_exit = True
        parts.worker.stop()
        await parts.accept.drain(within=settings.drain_seconds)
        await serving
        await heart


async def work(settings: Settings, *, until_eof: bool = False) -> None:
    """A worker of its own."""
    async with connected(settings, concurrency=WORKER_CONCURRENCY) as parts, _stopping(until_eof) as stop:
        _log_start(parts)
        heart = asyncio.create_task(_heart(parts, stop, with_worker=True))
        heart.add_done_callback(lambda _: stop.set())
        await stop.wait()
        parts.worker.stop()
        await heart


async def _heart(parts: Parts, stop: asyncio.Event, *, with_worker: bool, mail: MailParts | None = None) -> None:
    await settle_mark_domain(parts, stop)
    parts.accept.resumed.set()
    if stop.is_set():
        return
    async with asyncio.TaskGroup() as group:
        group.create_task(_wait(stop))
        if mail:
            group.create_task(mail.run(stop))
        if with_worker:
            group.create_task(parts.worker.run())
            # Any process may lead these; the lock lets one.
            if parts.reconcile:
                group.create_task(parts.reconcile.run(stop))
            if parts.sweep:
                group.create_task(parts.sweep.run(stop))


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()


def make_app(parts: Parts, mail: MailParts | None = None, stop: asyncio.Event | None = None) -> FastAPI:
    """The HTTP application over the parts of this process. `stop` ends its event streams."""
    settings = parts.settings
    policy = HookPolicy(
        keys=settings.webhook_keys,
        domains=settings.domains,
        reserved=settings.reserved_names,
        retry_after_seconds=settings.retry_after_seconds,
        at_once=settings.hooks_at_once,
    )
    token = settings.metrics_token
    return create_app(
        Webhook(parts.accept, parts.requests, policy),
        parts.audit.counts,
        metrics_token=token.get_secret_value() if token else None,
        mail=mail_routers(mail.api) if mail else (),
        gateway=_gateway(settings, mail, stop) if mail else (),
    )


def _gateway(settings: Settings, mail: MailParts, stop: asyncio.Event | None) -> Sequence[BaseRoute]:
    now, public_url = mail.api.now, settings.public_url
    return gateway_routes(mail.people, mail.accounts, mail.upstream, now=now, public_url=public_url, stopping=stop)


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: `_stopping` decides when to stop."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sys.platform == "linux":  # each connection inherits it (tcp(7))
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * STUCK_SECONDS)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"cannot listen on {host}:{port} ({error.strerror}); choose another POSTROOM_PORT or stop what holds it"
        ) from error
    listener.set_inheritable(True)
    return listener


def _log_start(parts: Parts) -> None:
    settings = parts.settings
    if settings.redis_url:
        log.info(f"Connected to Redis at {redis_place(settings.redis_url.get_secret_value())}")
    else:
        log.info("No Redis configured: PostgreSQL alone reminds")
    if settings.delay_factor != 1:
        log.warning("Delays are shortened; not for production", delay_factor=settings.delay_factor)


@asynccontextmanager
async def _stopping(until_eof: bool) -> AsyncGenerator[asyncio.Event]:
    """An event that SIGTERM or SIGINT sets, or, with `until_eof`, the end of the process that started us."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    if until_eof:
        loop.add_reader(sys.stdin.fileno(), _at_eof, stop)
    try:
        yield stop
    finally:
        if until_eof:
            loop.remove_reader(sys.stdin.fileno())


def _at_eof(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


def run(main: Coroutine[None, None, None]) -> None:
    """Run `main` on uvloop, to its end."""
    uvloop.run(main)
