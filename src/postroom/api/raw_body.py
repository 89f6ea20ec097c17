"""The body of a request as it came: its sender decides nothing, neither how large it is nor whether it ends."""

from fastapi import Request


async def read_at_most(request: Request, limit: int) -> bytes | None:
    """None for more than `limit` bytes, without reading further. Raises `ClientDisconnect`; how long it may take is
    the caller's to say."""
    stated = request.headers.get("content-length", "")
    if stated.isascii() and stated.isdigit() and int(stated[:12]) > limit:
        return None
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > limit:
            return None
    return bytes(raw)
