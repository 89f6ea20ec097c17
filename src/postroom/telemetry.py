"""Log lines and metrics: their names, in one place."""

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from structlog.typing import EventDict, WrappedLogger

log = structlog.stdlib.get_logger("postroom")

REGISTRY = CollectorRegistry()

_FAST = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

HOOKS = Counter("postroom_hooks_total", "Provisioning hooks answered, by HTTP status", ["status"], registry=REGISTRY)
HOOKS_SHED = Counter(
    "postroom_hooks_shed_total", "Hooks answered 503 unread, since too many were under way", registry=REGISTRY
)
HOOK_SECONDS = Histogram(
    "postroom_hook_seconds", "From a hook's arrival to its answer", buckets=_FAST, registry=REGISTRY
)
ATTEMPTS = Counter(
    "postroom_attempts_total", "Attempts settled, by their status in the audit", ["status"], registry=REGISTRY
)
ATTEMPT_SECONDS = Histogram(
    "postroom_attempt_seconds", "From an attempt's start to its settled row", buckets=_FAST, registry=REGISTRY
)
LATENESS_SECONDS = Histogram(
    "postroom_lateness_seconds",
    "How long after its due time a waiting request was claimed",
    buckets=(0.001, 0.005, 0.015, 0.05, 0.25, 1, 5, 30, 300),
    registry=REGISTRY,
)
UNHANDLED_ERRORS = Counter(
    "postroom_unhandled_errors_total",
    "Requests that broke by an error that nobody foresaw, by the path of their route",
    ["path"],
    registry=REGISTRY,
)
LOOP_AGE = Gauge(
    "postroom_loop_seconds_since_last_round",
    "How long ago each loop of this process last went round",
    ["loop"],
    registry=REGISTRY,
)
REDIS_ERRORS = Counter(
    "postroom_redis_errors_total", "Calls to Redis that failed; PostgreSQL took over", registry=REGISTRY
)
DATABASE_ERRORS = Counter(
    "postroom_database_errors_total", "Calls that found PostgreSQL away", ["where"], registry=REGISTRY
)
CORRECTIONS = Counter(
    "postroom_reconcile_corrections_total",
    "Members of the sorted set that reconcile added or removed; none in a run without faults",
    ["direction"],
    registry=REGISTRY,
)
SWEPT = Counter(
    "postroom_swept_identities_total",
    "Identities that the sweep looked at, by what it found",
    ["found"],
    registry=REGISTRY,
)
SWEEP_PAGES = Counter("postroom_sweep_pages_total", "Pages of identities that the sweep read", registry=REGISTRY)
SWEEP_INTERVAL = Gauge(
    "postroom_sweep_interval_seconds",
    "POSTROOM_SWEEP_SECONDS; 0 where no sweep is configured",
    registry=REGISTRY,
)
SWEEP_FAILURES = Counter("postroom_sweep_failures_total", "Pages that Kratos did not give", registry=REGISTRY)
RELEASED = Counter(
    "postroom_released_requests_total", "Requests released once what they waited for had ended", registry=REGISTRY
)
BREAKER_OPENED = Counter(
    "postroom_breaker_opened_total",
    "Openings of the breaker asked for here, by cause",
    ["cause"],
    registry=REGISTRY,
)

LIVE_EVENTS = Counter(
    "postroom_live_events_total",
    "Events of the outbox, by their end: announced, or refused for good",
    ["result"],
    registry=REGISTRY,
)
ANNOUNCER_ERRORS = Counter(
    "postroom_announcer_errors_total", "Batches that could not be announced; they stay in the outbox", registry=REGISTRY
)
LIVE_STREAMS = Gauge("postroom_live_streams", "Streams of server-sent events that are open here", registry=REGISTRY)

STALWART_HOOKS = Counter(
    "postroom_stalwart_hooks_total", "Web hooks about new mail, by what became of them", ["result"], registry=REGISTRY
)
ARRIVAL_HINTS = Counter(
    "postroom_arrival_hints_total",
    "Hints that an account may have new mail: taken, or dropped since too many accounts were hinted at",
    ["result"],
    registry=REGISTRY,
)
ARRIVAL_LOOKS = Counter(
    "postroom_arrival_looks_total", "Looks for new mail, by what came of them", ["result"], registry=REGISTRY
)
ARRIVALS = Counter("postroom_arrivals_total", "New mails put into the outbox", registry=REGISTRY)
MAIL_DEFECTS = Counter(
    "postroom_mail_defects_total",
    "Errors in the mail half that nobody foresaw; it goes on",
    ["where"],
    registry=REGISTRY,
)
EVENT_SOURCES = Gauge(
    "postroom_event_sources", "People for whom the mail server is listened to here", registry=REGISTRY
)


def configure_logging(*, json: bool, level: str = "INFO") -> None:
    """Send all log lines, the libraries' too, to standard error: for machines or for eyes."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _drop_color_message,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(
            colors=bool(sys.stderr and sys.stderr.isatty()),
            # The pretty one prints local variables: keys and addresses.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    # Ours go straight to the stream: through `logging` the two lines of a hook cost a fifth of all its work.
    structlog.configure(
        processors=[*shared, *([structlog.processors.format_exc_info] if json else []), renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _Lines(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # They tell at INFO of every request and connection; ours are enough.
    for noisy in ("httpx2", "httpcore2", "uvicorn.access", "alembic"):
        logging.getLogger(noisy).setLevel("WARNING")


class _Lines:
    """Where log lines go. One that cannot be written, since the disk is full or the reader left, is lost and breaks
    nothing: so does `logging`."""

    def __init__(self, stream: TextIO | None) -> None:
        """None is what `sys.stderr` is where a process was started without one."""
        self._stream = stream

    def write(self, line: str) -> None:
        if self._stream:
            with suppress(OSError, ValueError):  # ValueError: it is closed
                self._stream.write(line)

    def flush(self) -> None:
        if self._stream:
            with suppress(OSError, ValueError):
                self._stream.flush()


def _drop_color_message(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # uvicorn doubles each message with colour codes for its own formatter.
    event.pop("color_message", None)
    return event
