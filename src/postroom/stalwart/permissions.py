"""The permissions of a client's credentials at Stalwart."""

from importlib.resources import files
from typing import cast

from postroom.errors import Misconfigured
from postroom.stalwart.registry_client import StalwartClient
from postroom.stalwart.version import NEEDED

PROVISIONING = frozenset(
    {
        "authenticate",
        "sysAccountCreate",
        "sysAccountGet",
        "sysAccountQuery",
        "sysAccountUpdate",
        "sysDomainGet",
        "sysDomainQuery",
    }
)
"""What a provisioning key must hold itself."""

ROLE_USER = frozenset(files("postroom.stalwart").joinpath("role_user.txt").read_text("utf-8").split())
"""The permissions of the role "User" of 0.16.19. A key that makes accounts needs all of their role's permissions."""

UNREPORTED = frozenset(
    f"jmapPrincipal{verb}" for verb in ("Changes", "Get", "GetAvailability", "Query", "QueryChanges")
)
"""Permissions that Stalwart does not list."""


async def permissions(client: StalwartClient, *, deadline: float) -> frozenset[str]:
    """From `GET /api/account`, so without `UNREPORTED`. Raises `MailServerError`s, `Busy` and `WrongGeneration`."""
    listed = (await client.get("/api/account", deadline=deadline)).get("permissions")
    if not isinstance(listed, list):
        raise Misconfigured(f"mail server lists no permissions at /api/account: Postroom needs {NEEDED}")
    return frozenset(map(str, cast("list[object]", listed)))
