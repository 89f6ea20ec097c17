"""What the holder of a client's credentials may do at Stalwart."""

from typing import cast

from postroom.errors import Misconfigured
from postroom.stalwart.client import StalwartClient


async def permissions(client: StalwartClient, *, deadline: float) -> frozenset[str]:
    """By `GET /api/account`. Raises `MailServerError`s, `Busy` and `WrongGeneration`."""
    listed = (await client.get("/api/account", deadline=deadline)).get("permissions")
    if not isinstance(listed, list):
        raise Misconfigured("mail server does not tell permissions at /api/account: is this Stalwart 0.16 or 1.x?")
    return frozenset(map(str, cast("list[object]", listed)))
