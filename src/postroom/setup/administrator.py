"""The administrator of Stalwart as whom `postroom setup stalwart` logs in, and the permissions that this needs."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from postroom.errors import ConfigurationError, Misconfigured
from postroom.stalwart.impersonation import basic
from postroom.stalwart.permissions import permissions
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient

DEADLINE = 5.0

NEEDED = frozenset(
    {
        "impersonate",  # to make a key of another account
        "sysAccountCreate",
        "sysAccountGet",
        "sysAccountQuery",
        "sysAccountUpdate",
        "sysAuthenticationGet",
        "sysDomainQuery",
        "sysRoleCreate",
        "sysRoleGet",
        "sysRoleUpdate",
    }
)
"""The permissions that the administrator needs, besides those that are granted to others; the server reports which of
the latter are missing."""


@dataclass(frozen=True, slots=True)
class Administrator:
    """`dry_run`: change nothing."""

    client: StalwartClient
    registry: StalwartRegistry
    dry_run: bool = False


@asynccontextmanager
async def administrator(url: str, login: str, password: str, *, dry_run: bool) -> AsyncGenerator[Administrator]:
    """Log in. Raises `ConfigurationError` if the login is wrong or not an administrator's, and `MailServerError`s."""
    client = StalwartClient(url, basic(login, password))
    registry = StalwartRegistry(client, mark_domain="")
    try:
        try:
            held = await registry.within(DEADLINE, lambda left: permissions(client, deadline=left))
        except Misconfigured as error:
            if not error.unauthorized:
                raise
            raise ConfigurationError(
                f"Stalwart refuses the login {login} or its password; they were sent once, because it bans an address "
                "after 100 failed logins a day"
            ) from error
        if lacking := sorted(NEEDED - held):
            raise ConfigurationError(
                f"{login} is not an administrator of Stalwart: the account lacks {', '.join(lacking)}"
            )
        yield Administrator(client, registry, dry_run)
    finally:
        await client.aclose()
