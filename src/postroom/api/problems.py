"""Errors as RFC 9457 problems: what was wrong, and what to do."""

from collections.abc import Mapping

from fastapi.responses import JSONResponse

TITLES = {
    400: "The body cannot be read",
    401: "The key is missing or wrong",
    403: "Not from here",
    404: "There is nothing here",
    405: "Not with this method",
    409: "The address cannot be given",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "The request cannot be fulfilled",
    503: "The request was not stored",
}


def problem(
    status: int, detail: str, *, code: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An answer of `application/problem+json`. `code` is a short stable word for programs."""
    content: dict[str, object] = {
        "type": "about:blank" if code is None else f"urn:postroom:problem:{code}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        # The webhook's callers look at `success` first, whatever the answer.
        "success": False,
    }
    return JSONResponse(content, status_code=status, headers=dict(headers or {}), media_type="application/problem+json")
