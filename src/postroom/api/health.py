"""Health for orchestrators, metrics for Prometheus."""

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from postroom.api.problems import problem
from postroom.errors import Unavailable
from postroom.telemetry import REGISTRY

Counts = Callable[[], Awaitable[Mapping[str, float]]]


def health_router(counts: Counts, *, metrics_token: str | None) -> APIRouter:
    """`counts` asks PostgreSQL for the gauges of /metrics and raises `Unavailable`; it also proves readiness."""
    router = APIRouter()

    async def live() -> JSONResponse:
        """The process answers."""
        return JSONResponse({"status": "ok"})

    async def ready() -> JSONResponse:
        """Hooks can be stored. Redis and the mail server may be away: requests wait for them, none is lost."""
        try:
            await counts()
        except Unavailable as error:
            return JSONResponse({"status": "unavailable", "reason": str(error)}, status_code=503)
        return JSONResponse({"status": "ok"})

    async def metrics(request: Request) -> Response:
        """Prometheus' text format."""
        if not _may_read_metrics(request, metrics_token):
            return problem(
                403,
                "metrics are open on loopback; elsewhere set POSTROOM_METRICS_TOKEN and send it as a bearer token",
                code="metrics_closed",
            )
        text = generate_latest(REGISTRY).decode()
        try:
            gauges = "".join(_gauge(name, value) for name, value in (await counts()).items())
        except Unavailable:
            gauges = _gauge("database_up", 0)
        return PlainTextResponse(text + gauges, media_type=CONTENT_TYPE_LATEST)

    router.add_api_route("/health/live", live, methods=["GET"])
    router.add_api_route(
        "/health/ready", ready, methods=["GET"], responses={503: {"description": "PostgreSQL is away"}}
    )
    router.add_api_route("/metrics", metrics, methods=["GET"], responses={403: {"description": "Not from here"}})
    return router


GAUGES = {
    "database_up": "1 if PostgreSQL answers",
    "requests_waiting": "Requests that wait for their due time",
    "requests_running": "Requests under a lease",
    "requests_overdue": "Waiting requests overdue by more than 5 s",
    "requests_dead": "Requests in the dead letters",
    "requests_held_back": "Requests that wait for the mail server or a domain to be well again",
    "requests_crashing": "Requests whose attempts ended without an outcome three times in a row or more",
    "oldest_overdue_seconds": "How long the most overdue request has been due",
    "breaker_open": "1 while the mail server is not asked",
    "sweep_finished_timestamp_seconds": "When a full sweep of the identities last ended; 0 before the first one",
    "live_events_waiting": "Events in the outbox that no screen was told yet",
    "oldest_live_event_seconds": "How long the first of them has waited",
    "log_months_ahead": "Months for which the audit has a partition of its own",
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
    # A proxy on this host would make every client look local.
    if any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip")):
        return False
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
