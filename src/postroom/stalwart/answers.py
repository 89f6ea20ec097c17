"""Which answer of Stalwart is which error. The retry decision hangs on nothing else.

HTTP answers, method errors and SetErrors (RFC 8620 §3.6, §5.3); Stalwart's own choices, seen on 0.16.19: too
many requests at once are a 400 `limit`, not a 429, and every internal error is `serverUnavailable`.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from postroom.errors import MailServerError, Misconfigured, Permanent, Throttled, Transient
from postroom.stalwart.shapes import MethodError, ObjectId, Problem, SetError, read

BUSY_LIMITS = frozenset({"maxConcurrentRequests", "maxConcurrentUpload"})

_OUTAGE = frozenset({408, 500, 502, 503, 504})


class Busy(Exception):
    """More than four of our requests at once (over all processes): wait a moment and ask again."""


class WrongGeneration(Exception):
    """The answer of a server that is not what it was detected to be: detect once more."""

    def __init__(self, misconfigured: Misconfigured) -> None:
        super().__init__(str(misconfigured))
        self.misconfigured = misconfigured


class PrimaryKeyViolation(Exception):
    """The address or the mark is taken; `holder` names the object that holds it, if the server says."""

    def __init__(self, holder: ObjectId | None) -> None:
        super().__init__(str(holder))
        self.holder = holder


def check_http(status: int, headers: Mapping[str, str], body: Mapping[str, Any]) -> None:
    """Raise what an HTTP answer other than 200 means. `body` is {} if it was no JSON object."""
    if status == 200:
        return
    try:
        problem = Problem.model_validate(body)
    except ValidationError:
        problem = Problem()
    kind = problem.type.removeprefix("urn:ietf:params:jmap:error:")
    if status == 400 and kind == "limit" and problem.limit in BUSY_LIMITS:
        raise Busy
    if status == 429:
        raise Throttled("mail server answered 429", retry_after=_seconds(headers.get("retry-after")))
    if status in _OUTAGE:
        raise Transient(f"mail server answered {status}", outcome_unknown=True)
    if status in (401, 402, 403):
        what = {401: "does not know our key", 402: "wants a second factor from our account", 403: "forbids it"}
        raise Misconfigured(f"mail server {what[status]} ({status})", unauthorized=status == 401)
    # 404, notJSON, notRequest, other limits: our bug or another version. Neither may bury people.
    raise WrongGeneration(Misconfigured(f"mail server answered {status} {told(kind)} {told(problem.limit)}".rstrip()))


def check_method(name: str, arguments: Mapping[str, Any]) -> None:
    """Raise what a method-level `error` means (RFC 8620 §3.6.2)."""
    if name != "error":
        return
    error = read(MethodError, arguments)
    if error.type in ("serverUnavailable", "serverPartialFail", "serverFail"):
        raise Transient(f"mail server answered {error.type}", outcome_unknown=True)
    if error.type == "rateLimit":
        raise Throttled("mail server answered rateLimit")
    if error.type == "forbidden":
        raise Misconfigured(f"mail server forbids it: {told(error.description)}")
    raise WrongGeneration(Misconfigured(f"mail server answered {told(error.type)}"))


def set_error(error: SetError, *, domain: str) -> MailServerError | PrimaryKeyViolation:
    """What a SetError of a create in `domain` means (RFC 8620 §5.3)."""
    words = told(error.description or str(error.validation_errors or error.properties or "no reason given"))
    match error.type:
        case "primaryKeyViolation":
            return PrimaryKeyViolation(error.object_id)
        case "invalidProperties" | "invalidPatch" | "validationFailed":
            return Permanent(f"mail server refused the mailbox ({error.type}): {words}")
        case "rateLimit":
            return Throttled("mail server answered rateLimit")
        case "invalidForeignKey":
            return Misconfigured(f"mail server does not have the domain {domain}", domain=domain)
        case "forbidden":
            return Misconfigured(f"mail server forbids it: {words}")
        case "overQuota":
            return Misconfigured(f"mail server is over a quota: {words}")
        case _:
            return Misconfigured(f"mail server answered {told(error.type)}: {words}")


def told(text: str) -> str:
    """The server's own words: short, and fit for a log line and for PostgreSQL (no NUL, no line break)."""
    return "".join(c if c.isprintable() else " " for c in text)[:150]


def _seconds(value: str | None) -> float | None:
    """`Retry-After` in seconds; None if absent or a date, which Stalwart does not send."""
    try:
        return None if value is None else float(value)
    except ValueError:
        return None
