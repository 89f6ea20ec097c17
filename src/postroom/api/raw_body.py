"""The body of a request as it came: its sender decides nothing, neither how large it is nor whether it ends."""

import asyncio

from fastapi import Request
from starlette.requests import ClientDisconnect

from postroom.problems import CLOSE, Problem, problem

BODY_WITHIN = 10.0
"""Seconds."""


async def read_at_most(request: Request, limit: int) -> bytes:
    """Raises `Problem` for more than `limit` bytes, without reading further, and for one that does not come in time."""
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
        raise problem("too_slow", "the body did not come in time", headers=CLOSE) from error
    return bytes(raw)


def require_json(request: Request) -> None:
    """Raises `Problem` for another content type."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise problem("not_json", "send Content-Type: application/json")


def _too_large(limit: int) -> Problem:
    return problem("too_large", f"the body is larger than {limit} bytes", headers=CLOSE)
