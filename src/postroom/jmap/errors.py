"""What can go wrong between a JMAP request and its answer.

    JmapError
    ├── NotSent          no connection, or no turn: nothing left this machine
    ├── TooLarge         more than the server's limits allow: refused here, before it was sent
    ├── NotProvisioned   the session holds no account (yet) for what is asked
    ├── NotAnswered      the connection broke, or time ran out, after the request may have left
    ├── Unreadable       an answer of another shape than RFC 8620's
    ├── HttpError        an HTTP status
    │   ├── Unauthorized     401
    │   ├── Limited          429, or a 400 `limit` on concurrency: slow down
    │   └── RequestError     a 400 of RFC 8620 §3.6.1: notJSON, notRequest, unknownCapability, other limits
    ├── MethodError      RFC 8620 §3.6.2
    │   ├── StateMismatch
    │   └── CannotCalculateChanges
    ├── SetError         RFC 8620 §5.3: one object
    └── SetErrors        the objects of one call that were refused

`never_applied` is the question before anything is sent again: is it certain that the request changed nothing? The
text of an error never holds the `detail` of a problem: Stalwart's echoes the request, secrets included.
"""

from collections.abc import Mapping
from typing import Any

from postroom.errors import PostroomError

BUSY_LIMITS = frozenset({"maxConcurrentRequests", "maxConcurrentUpload"})
"""The limits that pass by waiting; the others are exceeded by the request itself."""

_MAY_HAVE_CHANGED = frozenset({"serverPartialFail", "serverUnavailable", "serverFail"})
"""RFC 8620 §3.6.2 says so of the first only; Stalwart ends a /set midway with the second, what was done stays done."""


class JmapError(PostroomError):
    """`temporary`: the same request may succeed a moment later."""

    never_applied = False
    temporary = False


class NotSent(JmapError):
    never_applied = True
    temporary = True


class TooLarge(JmapError):
    """`limit` is the name of the limit in RFC 8620 §2."""

    never_applied = True

    def __init__(self, limit: str, message: str) -> None:
        super().__init__(f"{message} ({limit})")
        self.limit = limit


class NotProvisioned(JmapError):
    never_applied = True


class NotAnswered(JmapError):
    temporary = True


class Unreadable(JmapError):
    pass


class HttpError(JmapError):
    """`type` is the problem's, without the prefix of RFC 8620 §3.6.1, "" if the answer was no problem (RFC 7807);
    `retry_after` is in seconds."""

    def __init__(self, status: int, type: str = "", limit: str = "", retry_after: float | None = None) -> None:  # noqa: A002 - RFC 7807 names it so
        super().__init__(" ".join(filter(None, [f"mail server answered {status}", told(type), told(limit)])))
        self.status = status
        self.type = told(type)
        self.limit = told(limit)
        self.retry_after = retry_after
        # A proxy's 5xx, and a 408, may come after the server behind it did the work.
        self.never_applied = 300 <= status < 500 and status != 408
        self.temporary = status in (408, 429, 502, 503, 504)


class Unauthorized(HttpError):
    """The server does not know these credentials. Asking again with them counts towards a ban."""


class Limited(HttpError):
    def __init__(self, status: int, type: str = "", limit: str = "", retry_after: float | None = None) -> None:  # noqa: A002
        super().__init__(status, type, limit, retry_after)
        self.temporary = True


class RequestError(HttpError):
    """The request as a whole was refused, before any of its methods ran."""


class MethodError(JmapError):
    """`arguments`: the whole error object. Other calls of the same request stand for themselves."""

    def __init__(self, type: str, arguments: Mapping[str, Any]) -> None:  # noqa: A002
        description = arguments.get("description")
        self.type = told(type)
        self.description = told(description) if isinstance(description, str) else ""
        super().__init__(f"mail server answered {self.type}" + (self.description and f": {self.description}"))
        self.arguments = arguments
        self.never_applied = type not in _MAY_HAVE_CHANGED


class StateMismatch(MethodError):
    """`ifInState` named a state that has passed: read again, then decide again."""


class CannotCalculateChanges(MethodError):
    """The state is too old, or not the server's: read everything again (RFC 8620 §5.2)."""


class SetError(JmapError):
    """Why one object was not made, changed or destroyed. `arguments`: the whole error object."""

    never_applied = True

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        kind, description = arguments.get("type"), arguments.get("description")
        self.type = told(kind) if isinstance(kind, str) else "unknown"
        self.description = told(description) if isinstance(description, str) else ""
        super().__init__(f"mail server answered {self.type}" + (self.description and f": {self.description}"))
        self.arguments = arguments


class SetErrors(JmapError):
    """`errors`: creation id, or id, → what was wrong. `answer`: the whole of it; other objects may have succeeded."""

    def __init__(self, errors: Mapping[str, SetError], answer: Mapping[str, Any]) -> None:
        first = next(iter(errors.values()))
        super().__init__(str(first) if len(errors) == 1 else f"{first} (and {len(errors) - 1} more)")
        self.errors = errors
        self.answer = answer
        self.never_applied = not any(answer.get(each) for each in ("created", "updated", "destroyed"))


_METHOD_ERRORS = {"stateMismatch": StateMismatch, "cannotCalculateChanges": CannotCalculateChanges}


def method_error(arguments: Mapping[str, Any]) -> JmapError:
    """What the arguments of an `error` response mean."""
    kind = arguments.get("type")
    if not isinstance(kind, str):
        return Unreadable("mail server's answer cannot be read (an error without a type)")
    return _METHOD_ERRORS.get(kind, MethodError)(kind, arguments)


def http_error(status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> HttpError:
    """What an HTTP answer other than success means. `problem` is {} if its body was no JSON object."""
    kind, limit = (each if isinstance(each := problem.get(name), str) else "" for name in ("type", "limit"))
    kind = "" if kind == "about:blank" else kind
    short = kind.removeprefix("urn:ietf:params:jmap:error:")
    if status == 401:
        return Unauthorized(status, short, limit, retry_after)
    if status == 429 or (status == 400 and short == "limit" and limit in BUSY_LIMITS):
        return Limited(status, short, limit, retry_after)
    if status == 400 and short != kind:
        return RequestError(status, short, limit, retry_after)
    return HttpError(status, short, limit, retry_after)


def told(text: str) -> str:
    """The server's own words: short, and fit for a log line and for PostgreSQL (no NUL, no line break)."""
    return "".join(c if c.isprintable() else " " for c in text[:150])
