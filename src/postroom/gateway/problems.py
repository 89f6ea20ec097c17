"""Errors of whole requests, as RFC 8620 §3.6.1 has them: problem details (RFC 7807)."""

import json
from collections.abc import Mapping
from typing import Any, cast

from postroom.errors import (
    CrossSite,
    MailboxMissing,
    MailServerError,
    Misconfigured,
    NoSession,
    Permanent,
    PostroomError,
    SecondFactorDue,
    Throttled,
)
from postroom.mail.app_passwords import TooManyAppPasswords
from postroom.mail.preparation import WORDS_OF_MISSING

JMAP_ERROR = "urn:ietf:params:jmap:error:"
JMAP_ERRORS = frozenset(JMAP_ERROR + name for name in ("unknownCapability", "notJSON", "notRequest", "limit"))
OWN = "urn:postroom:problem:"
RETRY_AFTER = 5
LOOKED_AT_AGAIN = 60
LONGEST_WAIT = 3600
_LONGEST_DETAIL = 1000


class Problem(PostroomError):
    """Ends a request. `type` is the problem's URI; `more` are further members of its object."""

    def __init__(
        self,
        status: int,
        problem_type: str,
        detail: str,
        *,
        more: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.type = problem_type
        self.more = dict(more or {})
        self.headers = dict(headers or {})

    def body(self) -> bytes:
        content = {"type": self.type, "status": self.status, "detail": str(self), **self.more}
        # ASCII: a `detail` of the mail server may hold what UTF-8 cannot.
        return json.dumps(content).encode()


def not_json(detail: str) -> Problem:
    return Problem(400, JMAP_ERROR + "notJSON", detail)


def not_request(detail: str) -> Problem:
    return Problem(400, JMAP_ERROR + "notRequest", detail)


def unknown_capability(detail: str) -> Problem:
    return Problem(400, JMAP_ERROR + "unknownCapability", detail)


def limit(name: str, detail: str) -> Problem:
    """A limit of the session object was passed."""
    return Problem(400, JMAP_ERROR + "limit", detail, more={"limit": name})


def not_found() -> Problem:
    """One answer for what is not there and for what is another person's: nobody learns which accounts exist."""
    return Problem(404, "about:blank", "there is nothing here for this account")


def malformed(detail: str) -> Problem:
    return Problem(400, "about:blank", detail)


def not_allowed(scope: str) -> Problem:
    return Problem(403, OWN + "scope", f"the access token lacks the scope `{scope}`")


def not_as_code() -> Problem:
    return Problem(
        403, OWN + "not_as_code", "a blob is saved or shown; no script, style, worker or plugin is made of it"
    )


def too_slow() -> Problem:
    return Problem(408, OWN + "slow_body", "the body did not arrive in time; send it again")


MAILBOX_NOT_READY = OWN + "mailbox_not_ready"


def mailbox_not_ready() -> Problem:
    return Problem(
        503,
        MAILBOX_NOT_READY,
        "the mailbox is being prepared; ask again in a moment",
        headers={"Retry-After": str(RETRY_AFTER)},
    )


MAILBOX_MISSING = OWN + "mailbox_missing"


def mailbox_missing() -> Problem:
    """Not to be told of as being prepared: it does not come by waiting a moment."""
    return Problem(503, MAILBOX_MISSING, WORDS_OF_MISSING, headers={"Retry-After": str(LOOKED_AT_AGAIN)})


MAIL_SERVER_AWAY = OWN + "mail_server_away"


def away() -> Problem:
    """The request did not reach the mail server: it may be repeated, whatever it was."""
    return Problem(
        503,
        MAIL_SERVER_AWAY,
        "the mail server cannot be reached; nothing was done, send the request again later",
        headers={"Retry-After": str(RETRY_AFTER)},
    )


def silent() -> Problem:
    return Problem(
        504, OWN + "mail_server_silent", "the mail server did not answer in time; what was asked may have been done"
    )


def broke_off() -> Problem:
    return Problem(502, OWN + "mail_server_broke_off", "the mail server broke off; what was asked may have been done")


def unusable() -> Problem:
    return Problem(502, OWN + "mail_server_unusable", "the mail server's answer cannot be used; tell the operator")


MAIL_SERVER_REFUSES = OWN + "mail_server_refuses"


def refuses_us() -> Problem:
    """401 or 403 of the mail server are about our credentials: passed on, they would look like the end of a session."""
    return Problem(
        502,
        MAIL_SERVER_REFUSES,
        "the mail server does not let Postroom act for this mailbox (it may be suspended); tell the operator",
    )


def of_answer(status: int, retry_after: str | None, body: bytes) -> Problem:
    """What an answer of the mail server that is no success means for the client."""
    if status in (401, 403):
        return refuses_us()
    if status == 429 or status in (502, 503, 504):
        return Problem(
            429 if status == 429 else 503,
            OWN + "too_many_requests" if status == 429 else MAIL_SERVER_AWAY,
            "the mail server has too much to do; send the request again later",
            headers={"Retry-After": str(_seconds(retry_after))},
        )
    return _passed_on(body) if status in (400, 413) else unusable()


def of_error(error: PostroomError) -> Problem:
    """What an error of a port means for the client."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, NoSession):
        return Problem(
            401,
            OWN + "no_session",
            str(error),
            headers={"WWW-Authenticate": 'Bearer realm="Postroom", charset="UTF-8"'},
        )
    if isinstance(error, SecondFactorDue):
        more = {"redirect_browser_to": error.redirect_to} if error.redirect_to else {}
        return Problem(403, OWN + "session_aal2_required", str(error), more=more)
    if isinstance(error, MailboxMissing):
        return mailbox_missing()
    if isinstance(error, CrossSite):
        return Problem(403, OWN + "cross_site", str(error))
    if isinstance(error, TooManyAppPasswords):
        return Problem(
            409,
            OWN + "too_many_devices",
            "the mailbox has as many mail programs connected as it may, and Postroom needs a place, too: "
            "disconnect a device, then try again",
        )
    if isinstance(error, Misconfigured | Permanent):
        return refuses_us()
    if isinstance(error, MailServerError):
        wait = error.retry_after if isinstance(error, Throttled) else None
        problem = away()
        problem.headers["Retry-After"] = str(_seconds(wait))
        return problem
    return Problem(
        503,
        OWN + "unavailable",
        "who you are cannot be looked up at the moment; nothing was done, send the request again later",
        headers={"Retry-After": str(RETRY_AFTER)},
    )


def _passed_on(body: bytes) -> Problem:
    """A JMAP problem as the server stated it. Its `detail` may echo the request, which this client made itself;
    it is never logged."""
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    stated = cast(dict[str, Any], found) if isinstance(found, dict) else {}
    if stated.get("type") not in JMAP_ERRORS:
        return malformed("the mail server refused the request as malformed")
    more = {name: stated[name] for name in ("title", "limit") if isinstance(stated.get(name), str)}
    detail = stated.get("detail")
    told = detail[:_LONGEST_DETAIL] if isinstance(detail, str) else "refused by the mail server"
    return Problem(400, stated["type"], told, more=more)


def _seconds(stated: str | float | None) -> int:
    try:
        return max(1, min(LONGEST_WAIT, int(float(stated or RETRY_AFTER))))
    except (ValueError, OverflowError):
        return RETRY_AFTER
