"""Stalwart's own host name, `x:SystemSettings`: by default the name in its Authentication-Results (RFC 8601)."""

from pydantic import Field

from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import Call, StalwartClient
from postroom.stalwart.response_models import ResponseModel
from postroom.stalwart.settings_change import SINGLETON

READ_PERMISSIONS = frozenset({"sysSystemSettingsGet"})
"""The permissions that the key needs to read it."""

_DEADLINE = 5.0


class _SystemSettings(ResponseModel):
    host_name: str = Field(alias="defaultHostname")


class _Listed(ResponseModel):
    settings: list[_SystemSettings] = Field(alias="list", min_length=1)


async def host_name(client: StalwartClient, registry: StalwartRegistry) -> str:
    """Raises `MailServerError`s."""

    async def ask(left: float) -> str:
        get: Call = ("x:SystemSettings/get", {"ids": [SINGLETON]})
        (found, *_) = (await client.call([get], deadline=left)).read(0, _Listed).settings
        return found.host_name

    return await registry.within(_DEADLINE, ask)
