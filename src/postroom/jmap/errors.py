"""The errors of JMAP requests.

    JmapError
    ├── NotSent          no connection: nothing was sent
    ├── NotAnswered      the connection broke, or the time ran out, when the request may have been sent
    ├── Unreadable       a response that does not conform to RFC 8620
    ├── HttpError        an HTTP status
    │   ├── Unauthorized     401
    │   └── RateLimited      429: slow down
    │       └── ConcurrencyLimited   a 400 `limit` on concurrency: nothing was applied, wait for a slot
    └── MethodError      RFC 8620 §3.6.2

The text of an error never holds the `detail` of a problem: Stalwart's echoes the request with its secrets.
"""

from collections.abc import Mapping
from typing import Any

from postroom.errors import PostroomError

CONCURRENCY_LIMITS = frozenset({"maxConcurrentRequests", "maxConcurrentUpload"})
"""The limits that a request passes after waiting. The others are exceeded by the request itself."""

_PREFIX = "urn:ietf:params:jmap:error:"
"""RFC 8620 §3.6.1"""


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
    """`type` is the problem's type without the prefix of RFC 8620 §3.6.1, "" if the response was not a problem (RFC
    7807). `retry_after` is in seconds. `by_server`: a JMAP server sent it, and not a proxy before it."""

    def __init__(
        self,
        status: int,
        type: str = "",  # noqa: A002 - RFC 7807 names it so
        limit: str = "",
        retry_after: float | None = None,
        *,
        by_server: bool = False,
    ) -> None:
        super().__init__(" ".join(filter(None, [f"mail server answered {status}", sanitize(type), sanitize(limit)])))
        self.status = status
        self.type = sanitize(type)
        self.retry_after = retry_after
        self.by_server = by_server
        self.temporary = self.temporary or status in (408, 502, 503, 504)


class Unauthorized(HttpError):
    """The server rejects these credentials. Another request with them counts towards a ban."""


class RateLimited(HttpError):
    temporary = True


class ConcurrencyLimited(RateLimited):
    """The server already serves as many requests of the account as it allows."""


class MethodError(JmapError):
    """The error of one call; it says nothing about other calls of the same request."""

    def __init__(self, type: str, arguments: Mapping[str, Any]) -> None:  # noqa: A002
        description = arguments.get("description")
        self.type = sanitize(type)
        self.description = sanitize(description) if isinstance(description, str) else ""
        super().__init__(f"mail server answered {self.type}" + (self.description and f": {self.description}"))


def method_error(arguments: Mapping[str, Any]) -> JmapError:
    """The error for the arguments of an `error` response."""
    kind = arguments.get("type")
    if not isinstance(kind, str):
        return Unreadable("mail server's response cannot be read (an error without a type)")
    return MethodError(kind, arguments)


def http_error(status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> HttpError:
    """The error for an HTTP response other than a success. `problem` is {} if its body was not a JSON object."""
    kind, limit = (each if isinstance(each := problem.get(name), str) else "" for name in ("type", "limit"))
    short = "" if kind == "about:blank" else kind.removeprefix(_PREFIX)
    # A proxy sends HTML, JSON without these members, or a problem with a type of its own.
    by_server = problem.get("status") == status and (kind == "about:blank" or kind.startswith(_PREFIX))
    return _class_of(status, short, limit)(status, short, limit, retry_after, by_server=by_server)


def _class_of(status: int, kind: str, limit: str) -> type[HttpError]:
    if status == 401:
        return Unauthorized
    if status == 400 and kind == "limit" and limit in CONCURRENCY_LIMITS:
        return ConcurrencyLimited
    return RateLimited if status == 429 else HttpError


def sanitize(text: str) -> str:
    """A text of the server, shortened and `printable`."""
    return printable(text[:150])


def printable(text: str) -> str:
    """A text of the server, fit for a log line and for PostgreSQL (no NUL, no line break, no lone surrogate)."""
    return "".join(c if c.isprintable() else " " for c in text)
