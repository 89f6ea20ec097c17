"""A submitted form: its fields, whatever it was encoded in, and the token against forged ones."""

import hmac
import json
from typing import Any, cast
from urllib.parse import parse_qsl

from starlette.requests import Request

from postroom_sandbox.kratos import message
from postroom_sandbox.kratos.error import Json, KratosError
from postroom_sandbox.kratos.flow import csrf_token_of
from postroom_sandbox.kratos.message import Problem

CSRF_COOKIE = "csrf_token_of_the_stand_in"


class RefusedForm(Exception):
    """The person is to correct the form."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__([problem.message["text"] for problem in problems])
        self.problems = problems


def wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def is_form(request: Request) -> bool:
    """Whether a browser posted it without a script: it is answered with pages, not with JSON."""
    return _content_type(request) == "application/x-www-form-urlencoded"


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_form(request: Request) -> Json:
    """The fields by the names of the form's nodes, and `traits` also as an object. Raises RefusedForm."""
    body = await request.body()
    if is_form(request):
        fields: Json = dict(parse_qsl(body.decode("utf-8", "replace")))
        prefix = "traits."
        traits = {name.removeprefix(prefix): fields[name] for name in fields if name.startswith(prefix)}
        return {**fields, "traits": traits}
    if _content_type(request) != "application/json":
        given = request.headers.get("content-type", "")
        known = "[multipart/form-data application/x-www-form-urlencoded application/json]"
        reason = f'HTTP POST Request used unknown HTTP Header "Content-Type: {given}", only {known} are supported.'
        raise RefusedForm(message.invalid(None, reason))
    try:
        value: Any = json.loads(body)
    except ValueError:
        raise RefusedForm(message.invalid(None, "Unable to decode form as JSON.")) from None
    if not isinstance(value, dict):
        reason = "Expected JSON sent in request body to be an object but got: JSON"
        raise RefusedForm(message.invalid(None, reason))
    value = cast(Json, value)
    return {**value, **{f"traits.{name}": trait for name, trait in traits_of(value).items()}}


def traits_of(values: Json) -> Json:
    traits: Any = values.get("traits")
    return cast(Json, traits) if isinstance(traits, dict) else {}


def check_csrf(flow: Json, values: Json, request: Request) -> None:
    """Raises KratosError unless form and cookie hold the flow's token: a page of another site can neither read
    the one nor set the other."""
    token = csrf_token_of(flow).encode()
    given = (str(values.get("csrf_token", "")), request.cookies.get(CSRF_COOKIE, ""))
    if not all(hmac.compare_digest(token, value.encode()) for value in given):
        raise KratosError(
            403,
            "Please retry the flow and optionally clear your cookies.",
            message="the request was rejected to protect you from Cross-Site-Request-Forgery",
            name="security_csrf_violation",
        )
