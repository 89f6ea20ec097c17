"""The problems of requests to /jmap: JMAP's own (RFC 8620 §3.6.1), and those for errors of the mail server."""

from typing import Literal

from postroom.http.json_object import JsonObject, json_object
from postroom.http.problems import Problem, plain_problem, problem, retry_after
from postroom.jmap.errors import CONCURRENCY_LIMITS

JMAP_ERROR = "urn:ietf:params:jmap:error:"
JMAP_ERRORS = frozenset(JMAP_ERROR + name for name in ("unknownCapability", "notJSON", "notRequest", "limit"))
_LONGEST_DETAIL = 1000
_UPLOAD_QUOTA = "Quota exceeded"
"""The title of Stalwart's 429 for too many uploads within an hour (0.16.19)."""
_MAY_BE_DONE = frozenset({"mail_server_silent", "mail_server_broke_off", "mail_server_unusable"})


def jmap_problem(name: Literal["notJSON", "notRequest", "unknownCapability"], detail: str) -> Problem:
    return Problem(400, JMAP_ERROR + name, detail)


def limit(name: str, detail: str) -> Problem:
    """A limit of the session object was exceeded."""
    return Problem(400, JMAP_ERROR + "limit", detail, more={"limit": name})


def too_large(name: str, at_most: int) -> Problem:
    """The body exceeds the limit of this name. `max` is an extension: a program can tell it without another request."""
    detail = f"the body is larger than {at_most} bytes"
    return Problem(400, JMAP_ERROR + "limit", detail, more={"limit": name, "max": at_most})


def concurrency_limit(found: Problem) -> Problem | None:
    """The problem for the client if `found` is the mail server's limit of concurrent requests, else None."""
    name = found.more.get("limit") if found.type == JMAP_ERROR + "limit" else None
    if name not in CONCURRENCY_LIMITS:
        return None
    return limit(str(name), "the mail server already serves as many of them as it allows this account; send it again")


def not_found() -> Problem:
    """The same response for what does not exist and for what is another person's: it must not reveal which accounts
    exist."""
    return plain_problem(404, "there is nothing here for this account")


def mailbox_not_ready() -> Problem:
    return problem("mailbox_not_ready", "the mailbox is being prepared; ask again in a moment")


def unreachable() -> Problem:
    """The request did not reach the mail server, so any request may be repeated."""
    detail = "the mail server cannot be reached; nothing was done, send the request again later"
    return problem("mail_server_away", detail)


def unusable() -> Problem:
    return problem("mail_server_unusable", "the mail server's response cannot be used; contact the operator")


def misconfigured() -> Problem:
    """For a 401 or 403 of the mail server, which are about our credentials. Passed on, they would look like the end of
    the person's session."""
    return problem(
        "mail_server_misconfigured",
        "the mail server does not let Postroom act for this mailbox (it may be suspended); contact the operator",
    )


def elsewhere() -> Problem:
    """For a login that opens another account: the mail server may remember whom the address belonged to, for an hour.
    Whatever it would answer is not this person's."""
    detail = "the mail server opens another account under the address of this mailbox; it is tried again by itself"
    return problem("mail_server_misconfigured", detail, status=503, headers=retry_after("60"))


def of_response(status: int, wait: str | None, body: bytes) -> Problem:
    """The problem for an error response of the mail server. `wait` is its Retry-After."""
    match status:
        case 400 | 413:
            return _passed_on(body)
        case 401 | 403:
            return misconfigured()
        case 429 if json_object(body).get("title") == _UPLOAD_QUOTA:
            detail = "too many or too large files were uploaded; the mail server accepts no more for a while"
            return problem("upload_quota", detail, headers=retry_after(wait))
        case 429:
            detail = "the mail server limits the rate of requests; send this one again after Retry-After"
            return problem("mail_server_busy", detail, status=429, headers=retry_after(wait))
        case 502 | 503 | 504:
            detail = "the mail server is overloaded or unavailable; send the request again later"
            return problem("mail_server_away", detail, headers=retry_after(wait))
        case _:
            return unusable()


def method_error(found: Problem) -> JsonObject | None:
    """The error of calls (RFC 8620 §3.6.2) that the mail server did not take, while it had carried out others of the
    same request: a problem would say that nothing was done. None if it may have carried them out, too."""
    if found.code in _MAY_BE_DONE:
        return None
    if found.status == 400 and found.type != JMAP_ERROR + "limit":
        return {"type": "invalidArguments", "description": f"the calls before were carried out; {found}"}
    description = "the mail server became unavailable within the request; the calls before were carried out"
    return {"type": "serverUnavailable", "description": description}


def _passed_on(body: bytes) -> Problem:
    """A JMAP problem of the mail server. Its `detail` may echo the client's own request, and is never logged."""
    stated = json_object(body)
    if stated.get("type") not in JMAP_ERRORS:
        return plain_problem(400, "the mail server refused the request as malformed")
    more = {name: stated[name] for name in ("title", "limit") if isinstance(stated.get(name), str)}
    detail = stated.get("detail")
    found = detail[:_LONGEST_DETAIL] if isinstance(detail, str) else "refused by the mail server"
    return Problem(400, stated["type"], found, more=more)
