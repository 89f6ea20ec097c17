"""Maps Stalwart's error responses to our errors. Retry decisions depend on nothing else.

These are HTTP errors, method errors and SetErrors (RFC 8620 §3.6, §5.3). Stalwart's own choices, seen on 0.16.19: for
too many concurrent requests it sends a 400 `limit`, not a 429, and for every internal error `serverUnavailable`.
"""

from postroom.errors import MailServerError, Misconfigured, Permanent, Throttled, Transient
from postroom.jmap.errors import ConcurrencyLimited, HttpError, JmapError, MethodError, NotSent, RateLimited, sanitize
from postroom.stalwart.response_models import SetError

FIXES = {
    401: "correct POSTROOM_STALWART_API_KEY",
    402: "switch the second factor off for the account of POSTROOM_STALWART_API_KEY",
    403: "correct POSTROOM_STALWART_API_KEY, or what its account may do at Stalwart, and from where "
    "(postroom setup stalwart --allowed-ip)",
}
"""By HTTP status"""


class Busy(Exception):
    """More than four of our requests at once (over all processes): wait a moment and try again."""


class WrongGeneration(Exception):
    """The response does not fit the detected generation: detect it again. If the server is still of that generation,
    the response says nothing about it; a proxy may have sent it."""


class RequestRefused(WrongGeneration):
    """The server refuses this request. That may concern this one only: only its mailbox is postponed."""


def error_of(error: JmapError) -> MailServerError | Busy | WrongGeneration:
    """The error for the requested mailbox."""
    match error:
        case ConcurrencyLimited():
            return Busy()
        case RateLimited():
            return Throttled("mail server answered 429", retry_after=error.retry_after)
        case HttpError():
            return _of_http(error)
        case MethodError():
            return _of_method(error)
        case _:
            return Transient(str(error), outcome_unknown=not isinstance(error, NotSent))


def _of_http(error: HttpError) -> MailServerError | WrongGeneration:
    """Only what the server itself says about our key concerns all requests. Without its problem document (RFC 7807) a
    400, 401, 402 or 403 is that of a proxy: an outage, like every 5xx."""
    match error.status:
        case status if status >= 500 or (status in (400, *FIXES) and not error.by_server):
            return Transient(str(error), outcome_unknown=True)
        case 401 | 402 | 403 as status:
            what = {401: "does not know our key", 402: "wants a second factor from our account", 403: "forbids it"}
            return Misconfigured(
                f"mail server {what[status]} ({status})", unauthorized=status == 401, fix=FIXES[status]
            )
        case 400 if error.type not in ("limit", "unknownCapability"):
            # notJSON, notRequest: our bug, or another version. Neither may make requests dead letters.
            return RequestRefused(str(error))
        case _:
            return WrongGeneration(str(error))


def _of_method(error: MethodError) -> MailServerError | WrongGeneration:
    """RFC 8620 §3.6.2."""
    match error.type:
        case "serverUnavailable" | "serverPartialFail" | "serverFail":
            return Transient(f"mail server answered {error.type}", outcome_unknown=True)
        case "rateLimit":
            return Throttled("mail server answered rateLimit")
        case "forbidden":
            return RequestRefused(f"mail server forbids it: {error.description}")
        case "invalidArguments" | "requestTooLarge":
            return RequestRefused(f"mail server answered {error.type}")
        case _:
            return WrongGeneration(f"mail server answered {error.type}")


def set_error(error: SetError, *, domain: str) -> MailServerError:
    """The error for a SetError of a create in `domain` (RFC 8620 §5.3). It is about one object, never about the server:
    what an operator can fix postpones the requests of that domain only."""
    message = sanitize(error.description or str(error.validation_errors or error.properties or "no reason given"))
    match error.type:
        case "invalidProperties" | "invalidPatch" | "validationFailed" | "tooLarge" | "alreadyExists":
            return Permanent(f"mail server refused the mailbox ({error.type}): {message}")
        case "rateLimit":
            return Throttled("mail server answered rateLimit")
        case "invalidForeignKey":
            return Misconfigured(f"mail server no longer has an object that a mailbox in {domain} needs", domain=domain)
        case "forbidden":
            return Misconfigured(f"mail server forbids it: {message}", domain=domain)
        case "overQuota":
            return Misconfigured(f"mail server is over a quota: {message}", domain=domain)
        case _:
            return Misconfigured(f"mail server answered {sanitize(error.type)}: {message}", domain=domain)
