"""The JSON body of a request to /api: small, and of one shape."""

from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from postroom.api.raw_body import TooSlow, read_at_most
from postroom.errors import Refused

MAX_BODY = 16 * 1024
"""Bytes; a form has a few hundred."""

Shape = TypeVar("Shape", bound=BaseModel)


async def read_body(request: Request, shape: type[Shape]) -> Shape:
    """Call it after the visitor is known: FastAPI's own body parameters would read whatever a stranger sends.

    Raises `Refused` (`not_json`, `too_slow`, `too_large`, `unreadable_body`).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused("not_json", "send Content-Type: application/json")
    try:
        raw = await read_at_most(request, MAX_BODY)
    except TooSlow as error:
        raise Refused("too_slow", str(error)) from None
    if raw is None:
        raise Refused("too_large", f"the body is larger than {MAX_BODY} bytes")
    try:
        return shape.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        # ASCII: Pydantic quotes the character that it could not read.
        raise Refused("unreadable_body", ascii(f"{where}: {first['msg']}")[1:-1]) from None
