"""Whom Stalwart gives OAuth tokens to: `x:OidcProvider`.

Whoever has an app password may exchange it for tokens (`/api/auth`, `/auth/token`). They may do all that the person
may, outlive the app password, and can be refreshed without end (tried on 0.16.19; no permission of the app password's
forbids it).
"""

from pydantic import Field

from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import Call, StalwartClient
from postroom.stalwart.response_models import ResponseModel

READ_PERMISSIONS = frozenset({"sysOidcProviderGet"})
"""What the key needs to look. The secrets that stand there are masked by the server."""

_DEADLINE = 5.0


class _OidcProvider(ResponseModel):
    require: bool = Field(False, alias="requireClientRegistration")
    anonymous: bool = Field(True, alias="anonymousClientRegistration")


class _Listed(ResponseModel):
    providers: list[_OidcProvider] = Field(alias="list", min_length=1)


async def registered_alone(client: StalwartClient, registry: StalwartRegistry) -> bool:
    """Whether an OAuth client has to be registered, by somebody who may. Raises `MailServerError`s."""

    async def ask(left: float) -> bool:
        get: Call = ("x:OidcProvider/get", {"ids": ["singleton"]})
        (provider, *_) = (await client.call([get], deadline=left)).read(0, _Listed).providers
        return provider.require and not provider.anonymous

    return await registry.within(_DEADLINE, ask)
