"""What the gateway allows a client, and how long it waits for whom."""

from dataclasses import dataclass

from postroom.jmap.limit_backoff import QUEUE_SECONDS

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class GatewayLimits:
    """Sizes are in bytes, times in seconds. Where the mail server allows less, it says so itself."""

    max_size_request: int = 10 * MEGABYTE
    max_size_upload: int = 50 * MEGABYTE
    max_calls_in_request: int = 50
    concurrent_requests: int = 4
    """of an account in this process; Stalwart serves an account four at a time"""
    concurrent_uploads: int = 4
    concurrent_downloads: int = 8
    event_streams: int = 16
    waiting: int = 32
    """requests of an account that may wait for their turn"""
    queue_seconds: float = QUEUE_SECONDS
    """how long they may, and how long once more, if the mail server serves others of the account"""
    buffered_upload: int = MEGABYTE
    """an upload up to this size is held, so that it can be sent again"""
    connect_seconds: float = 3.0
    answer_seconds: float = 60.0
    """silence of the mail server before a request is given up"""
    body_seconds: float = 30.0
    """from the first to the last byte of a request's body"""
    upload_seconds: float = 900.0
    """from the first to the last byte of an upload"""
    stall_seconds: float = 30.0
    """a client that neither sends nor takes a byte for so long is gone"""
    recheck_seconds: float = 60.0
    """how often the session behind an event stream is looked up again: a logout or a revoked token ends it"""
