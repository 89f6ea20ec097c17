"""Errors of whole requests to /jmap: JMAP's own (RFC 8620 §3.6.1), and what the mail server's answers mean."""

from typing import Literal

from postroom.jmap.errors import CONCURRENCY_LIMITS
from postroom.json_object import json_object
from postroom.problems import Problem, plain_problem, problem, retry_after

JMAP_ERROR = "urn:ietf:params:jmap:error:"
JMAP_ERRORS = frozenset(JMAP_ERROR + name for name in ("unknownCapability", "notJSON", "notRequest", "limit"))
_LONGEST_DETAIL = 1000
_UPLOAD_QUOTA = "Quota exceeded"
"""How Stalwart entitles a 429 that is about what was uploaded within the hour (0.16.19)."""


def jmap_problem(name: Literal["notJSON", "notRequest", "unknownCapability"], detail: str) -> Problem:
    return Problem(400, JMAP_ERROR + name, detail)


def limit(name: str, detail: str) -> Problem:
    """A limit of the session object was passed."""
    return Problem(400, JMAP_ERROR + "limit", detail, more={"limit": name})


def crowded(told: Problem) -> Problem | None:
    """What a client is told whose turn at the mail server did not come; None if that is not what it was told."""
    name = told.more.get("limit") if told.type == JMAP_ERROR + "limit" else None
    if name not in CONCURRENCY_LIMITS:
        return None
    return limit(str(name), "the mail server serves as many of them for this account as it may; send it again")


def not_found() -> Problem:
    """One answer for what is not there and for what is another person's: nobody learns which accounts exist."""
    return plain_problem(404, "there is nothing here for this account")


def mailbox_not_ready() -> Problem:
    return problem("mailbox_not_ready", "the mailbox is being prepared; ask again in a moment")


def away() -> Problem:
    """The request did not reach the mail server: it may be repeated, whatever it was."""
    detail = "the mail server cannot be reached; nothing was done, send the request again later"
    return problem("mail_server_away", detail)


def unusable() -> Problem:
    return problem("mail_server_unusable", "the mail server's answer cannot be used; tell the operator")


def refuses_us() -> Problem:
    """401 or 403 of the mail server are about our credentials: passed on, they would look like the end of a session."""
    return problem(
        "mail_server_misconfigured",
        "the mail server does not let Postroom act for this mailbox (it may be suspended); tell the operator",
    )


def of_answer(status: int, wait: str | None, body: bytes) -> Problem:
    """What an answer of the mail server that is no success means for the client. `wait` is its Retry-After."""
    match status:
        case 400 | 413:
            return _passed_on(body)
        case 401 | 403:
            return refuses_us()
        case 429 if json_object(body).get("title") == _UPLOAD_QUOTA:
            detail = "so many files were uploaded, or such large ones, that the mail server takes no more for a while"
            return problem("upload_quota", detail, headers=retry_after(wait))
        case 429:
            detail = "the mail server asks for a pause; send the request again then"
            return problem("mail_server_busy", detail, status=429, headers=retry_after(wait))
        case 502 | 503 | 504:
            detail = "the mail server has too much to do; send the request again later"
            return problem("mail_server_away", detail, headers=retry_after(wait))
        case _:
            return unusable()


def _passed_on(body: bytes) -> Problem:
    """A JMAP problem as the server stated it. Its `detail` may echo the request, which this client made itself;
    it is never logged."""
    stated = json_object(body)
    if stated.get("type") not in JMAP_ERRORS:
        return plain_problem(400, "the mail server refused the request as malformed")
    more = {name: stated[name] for name in ("title", "limit") if isinstance(stated.get(name), str)}
    detail = stated.get("detail")
    told = detail[:_LONGEST_DETAIL] if isinstance(detail, str) else "refused by the mail server"
    return Problem(400, stated["type"], told, more=more)
