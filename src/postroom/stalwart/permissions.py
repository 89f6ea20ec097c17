"""What the holder of a client's credentials may do at Stalwart."""

from importlib.resources import files
from typing import cast

from postroom.errors import Misconfigured
from postroom.stalwart.registry_client import StalwartClient

ROLE_USER = frozenset(files("postroom.stalwart").joinpath("role_user.txt").read_text("utf-8").split())
"""The permissions of the role "User" of 0.16.19. Whoever makes an account must hold what its role grants."""

UNREPORTED = frozenset(
    f"jmapPrincipal{verb}" for verb in ("Changes", "Get", "GetAvailability", "Query", "QueryChanges")
)
"""Of these, Stalwart does not tell who holds them."""


async def permissions(client: StalwartClient, *, deadline: float) -> frozenset[str]:
    """By `GET /api/account`, so without `UNREPORTED`. Raises `MailServerError`s, `Busy` and `WrongGeneration`."""
    listed = (await client.get("/api/account", deadline=deadline)).get("permissions")
    if not isinstance(listed, list):
        raise Misconfigured("mail server does not tell permissions at /api/account: is this Stalwart 0.16 or 1.x?")
    return frozenset(map(str, cast("list[object]", listed)))
