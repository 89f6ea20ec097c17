"""The port `AppPasswords` on Stalwart's registry: `x:AppPassword`."""

import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

from pydantic import Field

from postroom.devices.app_passwords import AppPassword, NewAppPassword, TooManyAppPasswords
from postroom.errors import MailServerError, Misconfigured, Permanent, Throttled, Transient
from postroom.jmap.errors import sanitize
from postroom.mailboxes.ports import MailAccount, MailAuthorization
from postroom.stalwart.failed_logins import BLOCK_SECONDS
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import Call, StalwartClient
from postroom.stalwart.response_models import Changes, ResponseModel, SetError

DEADLINE = 5.0
"""Seconds for one call: a person waits for the result."""

WITHHELD = tuple(
    f"sys{verb}"
    for verb in (
        "AppPasswordCreate",
        "AppPasswordUpdate",
        "AppPasswordDestroy",
        "ApiKeyCreate",
        "ApiKeyUpdate",
        "ApiKeyDestroy",
        "AccountPasswordUpdate",
    )
)
"""Permissions of a person that their app passwords lack: otherwise the finder of a phone could make a key that outlives
the app password (seen on 0.16.19). This is not enough: an OAuth token obtained with the app password has all
permissions (`oauth_clients.py`), which only Stalwart's settings can prevent."""

_WITHOUT = {"@type": "Disable", "permissions": dict.fromkeys(WITHHELD, True)}
_SHOWN = ["id", "description", "createdAt", "expiresAt"]
_LIMIT = re.compile(r"quota of (\d+)")

Clients = Callable[[MailAccount], AbstractAsyncContextManager[StalwartClient]]
"""The client that manages the app passwords of an account."""


def by_key(
    client: StalwartClient,
    require: Callable[[MailAccount], Awaitable[None]],
    *,
    monotonic: Callable[[], float] = time.monotonic,
) -> Clients:
    """Clients with Postroom's own key, which needs `impersonate` and sysAppPassword{Get,Create,Destroy}.

    The key selects the account by its id alone, so `require` must raise unless the account is the person's: after a
    restore of the mail server an app password could open another person's mail. `monotonic` is a monotonic clock."""
    not_before = 0.0

    @asynccontextmanager
    async def shared(account: MailAccount) -> AsyncGenerator[StalwartClient]:
        nonlocal not_before
        if monotonic() < not_before:
            raise Misconfigured("mail server does not know our key; it is tried again later", unauthorized=True)
        try:
            await require(account)
            yield client
        except Misconfigured as error:
            if error.unauthorized:  # every further refusal counts towards a ban
                not_before = monotonic() + BLOCK_SECONDS
            raise

    return shared


def as_the_person(url: str, authorization: MailAuthorization) -> Clients:
    """Clients that act as the person, by a master account: Postroom's key needs no permission for it."""

    @asynccontextmanager
    async def opened(account: MailAccount) -> AsyncGenerator[StalwartClient]:
        header = await authorization.header(account)
        client = StalwartClient(url, header)
        try:
            yield client
        finally:
            await client.aclose()
            if client.refused:
                await authorization.refused(account, header)

    return opened


class _AppPassword(ResponseModel):
    id: str
    name: str = Field(alias="description")
    created_at: datetime = Field(alias="createdAt")
    expires_at: datetime | None = Field(None, alias="expiresAt")


class _Listed(ResponseModel):
    app_passwords: list[_AppPassword] = Field(alias="list")


class _Created(ResponseModel):
    id: str
    secret: str = Field(repr=False)


class _Made(ResponseModel):
    created: dict[str, _Created] | None = None
    not_created: dict[str, SetError] | None = Field(None, alias="notCreated")


class StalwartAppPasswords:
    """`registry` retries while the server is busy, and knows its generation."""

    def __init__(self, registry: StalwartRegistry, clients: Clients) -> None:
        self._registry = registry
        self._clients = clients

    async def of(self, account: MailAccount) -> Sequence[AppPassword]:
        async with self._clients(account) as client:
            return await self._registry.within(DEADLINE, lambda left: _list(client, account, left))

    async def make(self, account: MailAccount, name: str, expires_at: datetime | None = None) -> NewAppPassword:
        async with self._clients(account) as client:
            return await self._registry.within(DEADLINE, lambda left: _make(client, account, name, expires_at, left))

    async def revoke(self, account: MailAccount, app_password_id: str) -> bool:
        async with self._clients(account) as client:
            return await self._registry.within(DEADLINE, lambda left: _revoke(client, account, app_password_id, left))


async def _list(client: StalwartClient, account: MailAccount, left: float) -> list[AppPassword]:
    # Without ids it returns all of them; a query first would need one more permission.
    get: Call = ("x:AppPassword/get", {"accountId": account.account_id, "ids": None, "properties": _SHOWN})
    found = (await client.call([get], deadline=left)).read(0, _Listed).app_passwords
    return sorted(map(_shown, found), key=lambda each: each.created_at)


async def _make(
    client: StalwartClient, account: MailAccount, name: str, expires_at: datetime | None, left: float
) -> NewAppPassword:
    wanted = {"description": name, "permissions": _WITHOUT, "expiresAt": _utc_date(expires_at)}
    calls: list[Call] = [
        ("x:AppPassword/set", {"accountId": account.account_id, "create": {"c": wanted}}),
        ("x:AppPassword/get", {"accountId": account.account_id, "ids": ["#c"], "properties": _SHOWN}),
    ]
    responses = await client.call(calls, deadline=left)
    outcome = responses.read(0, _Made)
    if refused := (outcome.not_created or {}).get("c"):
        raise _refusal(refused)
    created = (outcome.created or {}).get("c")
    if created is None:
        raise Transient("mail server neither made nor refused the app password", outcome_unknown=True)
    shown = responses.read(1, _Listed).app_passwords
    if not shown:
        raise Transient("mail server made the app password but does not show it", outcome_unknown=True)
    return NewAppPassword(_shown(shown[0]), created.secret)


async def _revoke(client: StalwartClient, account: MailAccount, app_password_id: str, left: float) -> bool:
    destroy: Call = ("x:AppPassword/set", {"accountId": account.account_id, "destroy": [app_password_id]})
    outcome = (await client.call([destroy], deadline=left)).read(0, Changes)
    if app_password_id in (outcome.destroyed or ()):
        return True
    refused = (outcome.not_destroyed or {}).get(app_password_id)
    if refused is None:
        raise Transient("mail server neither revoked nor kept the app password", outcome_unknown=True)
    if refused.type == "notFound":
        return False
    raise _refusal(refused)


def _refusal(error: SetError) -> MailServerError:
    message = sanitize(error.description or error.type)
    match error.type:
        case "overQuota":
            limit = _LIMIT.search(error.description)
            return TooManyAppPasswords(int(limit[1]) if limit else None)
        case "invalidProperties" | "invalidPatch" | "validationFailed":
            return Permanent(f"mail server refused the app password: {message}")
        case "rateLimit":
            return Throttled("mail server answered rateLimit")
        case _:
            return Misconfigured(f"mail server refused an app password ({sanitize(error.type)}): {message}")


def _shown(each: _AppPassword) -> AppPassword:
    return AppPassword(each.id, each.name, each.created_at, each.expires_at)


def _utc_date(moment: datetime | None) -> str | None:
    """RFC 8620 §1.4."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
