"""The body of a request as it came: its sender decides nothing, neither how large it is nor whether it ends."""

import asyncio

from fastapi import Request
from starlette.requests import ClientDisconnect

BODY_WITHIN = 10.0
"""Seconds."""


class TooSlow(Exception):
    """The body did not come in time, or its sender left. What may still come of it is not to be taken for the next
    request: close the connection."""


async def read_at_most(request: Request, limit: int) -> bytes | None:
    """None for more than `limit` bytes, without reading further. Raises `TooSlow`."""
    stated = request.headers.get("content-length", "")
    if stated.isascii() and stated.isdigit() and int(stated[:12]) > limit:
        return None
    raw = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > limit:
                    return None
    except (TimeoutError, ClientDisconnect) as error:
        raise TooSlow("the body did not come in time") from error
    return bytes(raw)
