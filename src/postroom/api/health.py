"""Health for orchestrators, metrics for Prometheus."""

import asyncio
import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from postroom.errors import DatabaseUnavailable
from postroom.http.problems import IN_OPENAPI, problem
from postroom.process.telemetry import REGISTRY

Counts = Callable[[], Awaitable[Mapping[str, float]]]

COUNTED_WITHIN = 5.0
"""Seconds: a PostgreSQL that accepts a query and never answers counts as unavailable, and must not delay the
metrics."""


@dataclass(frozen=True, slots=True)
class Health:
    """`counts` queries PostgreSQL for the gauges of /metrics and raises `DatabaseUnavailable`; it also proves
    readiness. `late` names the loops whose last iteration is too long ago, `stuck` those for which only a restart
    helps. `broken`: a loop has failed, and the process is about to exit."""

    counts: Counts
    late: Callable[[], Sequence[str]] = lambda: ()
    stuck: Callable[[], Sequence[str]] = lambda: ()
    broken: Callable[[], bool] = lambda: False
    metrics_token: str | None = None

    async def counted(self) -> Mapping[str, float]:
        """The gauges. Raises `DatabaseUnavailable`, also if PostgreSQL does not answer in time."""
        counting = asyncio.ensure_future(self.counts())
        await asyncio.wait([counting], timeout=COUNTED_WITHIN)
        if counting.done():
            return counting.result()
        counting.cancel()
        raise DatabaseUnavailable("PostgreSQL does not answer")


def health_routes(health: Health) -> list[APIRoute]:
    async def live() -> JSONResponse:
        """Liveness: if this is not 200, only a restart helps."""
        if stuck := health.stuck():
            return _unavailable(f"these loops hang: {', '.join(stuck)}", stuck)
        if health.broken():
            return _unavailable("a loop failed; the process is about to exit", ())
        return JSONResponse({"status": "ok"})

    async def ready() -> JSONResponse:
        """Readiness: hooks can be stored, and every loop runs. Redis and the mail server may be unavailable: requests
        wait for them, and none is lost."""
        try:
            await health.counted()
        except DatabaseUnavailable:
            # Without the error's text: this route is public, and the text names hosts and roles.
            return _unavailable("PostgreSQL is unavailable", ())
        if late := health.late():  # after that: without PostgreSQL, many are
            return _unavailable(f"these loops are late: {', '.join(late)}", late)
        return JSONResponse({"status": "ok"})

    async def metrics(request: Request) -> Response:
        """Metrics in Prometheus' text format."""
        if not _may_read_metrics(request, health.metrics_token):
            detail = "metrics are open on loopback; elsewhere set POSTROOM_METRICS_TOKEN and send it as a bearer token"
            raise problem("metrics_closed", detail)
        text = generate_latest(REGISTRY).decode()
        try:
            gauges = "".join(_gauge(name, value) for name, value in (await health.counted()).items())
        except DatabaseUnavailable:
            gauges = _gauge("database_up", 0)
        return PlainTextResponse(text + gauges, media_type=CONTENT_TYPE_LATEST)

    return [
        APIRoute("/health/live", live, methods=["GET"], responses={503: {"description": "Only a restart helps"}}),
        APIRoute(
            "/health/ready",
            ready,
            methods=["GET"],
            responses={503: {"description": "PostgreSQL is unavailable, or a loop is late"}},
        ),
        APIRoute(
            "/metrics",
            metrics,
            methods=["GET"],
            response_class=PlainTextResponse,
            responses={403: {"description": "Not for this client", **IN_OPENAPI}},
        ),
    ]


def _unavailable(reason: str, loops: Sequence[str]) -> JSONResponse:
    return JSONResponse({"status": "unavailable", "reason": reason, "loops": list(loops)}, status_code=503)


GAUGES = {
    "database_up": "1 if PostgreSQL answers",
    "requests_waiting": "Requests waiting for their due time",
    "requests_running": "Requests under a lease",
    "requests_overdue": "Waiting requests overdue by more than 5 s",
    "requests_dead": "Requests in the dead letters, without the dismissed ones",
    "requests_held_back": "Requests that wait until the mail server or a domain works again",
    "requests_crashing": "Requests whose last three or more attempts ended without an outcome",
    "oldest_overdue_seconds": "How long the most overdue request has been due",
    "breaker_open": "1 while the breaker is open and the mail server gets no requests",
    "creates_failing": "1 while the mail server is healthy and makes no mailbox for anybody",
    "sweep_finished_timestamp_seconds": "When a full sweep of the identities last ended; 0 before the first one",
    "mailboxes_missing": "Mailboxes that were made but are not at the mail server any more",
    "inspection_finished_timestamp_seconds": "When the last inspection of all mailboxes ended; 0 before the first one",
    "mailboxes_differing_rename": "Mailboxes whose identity has another address; at most 10,000 of a kind are counted",
    "mailboxes_differing_name": "Mailboxes whose identity has another name",
    "mailboxes_differing_inactive": "Mailboxes whose identity is inactive",
    "mailboxes_differing_address": "Mailboxes whose identity has an address that cannot be assigned",
    "mailboxes_differing_older": "Mailboxes whose identity went back to an older version",
    "mailboxes_differing_absent": "Mailboxes whose identity Kratos does not list",
    "live_events_waiting": "Events in the outbox that are not published yet",
    "oldest_live_event_seconds": "How long the oldest of them has waited",
    "log_months_ahead": "Future months for which the audit has a partition",
    "log_default_rows": "1 if rows fell into the audit's default partition: run postroom migrate",
}


def _gauge(name: str, value: float) -> str:
    full = f"postroom_{name}"
    return f"# HELP {full} {GAUGES[name]}\n# TYPE {full} gauge\n{full} {value:.16g}\n"


def _may_read_metrics(request: Request, token: str | None) -> bool:
    if token:
        given = request.headers.get("authorization", "").encode("utf-8", "surrogateescape")
        if hmac.compare_digest(given, f"Bearer {token}".encode()):
            return True
    # Behind a proxy on this host every client would look local.
    if any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip")):
        return False
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
