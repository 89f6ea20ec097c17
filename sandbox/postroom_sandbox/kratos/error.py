"""Error responses in the format of Kratos."""

from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

Json = dict[str, Any]

_MESSAGES = {
    400: "The request was malformed or contained invalid parameters",
    401: "The request could not be authorized",
    403: "The requested action was forbidden",
    404: "Unable to locate the resource",
    409: "The resource could not be created due to a conflict",
}


class KratosError(Exception):
    """Ends a request with an error. `reason` says what was wrong, `message` what kind of error it is. `name` is the
    `id` that programs check. `extra` holds members beside the error in the response. A browser that does not ask for
    JSON is redirected to `redirect_to` instead."""

    def __init__(
        self,
        status: int,
        reason: str | None = None,
        *,
        message: str | None = None,
        name: str | None = None,
        details: Json | None = None,
        extra: Json | None = None,
        redirect_to: str | None = None,
    ) -> None:
        super().__init__(reason or message)
        phrase = HTTPStatus(status).phrase
        error: Json = {"code": status, "status": phrase, "id": name, "reason": reason, "details": details}
        error = {key: value for key, value in error.items() if value is not None}
        error["message"] = message or _MESSAGES.get(status, HTTPStatus(status).phrase)
        self.status = status
        self.redirect_to = redirect_to
        self.body: Json = {"error": error, **(extra or {})}


def wants_json(request: Request) -> bool:
    """Whether a script sent the request. It gets JSON instead of a redirect to a page."""
    kinds = (request.headers.get("accept", ""), request.headers.get("content-type", ""))
    return any("application/json" in kind for kind in kinds)


def error_response(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):  # raised by the router: unknown path or wrong method
        error = KratosError(error.status_code)
    assert isinstance(error, KratosError)
    if error.redirect_to and not wants_json(request):
        return RedirectResponse(error.redirect_to, 303)
    return JSONResponse(error.body, error.status)


EXCEPTION_HANDLERS = dict.fromkeys((KratosError, HTTPException), error_response)
