"""The sizes, numbers and times that the gateway allows."""

from dataclasses import dataclass

from postroom.jmap.limit_backoff import QUEUE_SECONDS

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class GatewayLimits:
    """Sizes are in bytes, times in seconds. A lower limit of the mail server applies, too: it enforces its own."""

    max_size_request: int = 10 * MEGABYTE
    max_size_upload: int = 50 * MEGABYTE
    max_calls_in_request: int = 50
    concurrent_requests: int = 4
    """for each account in this process; Stalwart serves four at a time for an account"""
    concurrent_uploads: int = 4
    concurrent_downloads: int = 8
    event_streams: int = 16
    waiting: int = 32
    """requests of an account that may wait for a slot"""
    queue_seconds: float = QUEUE_SECONDS
    """how long they may wait here, and again at the mail server, if it is busy with other requests of the account"""
    buffered_upload: int = MEGABYTE
    """an upload up to this size is buffered, so that it can be sent again"""
    connect_seconds: float = 3.0
    response_seconds: float = 60.0
    """how long the mail server may be silent before a request fails"""
    body_seconds: float = 30.0
    """from the first to the last byte of a request's body"""
    upload_seconds: float = 900.0
    """from the first to the last byte of an upload"""
    stall_seconds: float = 30.0
    """a client that neither sends nor reads a byte for so long is disconnected"""
    recheck_seconds: float = 60.0
    """how often the session behind an event stream is checked again: a logout or a revoked token ends the stream"""
