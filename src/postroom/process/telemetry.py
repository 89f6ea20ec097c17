"""Logging, and the names of all metrics."""

import atexit
import logging
import sys
from typing import TextIO, cast

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from structlog.typing import EventDict, WrappedLogger

from postroom.process.log_queue import LogQueue

log = structlog.stdlib.get_logger("postroom")

REGISTRY = CollectorRegistry()

_FAST = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

HOOKS = Counter("postroom_hooks_total", "Provisioning hooks answered, by HTTP status", ["status"], registry=REGISTRY)
HOOKS_SHED = Counter(
    "postroom_hooks_shed_total", "Hooks answered 503 unread, because too many were under way", registry=REGISTRY
)
HOOK_SECONDS = Histogram(
    "postroom_hook_seconds", "From a hook's arrival to its response", buckets=_FAST, registry=REGISTRY
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
    "Requests that failed with an unexpected error, by the path of their route",
    ["path"],
    registry=REGISTRY,
)
LOG_LINES_DROPPED = Counter(
    "postroom_log_lines_dropped_total",
    "Log lines that nobody read in time, or that could not be written",
    registry=REGISTRY,
)
LOOP_AGE = Gauge(
    "postroom_loop_seconds_since_last_round",
    "Seconds since the last iteration of each loop of this process",
    ["loop"],
    registry=REGISTRY,
)
REDIS_ERRORS = Counter(
    "postroom_redis_errors_total", "Calls to Redis that failed; PostgreSQL or this process took over", registry=REGISTRY
)
DATABASE_ERRORS = Counter(
    "postroom_database_errors_total", "Calls that found PostgreSQL unavailable", ["where"], registry=REGISTRY
)
CORRECTIONS = Counter(
    "postroom_reconcile_corrections_total",
    "Members of the sorted set that reconcile added or removed; none without faults",
    ["direction"],
    registry=REGISTRY,
)
SWEPT = Counter(
    "postroom_swept_identities_total", "Identities that the sweep read, by what it found", ["found"], registry=REGISTRY
)
SWEEP_PAGES = Counter("postroom_sweep_pages_total", "Pages of identities that the sweep read", registry=REGISTRY)
SWEEP_INTERVAL = Gauge(
    "postroom_sweep_interval_seconds", "POSTROOM_SWEEP_SECONDS; 0 where no sweep is configured", registry=REGISTRY
)
SWEEP_FAILURES = Counter("postroom_sweep_failures_total", "Pages that Kratos did not return", registry=REGISTRY)
RELEASED = Counter(
    "postroom_released_requests_total", "Requests released after the cause they waited for had ended", registry=REGISTRY
)
BREAKER_OPENED = Counter(
    "postroom_breaker_opened_total",
    "Openings of the breaker requested by this process, by cause",
    ["cause"],
    registry=REGISTRY,
)

FAR_TIMES = Counter(
    "postroom_far_times_total",
    "Times that were further away than any rule puts them, and were brought back",
    ["what"],
    registry=REGISTRY,
)
UNRECORDED = Gauge(
    "postroom_mailboxes_unrecorded",
    "Mailboxes that are made, but whose record is lost, at the last count of this process",
    registry=REGISTRY,
)

LIVE_EVENTS = Counter(
    "postroom_live_events_total",
    "Events of the outbox by outcome: announced (published), or refused for good",
    ["result"],
    registry=REGISTRY,
)
PUBLISHER_ERRORS = Counter(
    "postroom_publisher_errors_total", "Batches that could not be published; they stay in the outbox", registry=REGISTRY
)
LIVE_STREAMS = Gauge("postroom_live_streams", "Open streams of server-sent events of this process", registry=REGISTRY)
GUESSES_REFUSED = Counter(
    "postroom_guesses_refused_total",
    "Passwords and codes that were refused unread, after too many wrong ones",
    registry=REGISTRY,
)

STALWART_HOOKS = Counter(
    "postroom_stalwart_hooks_total", "Webhooks about new mail, by result", ["result"], registry=REGISTRY
)
ARRIVAL_HINTS = Counter(
    "postroom_arrival_hints_total",
    "Hints that an account may have new mail: taken, or dropped because too many accounts wait for a poll",
    ["result"],
    registry=REGISTRY,
)
ARRIVAL_POLLS = Counter("postroom_arrival_polls_total", "Polls for new mail, by result", ["result"], registry=REGISTRY)
ARRIVALS = Counter("postroom_arrivals_total", "New mails put into the outbox", registry=REGISTRY)
MAIL_DEFECTS = Counter(
    "postroom_mail_defects_total", "Unexpected errors in the mail part, which continues", ["where"], registry=REGISTRY
)
EVENT_SOURCES = Gauge(
    "postroom_event_sources", "People for whom this process listens to the mail server", registry=REGISTRY
)

LAST_LINES_WITHIN = 0.3
"""Seconds that writing the last log lines may delay the end of a process."""


def _say_dropped(lines: int) -> None:
    log.warning("Log lines are missing here: nobody read them in time, or they could not be written", dropped=lines)


_lines = LogQueue(count=LOG_LINES_DROPPED.inc, say=_say_dropped)


def write_last_lines() -> None:
    """Wait until the log lines are written, but not for a reader that does not read."""
    _lines.drain(LAST_LINES_WITHIN)


def configure_logging(*, json: bool, level: str = "INFO") -> None:
    """Send all log lines, also those of libraries, to standard error: as JSON, or for a terminal."""
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
            # The default one prints local variables, keys and addresses among them.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    if sys.stderr:  # else the process was started without one, and the number 2 may be that of any file
        _lines.start(sys.stderr.fileno())
        atexit.register(write_last_lines)
    # Ours go directly to the queue: through `logging`, the two lines of a hook took a fifth of its total time.
    structlog.configure(
        processors=[*shared, *([structlog.processors.format_exc_info] if json else []), renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _lines)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # They log every request and connection at INFO; our own lines are enough.
    for noisy in ("httpx2", "httpcore2", "uvicorn.access", "alembic"):
        logging.getLogger(noisy).setLevel("WARNING")


def _drop_color_message(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # uvicorn repeats each message with colour codes for its own formatter.
    event.pop("color_message", None)
    return event
