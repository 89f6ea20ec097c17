"""What can go wrong between a JMAP request and its answer.

    JmapError
    ├── NotSent          no connection: nothing left this machine
    ├── NotAnswered      the connection broke, or time ran out, after the request may have left
    ├── Unreadable       an answer of another shape than RFC 8620's
    ├── HttpError        an HTTP status
    │   ├── Unauthorized     401
    │   └── RateLimited          429: slow down
    │       └── ConcurrencyLimited          a 400 `limit` on concurrency: nothing was applied, wait for a turn
    └── MethodError      RFC 8620 §3.6.2

The text of an error never holds the `detail` of a problem: Stalwart's echoes the request, secrets included.
"""

from collections.abc import Mapping
from typing import Any

from postroom.errors import PostroomError

CONCURRENCY_LIMITS = frozenset({"maxConcurrentRequests", "maxConcurrentUpload"})
"""The limits that pass by waiting; the others are exceeded by the request itself."""


class JmapError(PostroomError):
    """`temporary`: the same request may succeed a moment later."""

    temporary = False


class NotSent(JmapError):
    temporary = True


class NotAnswered(JmapError):
    temporary = True


class Unreadable(JmapError):
    pass


class HttpError(JmapError):
    """`type` is the problem's, without the prefix of RFC 8620 §3.6.1, "" if the answer was no problem (RFC 7807);
    `retry_after` is in seconds."""

    def __init__(self, status: int, type: str = "", limit: str = "", retry_after: float | None = None) -> None:  # noqa: A002 - RFC 7807 names it so
        super().__init__(" ".join(filter(None, [f"mail server answered {status}", sanitize(type), sanitize(limit)])))
        self.status = status
        self.type = sanitize(type)
        self.retry_after = retry_after
        self.temporary = self.temporary or status in (408, 502, 503, 504)


class Unauthorized(HttpError):
    """The server does not know these credentials. Asking again with them counts towards a ban."""


class RateLimited(HttpError):
    temporary = True


class ConcurrencyLimited(RateLimited):
    """As many requests of the account are served as may be."""


class MethodError(JmapError):
    """Other calls of the same request stand for themselves."""

    def __init__(self, type: str, arguments: Mapping[str, Any]) -> None:  # noqa: A002
        description = arguments.get("description")
        self.type = sanitize(type)
        self.description = sanitize(description) if isinstance(description, str) else ""
        super().__init__(f"mail server answered {self.type}" + (self.description and f": {self.description}"))


def method_error(arguments: Mapping[str, Any]) -> JmapError:
    """What the arguments of an `error` response mean."""
    kind = arguments.get("type")
    if not isinstance(kind, str):
        return Unreadable("mail server's answer cannot be read (an error without a type)")
    return MethodError(kind, arguments)


def http_error(status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> HttpError:
    """What an HTTP answer other than success means. `problem` is {} if its body was no JSON object."""
    kind, limit = (each if isinstance(each := problem.get(name), str) else "" for name in ("type", "limit"))
    short = "" if kind == "about:blank" else kind.removeprefix("urn:ietf:params:jmap:error:")
    if status == 401:
        return Unauthorized(status, short, limit, retry_after)
    if status == 400 and short == "limit" and limit in CONCURRENCY_LIMITS:
        return ConcurrencyLimited(status, short, limit, retry_after)
    if status == 429:
        return RateLimited(status, short, limit, retry_after)
    return HttpError(status, short, limit, retry_after)


def sanitize(text: str) -> str:
    """The server's own words: short, and fit for a log line and for PostgreSQL (no NUL, no line break)."""
    return "".join(c if c.isprintable() else " " for c in text[:150])
