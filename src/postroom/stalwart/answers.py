"""Which answer of Stalwart is which error. The retry decision hangs on nothing else.

HTTP answers, method errors and SetErrors (RFC 8620 §3.6, §5.3); Stalwart's own choices, seen on 0.16.19: too
many requests at once are a 400 `limit`, not a 429, and every internal error is `serverUnavailable`.
"""

from collections.abc import Mapping
from typing import Any

from postroom.errors import MailServerError, Misconfigured, Permanent, Throttled, Transient

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
    """The address or the mark is taken; `holder` is the id of the object that holds it, `kind` its type."""

    def __init__(self, kind: str, holder: str) -> None:
        super().__init__(f"{kind} {holder}")
        self.kind = kind
        self.holder = holder


def check_http(status: int, headers: Mapping[str, str], problem: Mapping[str, Any]) -> None:
    """Raise what an HTTP answer other than 200 means. `problem` is its body (RFC 7807), {} if unreadable.

    Its `detail` echoes our request, so no error text and no log line carries it.
    """
    if status == 200:
        return
    kind = str(problem.get("type", "")).removeprefix("urn:ietf:params:jmap:error:")
    if status == 400 and kind == "limit" and problem.get("limit") in BUSY_LIMITS:
        raise Busy
    if status == 429:
        raise Throttled("mail server answered 429", retry_after=_seconds(headers.get("retry-after")))
    if status in _OUTAGE:
        raise Transient(f"mail server answered {status}", outcome_unknown=True)
    if status in (401, 402, 403):
        what = {
            401: "does not know our key",
            402: "wants a second factor from our account",
            403: "forbids it",
        }
        raise Misconfigured(f"mail server {what[status]} ({status})", unauthorized=status == 401)
    # 404, notJSON, notRequest, other limits: our bug or another version. Neither may bury people.
    limit = f" {problem['limit']}" if isinstance(problem.get("limit"), str) else ""
    raise WrongGeneration(Misconfigured(f"mail server answered {status} {kind or 'unexpectedly'}{limit}"))


def check_method(name: str, arguments: Mapping[str, Any]) -> None:
    """Raise what a method-level `error` means (RFC 8620 §3.6.2)."""
    if name != "error":
        return
    kind = str(arguments.get("type", "unknown"))
    if kind in ("serverUnavailable", "serverPartialFail", "serverFail"):
        raise Transient(f"mail server answered {kind}", outcome_unknown=True)
    if kind == "rateLimit":
        raise Throttled("mail server answered rateLimit")
    if kind == "forbidden":
        raise Misconfigured(f"mail server forbids it: {_words(arguments)}")
    raise WrongGeneration(Misconfigured(f"mail server answered {kind}"))


def set_error(error: Mapping[str, Any], *, domain: str) -> MailServerError | PrimaryKeyViolation:
    """What a SetError of a create in `domain` means (RFC 8620 §5.3)."""
    kind = str(error.get("type", "unknown"))
    holder = error.get("objectId")
    if kind == "primaryKeyViolation" and isinstance(holder, dict):
        return PrimaryKeyViolation(str(holder.get("object")), str(holder.get("id")))  # pyright: ignore[reportUnknownMemberType,reportUnknownArgumentType] — JSON
    match kind:
        case "invalidProperties" | "invalidPatch" | "validationFailed":
            return Permanent(f"mail server refused the mailbox ({kind}): {_words(error)}")
        case "rateLimit":
            return Throttled("mail server answered rateLimit")
        case "invalidForeignKey":
            return Misconfigured(f"mail server does not have the domain {domain}", domain=domain)
        case "forbidden":
            return Misconfigured(f"mail server forbids it: {_words(error)}")
        case "overQuota":
            return Misconfigured(f"mail server is over a quota: {_words(error)}")
        case _:
            return Misconfigured(f"mail server answered {kind}: {_words(error)}")


def _words(error: Mapping[str, Any]) -> str:
    """The server's own sentence, shortened; of a validation error its parts."""
    said = error.get("description") or error.get("validationErrors") or error.get("properties") or "no reason given"
    return str(said)[:300]


def _seconds(value: str | None) -> float | None:
    """`Retry-After` in seconds; None if absent or a date, which Stalwart does not send."""
    try:
        return None if value is None else float(value)
    except ValueError:
        return None
