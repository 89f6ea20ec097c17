"""The OAuth clients to which Stalwart gives tokens: `x:OidcProvider`.

An app password can be exchanged for OAuth tokens (`/api/auth`, `/auth/token`). These have all permissions of the
person, outlive the app password, and can be refreshed without end. No permission of the app password prevents it (seen
on 0.16.19).
"""

from pydantic import Field

from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import Call, StalwartClient
from postroom.stalwart.response_models import ResponseModel
from postroom.stalwart.settings_change import SINGLETON, change

READ_PERMISSIONS = frozenset({"sysOidcProviderGet"})
"""The permissions that the key needs to read it. The server masks the secrets in it."""

_DEADLINE = 5.0


class _OidcProvider(ResponseModel):
    require: bool = Field(False, alias="requireClientRegistration")
    anonymous: bool = Field(True, alias="anonymousClientRegistration")


class _Listed(ResponseModel):
    providers: list[_OidcProvider] = Field(alias="list", min_length=1)


async def requires_registration(client: StalwartClient, registry: StalwartRegistry) -> bool:
    """Whether an OAuth client must be registered by an authorised account. Raises `MailServerError`s."""

    async def ask(left: float) -> bool:
        get: Call = ("x:OidcProvider/get", {"ids": [SINGLETON]})
        (provider, *_) = (await client.call([get], deadline=left)).read(0, _Listed).providers
        return provider.require and not provider.anonymous

    return await registry.within(_DEADLINE, ask)


async def require_registration(client: StalwartClient, registry: StalwartRegistry) -> None:
    """Let Stalwart issue tokens to registered clients only. Raises `MailServerError`s."""
    wanted = {"requireClientRegistration": True, "anonymousClientRegistration": False}
    update = {"update": {SINGLETON: wanted}}
    await registry.within(
        _DEADLINE,
        lambda left: change(client, "OidcProvider", update, "that OAuth clients be registered", deadline=left),
    )
