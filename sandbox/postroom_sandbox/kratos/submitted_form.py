"""A submitted form: its fields in either encoding, and the token against forged forms."""

import hmac
import json
from typing import Any, cast
from urllib.parse import parse_qsl

from starlette.requests import Request

from postroom_sandbox.kratos import form_messages
from postroom_sandbox.kratos.caller import CSRF_COOKIE
from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.flow import csrf_token_of
from postroom_sandbox.kratos.form_result import RefusedForm


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_form(request: Request) -> Json:
    """The fields by the names of the form's nodes, with `traits` also as an object. Raises RefusedForm."""
    body = await request.body()
    if _content_type(request) == "application/x-www-form-urlencoded":
        fields: Json = dict(parse_qsl(body.decode("utf-8", "replace")))
        prefix = "traits."
        traits = {name.removeprefix(prefix): fields[name] for name in fields if name.startswith(prefix)}
        return {**fields, "traits": traits}
    if _content_type(request) != "application/json":
        given = request.headers.get("content-type", "")
        known = "[multipart/form-data application/x-www-form-urlencoded application/json]"
        reason = f'HTTP POST Request used unknown HTTP Header "Content-Type: {given}", only {known} are supported.'
        raise RefusedForm(form_messages.invalid(None, reason))
    try:
        value: Any = json.loads(body)
    except ValueError:
        raise RefusedForm(form_messages.invalid(None, "Unable to decode form as JSON.")) from None
    if not isinstance(value, dict):
        reason = "Expected JSON sent in request body to be an object but got: JSON"
        raise RefusedForm(form_messages.invalid(None, reason))
    value = cast(Json, value)
    return {**value, **{f"traits.{name}": trait for name, trait in traits_of(value).items()}}


def traits_of(values: Json) -> Json:
    traits: Any = values.get("traits")
    return cast(Json, traits) if isinstance(traits, dict) else {}


def require_same_browser(flow: Json, *given: str) -> None:
    """Raises KratosError unless each given value is the CSRF token of the flow. A page of another site can neither read
    the form nor set the cookie."""
    token = csrf_token_of(flow).encode()
    if not all(hmac.compare_digest(token, value.encode()) for value in given):
        raise KratosError(
            403,
            "Please retry the flow and optionally clear your cookies.",
            message="the request was rejected to protect you from Cross-Site-Request-Forgery",
            name="security_csrf_violation",
        )


def csrf_cookie_of(request: Request) -> str:
    return request.cookies.get(CSRF_COOKIE, "")
