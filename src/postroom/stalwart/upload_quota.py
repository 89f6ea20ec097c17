"""How much a person may upload: `x:Jmap`.

By default Stalwart takes 1,000 files or 50 MB from an account within an hour, less than two large attachments, and
refuses the next one for up to an hour (0.16.19).
"""

from pydantic import Field

from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import Call, StalwartClient
from postroom.stalwart.response_models import ResponseModel
from postroom.stalwart.settings_change import PERMISSIONS as TO_RELOAD
from postroom.stalwart.settings_change import SINGLETON, change

FILES = 10_000
BYTES = 1_000_000_000
"""What we ask for: twenty of the largest attachments that Stalwart takes."""

READ_PERMISSIONS = frozenset({"sysJmapGet"})
"""What the key needs to look. The secret that stands there is masked by the server."""

PERMISSIONS = READ_PERMISSIONS | TO_RELOAD | {"sysJmapUpdate"}
"""What it needs to raise it."""

_DEADLINE = 5.0


class UploadQuota(ResponseModel):
    """Of an account, within `milliseconds`."""

    files: int = Field(alias="maxUploadCount")
    size: int = Field(alias="uploadQuota")
    milliseconds: int = Field(alias="uploadTtl")

    @property
    def is_enough(self) -> bool:
        return self.files >= FILES and self.size >= BYTES


class _Listed(ResponseModel):
    quotas: list[UploadQuota] = Field(alias="list", min_length=1)


async def upload_quota(client: StalwartClient, registry: StalwartRegistry) -> UploadQuota:
    """Raises `MailServerError`s."""

    async def ask(left: float) -> UploadQuota:
        get: Call = ("x:Jmap/get", {"ids": [SINGLETON]})
        (quota, *_) = (await client.call([get], deadline=left)).read(0, _Listed).quotas
        return quota

    return await registry.within(_DEADLINE, ask)


async def raise_upload_quota(client: StalwartClient, registry: StalwartRegistry, before: UploadQuota) -> None:
    """To what we ask for; what is more already stays. Raises `MailServerError`s."""
    wanted = {"maxUploadCount": max(FILES, before.files), "uploadQuota": max(BYTES, before.size)}
    update = {"update": {SINGLETON: wanted}}
    await registry.within(_DEADLINE, lambda left: change(client, "Jmap", update, "the upload quota", deadline=left))
