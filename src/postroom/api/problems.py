"""Errors as RFC 9457 problems: what was wrong, and what to do."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse

TITLES = {
    400: "The body cannot be read",
    401: "The key is missing or wrong",
    403: "Not from here",
    404: "There is nothing here",
    405: "Not with this method",
    408: "The request took too long",
    409: "The address cannot be given",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "The request cannot be fulfilled",
    500: "An error of ours",
    503: "The request was not stored",
}
"""By status, unless the code has a title of its own."""

TITLES_OF_CODES = {
    "stopping": "The service is stopping",
    "no_session": "Nobody is logged in",
    "session_aal2_required": "A second factor is due",
    "cross_site": "Another site sent this",
    "session_required": "Not with an access token",
    "scope_missing": "The access token may not do this",
    "too_busy": "The service is busy",
    "unknown": "There is no such thing",
    "too_many": "There are too many already",
    "no_mailbox": "There is no mailbox yet",
    "wrong_name": "The name cannot be used",
    "domain_not_served": "Not a mail domain of ours",
    "kratos_away": "The login server does not answer",
    "database_away": "The database does not answer",
    "announcer_away": "Screens cannot be told",
    "mail_server_away": "The mail server does not answer",
    "mail_server_busy": "The mail server is busy",
    "mail_server_misconfigured": "The mail server refuses us",
    "mail_server_conflict": "The mail server has it already",
    "mail_server_refused": "The mail server refused it",
}


def problem(
    status: int,
    detail: str,
    *,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
    beside: Mapping[str, object] | None = None,
) -> JSONResponse:
    """An answer of `application/problem+json`. `code` is a short stable word for programs, which stands alone, too,
    beside the URI that RFC 9457 wants; `beside` holds further members (RFC 9457 §3.2)."""
    content = problem_details(status, detail, code) | dict(beside or {})
    return JSONResponse(content, status_code=status, headers=dict(headers or {}), media_type="application/problem+json")


def problem_details(status: int, detail: str, code: str | None) -> dict[str, object]:
    """The members of a problem."""
    content: dict[str, object] = {
        "type": "about:blank" if code is None else f"urn:postroom:problem:{code}",
        "title": TITLES_OF_CODES.get(code or "", TITLES.get(status, "Error")),
        "status": status,
        "detail": detail,
        # The webhook's callers look at `success` first, whatever the answer.
        "success": False,
    }
    if code is not None:
        content["code"] = code
    return content


_PROBLEM: dict[str, Any] = {"content": {"application/problem+json": {"schema": {"type": "object"}}}}

PROBLEMS_OF_VISITORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "Nobody is logged in, or the access token is not valid", **_PROBLEM},
    403: {"description": "A second factor is due, another site sent this, or it is not for access tokens", **_PROBLEM},
    "4XX": {"description": "Refused; `detail` says why", **_PROBLEM},
    503: {"description": "A server that we need is away; Retry-After says when to try again", **_PROBLEM},
}
"""For OpenAPI: what every route of /api may answer."""
