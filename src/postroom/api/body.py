"""Reads the body of a request, with limits on its size and time."""

import asyncio
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from postroom.http.problems import CLOSE, Problem, problem

BODY_WITHIN = 10.0
"""Seconds."""

MAX_BODY = 16 * 1024
"""Bytes of a JSON form; usual are a few hundred."""

ResponseModel = TypeVar("ResponseModel", bound=BaseModel)


async def read_at_most(request: Request, limit: int) -> bytes:
    """The body. Raises `Problem` for more than `limit` bytes, without reading further, and if it does not arrive in
    time."""
    stated = request.headers.get("content-length", "")
    if stated.isascii() and stated.isdigit() and int(stated[:12]) > limit:
        raise _too_large(limit)
    raw = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > limit:
                    raise _too_large(limit)
    except (TimeoutError, ClientDisconnect) as error:
        raise problem("too_slow", "the body did not arrive in time", headers=CLOSE) from error
    return bytes(raw)


async def read_body(request: Request, shape: type[ResponseModel]) -> ResponseModel:
    """Call this after authentication: FastAPI's own body parameters would read the body before.

    Raises `Problem`.
    """
    require_json(request)
    raw = await read_at_most(request, MAX_BODY)
    try:
        return shape.model_validate_json(raw)
    except ValidationError as error:
        raise problem("unreadable_body", first_mistake(error)) from None


def first_mistake(error: ValidationError) -> str:
    """The position of the first mistake and what is wrong, without the value."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the body"
    # ASCII: Pydantic quotes a character that it could not read, and PostgreSQL cannot store a NUL.
    return ascii(f"{where}: {first['msg']}")[1:-1]


def require_json(request: Request) -> None:
    """Raises `Problem` for another content type."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise problem("not_json", "send Content-Type: application/json")


def _too_large(limit: int) -> Problem:
    return problem("too_large", f"the body is larger than {limit} bytes", headers=CLOSE)
