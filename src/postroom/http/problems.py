"""The problem responses (RFC 9457) of the webhooks, /api and /jmap, in one table. JMAP's own errors (RFC 8620 §3.6.1)
are in `gateway/problems.py`."""

import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from starlette.responses import Response

from postroom.devices.app_passwords import TooManyAppPasswords
from postroom.errors import (
    Conflict,
    CrossSite,
    DatabaseUnavailable,
    FreshLoginRequired,
    KratosUnavailable,
    ListServerFailed,
    MailboxMissing,
    MailServerError,
    Misconfigured,
    NoSession,
    Permanent,
    PostroomError,
    PublisherUnavailable,
    Refused,
    SecondFactorDue,
    Throttled,
    TooManyGuesses,
)
from postroom.mailboxes.preparation import MISSING_MESSAGE

MEDIA_TYPE = "application/problem+json"
CLOSE = {"Connection": "close"}
"""The rest of the body must not be taken for the next request."""
LONGEST_WAIT = 3600
"""The longest Retry-After that is passed on, in seconds."""

BEARER = 'Bearer realm="Postroom"'
BEARER_AND_BASIC = f'{BEARER}, Basic realm="Postroom", charset="UTF-8"'  # RFC 7617 §2.1

_SOON, _LATER = 5, 60
_NO_MAILBOX = ("mailbox_missing", "mailbox_not_ready")


class Kind(NamedTuple):
    """`retry_after`: default in seconds, unless a server stated one; None if waiting does not help."""

    status: int
    title: str
    retry_after: int | None = None


_REFUSED = Kind(422, "The request cannot be fulfilled")

PROBLEMS: Mapping[str, Kind] = {
    "unreadable_body": Kind(400, "The body cannot be read"),
    "no_session": Kind(401, "Not logged in"),
    "wrong_key": Kind(401, "The key is missing or wrong"),
    "wrong_signature": Kind(401, "The signature is missing or wrong"),
    "cross_site": Kind(403, "Another site sent this"),
    "fresh_login_required": Kind(403, "A fresh login is needed"),
    "metrics_closed": Kind(403, "Metrics are not open to this client"),
    "not_as_code": Kind(403, "A blob cannot be used as code"),
    "scope_missing": Kind(403, "The access token lacks a scope"),
    "session_aal2_required": Kind(403, "A second factor is required"),
    "session_required": Kind(403, "A login is required"),
    "no_web_hook": Kind(404, "The webhook is not configured"),
    "unknown": Kind(404, "Not found"),
    "too_slow": Kind(408, "The request took too long"),
    "conflict": Kind(409, "The address cannot be given"),
    "mail_server_conflict": Kind(409, "It already exists at the mail server"),
    "too_many": Kind(409, "There are too many already"),
    "too_many_devices": Kind(409, "Too many devices are connected"),
    "settings_changed": Kind(412, "The settings have changed"),
    "too_large": Kind(413, "The body is too large"),
    "not_json": Kind(415, "The body is not JSON"),
    "unknown_host": Kind(421, "Not a name of this service"),
    "domain_not_served": Kind(422, "Not a mail domain of ours"),
    "mail_server_refused": Kind(422, "The mail server refused it"),
    "malformed_address": _REFUSED,
    "nil_identity": _REFUSED,
    "no_address": _REFUSED,
    "not_one_click": Kind(422, "The message offers no unsubscribing by one request"),
    "rejected_by_mail_server": _REFUSED,
    "reserved_name": _REFUSED,
    "unsafe_local_part": _REFUSED,
    "unfit_settings": Kind(422, "The settings cannot be stored"),
    "wrong_name": Kind(422, "The name cannot be used"),
    "condition_required": Kind(428, "The request must say what it replaces"),
    "too_many_guesses": Kind(429, "Too many wrong passwords or codes"),
    "too_many_unsubscribes": Kind(429, "Too many messages are being unsubscribed from", _LATER),
    "upload_quota": Kind(429, "Too much was uploaded", _LATER),
    "internal_error": Kind(500, "An internal error"),
    "list_server_failed": Kind(502, "The list's server did not take the request"),
    "list_server_redirects": Kind(502, "The list's server names another address"),
    "login_server_unusable": Kind(502, "The login server's response cannot be used"),
    "mail_server_broke_off": Kind(502, "The mail server closed the connection"),
    "mail_server_misconfigured": Kind(502, "The mail server refuses Postroom"),
    "mail_server_unusable": Kind(502, "The mail server's response cannot be used"),
    "database_away": Kind(503, "The database is unavailable", _SOON),
    "kratos_away": Kind(503, "The login server is unavailable", _SOON),
    "mail_server_away": Kind(503, "The mail server is unavailable", _SOON),
    "mail_server_busy": Kind(503, "The mail server is busy", _SOON),
    "mailbox_missing": Kind(503, "The mailbox is missing", _LATER),
    "mailbox_not_ready": Kind(503, "There is no mailbox yet", _SOON),
    "not_stored": Kind(503, "The request was not stored"),
    "publisher_away": Kind(503, "Live events cannot be published", _SOON),
    "stopping": Kind(503, "The service is stopping", _SOON),
    "too_busy": Kind(503, "The service is busy"),
    "too_many_streams": Kind(503, "There are too many live streams", 30),
    "list_server_silent": Kind(504, "The list's server did not respond"),
    "mail_server_silent": Kind(504, "The mail server did not answer"),
}
"""By code, a short stable word for programs."""


class Problem(PostroomError):
    """Ends a request with a problem. `type` is its URI, `more` are extension members (RFC 9457 §3.2)."""

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

    @property
    def code(self) -> str:
        """The last part of `type`."""
        return self.type.rpartition(":")[2]

    @property
    def is_failure(self) -> bool:
        """Whether a server failed, ours or another. A missing mailbox is not counted: that is known already."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR and self.code not in _NO_MAILBOX

    def body(self) -> bytes:
        content = {"type": self.type, "status": self.status, "detail": str(self), **self.more}
        # ASCII: a `detail` of the mail server may hold characters that UTF-8 cannot encode.
        return json.dumps(content).encode()

    def response(self) -> Response:
        return Response(self.body(), self.status, self.headers, MEDIA_TYPE)


def problem(
    code: str,
    detail: str,
    *,
    status: int | None = None,
    more: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Problem:
    """One of `PROBLEMS`. `status` overrides that of the table."""
    kind = PROBLEMS[code]
    again = {"Retry-After": str(kind.retry_after)} if kind.retry_after else {}
    # `code` repeats the end of the URI that RFC 9457 requires. Callers of the webhook check `success` first.
    own = {"title": kind.title, "success": False, "code": code}
    return Problem(
        status or kind.status,
        f"urn:postroom:problem:{code}",
        detail,
        more=own | dict(more or {}),
        headers=again | dict(headers or {}),
    )


def plain_problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Problem:
    """A problem without a type: the status says everything (RFC 9457 §4.2.1)."""
    more = {"title": HTTPStatus(status).phrase, "success": False}
    return Problem(status, "about:blank", detail, more=more, headers=headers)


def retry_after(stated: str | float | None) -> dict[str, str]:
    """The Retry-After header with the value that a server stated, within limits; {} without one."""
    try:
        return {} if stated is None else {"Retry-After": str(max(1, min(LONGEST_WAIT, round(float(stated)))))}
    except (ValueError, OverflowError):
        return {}


def problem_of(error: PostroomError) -> Problem:
    """The problem for a person or program. Details that only help an operator stay in the log."""
    match error:
        case Problem():
            return error
        case Refused(code=code) | ListServerFailed(code=code):
            return problem(code, str(error))
        case NoSession():
            # RFC 9110 §15.5.2 requires the header; `Bearer` opens no dialog in a browser.
            ways = BEARER_AND_BASIC if error.offers_basic else BEARER
            return problem("no_session", str(error), headers={"WWW-Authenticate": ways})
        case SecondFactorDue(redirect_to=redirect_to):
            return problem("session_aal2_required", str(error), more=_redirect(redirect_to))
        case FreshLoginRequired(redirect_to=redirect_to):
            return problem("fresh_login_required", str(error), more=_redirect(redirect_to))
        case TooManyGuesses(retry_after=seconds):
            return problem("too_many_guesses", str(error), headers=retry_after(math.ceil(seconds)))
        case CrossSite():
            return problem("cross_site", str(error))
        case MailServerError():
            return _problem_of_mail_server(error)
        case _:
            return _problem_of_outage(error)


def _redirect(to: str | None) -> dict[str, str] | None:
    return {"redirect_browser_to": to} if to else None


def _problem_of_outage(error: PostroomError) -> Problem:
    match error:
        case KratosUnavailable():
            detail = "your login cannot be checked now; you are still logged in, try again in a moment"
            return problem("kratos_away", detail)
        case DatabaseUnavailable():
            return problem("database_away", "nothing was changed; try again in a moment")
        case PublisherUnavailable():
            return problem("publisher_away", "try again in a moment")
        case MailboxMissing():
            return problem("mailbox_missing", MISSING_MESSAGE)
        case _:
            return problem("internal_error", "an unexpected error; the log of Postroom has details")


def _problem_of_mail_server(error: MailServerError) -> Problem:
    match error:
        case TooManyAppPasswords():
            detail = "the mailbox has reached its limit of app passwords, and Postroom needs one, too: "
            return problem("too_many_devices", detail + "disconnect a device, then try again")
        case Throttled():
            headers = retry_after(error.retry_after)
            return problem("mail_server_busy", "the mail server is busy; try again after Retry-After", headers=headers)
        case Conflict():
            return problem("mail_server_conflict", str(error))
        case Permanent():
            return problem("mail_server_refused", str(error))
        case Misconfigured():
            detail = "an operator of this service has to act; the log of Postroom has details"
            return problem("mail_server_misconfigured", detail)
        case _:
            return problem("mail_server_away", "try again in a moment")


IN_OPENAPI: dict[str, Any] = {"content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}
