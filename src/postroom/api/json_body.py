"""The JSON body of a request to /api: small, and of one shape."""

from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from postroom.api.raw_body import read_at_most, require_json
from postroom.problems import problem

MAX_BODY = 16 * 1024
"""Bytes; a form has a few hundred."""

Shape = TypeVar("Shape", bound=BaseModel)


async def read_body(request: Request, shape: type[Shape]) -> Shape:
    """Call it after the visitor is known: FastAPI's own body parameters would read whatever a stranger sends.

    Raises `Problem`.
    """
    require_json(request)
    raw = await read_at_most(request, MAX_BODY)
    try:
        return shape.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        # ASCII: Pydantic quotes the character that it could not read.
        raise problem("unreadable_body", ascii(f"{where}: {first['msg']}")[1:-1]) from None
